import { styleText } from 'node:util';

const out = process.stdout;

/** Prints one line. */
export function print(line = ''): void {
  out.write(`${line}\n`);
}

/** Prints what happens next. */
export function heading(text: string): void {
  print();
  print(styleText('bold', `── ${text}`));
}

/** Prints a command as it can be typed. */
export function prompt(command: string): void {
  print(styleText('cyan', `$ ${command}`));
}

/** Prints something that went well. */
export function good(text: string): void {
  print(`${styleText('green', '✔')} ${text}`);
}

/** Prints something that is wrong, as it should be at this point of the story. */
export function bad(text: string): void {
  print(`${styleText('red', '✘')} ${text}`);
}

/** Prints what a command wrote, with the statuses in colours. */
export function printOutput(text: string): void {
  print(
    text
      .replaceAll(/\bTrue\b/g, (word) => styleText('green', word))
      .replaceAll(/\bFalse\b/g, (word) => styleText('red', word))
      .replaceAll(/\bUnknown\b/g, (word) => styleText('yellow', word)),
  );
}

/**
 * Says what is about to be done, does it, and says that it is done and how long it took. On a terminal that is one line,
 * which also shows the progress.
 */
export async function step<T>(
  text: string,
  work: (progress: (line: string) => void) => Promise<T>,
): Promise<T> {
  const startedAtMs = performance.now();
  const rewrite = (line: string): void =>
    void out.write(`\r\u001B[2K${line.slice(0, (out.columns || 80) - 1)}`);
  if (out.isTTY) rewrite(`… ${text}`);
  else print(`… ${text}`);
  const progress = (line: string): void => (out.isTTY ? rewrite(`… ${text}: ${line}`) : print(`  ${line}`));
  try {
    const result = await work(progress);
    if (out.isTTY) rewrite('');
    good(`${text} (${seconds(performance.now() - startedAtMs)})`);
    return result;
  } catch (error) {
    if (out.isTTY) rewrite('');
    throw error;
  }
}

/** Such as `0.3 s`. */
export function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}

/** Prints a table whose first row is its head. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows)
    print(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    );
}
