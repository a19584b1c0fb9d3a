import { styleText } from 'node:util';

const out = process.stdout;

/** The columns of a terminal that everything fits into. */
export const columns = 100;

/** Prints a text, folded at spaces where a line is wider than {@link columns}. */
export function print(text = ''): void {
  for (const line of text.split('\n')) out.write(`${fold(line).join('\n')}\n`);
}

/** The rows of a line that fit. A row of a table, with its columns apart, is left as it is. */
export function fold(line: string): string[] {
  if (/\S {3}/.test(line)) return [line];
  return rowsOf(line.split(' '), '');
}

/** A command that fits, and can still be copied: each row but the last ends with a backslash. */
export function foldCommand(words: readonly string[], indent = '  '): string {
  return rowsOf(words, ' \\').join(`\n${indent}`);
}

/** Fills rows with words; `end` goes behind each but the last, and counts, as do four columns for prompt or indent. */
function rowsOf(words: readonly string[], end: string): string[] {
  const most = end === '' ? columns : columns - end.length - 4;
  const rows: string[] = [];
  for (const word of words) {
    const row = rows.at(-1);
    if (row !== undefined && `${row} ${word}`.length <= most) rows[rows.length - 1] = `${row} ${word}`;
    else rows.push(word);
  }
  return rows.map((row, index) => (index === rows.length - 1 ? row : row + end));
}

/** Prints what happens next. */
export function heading(text: string): void {
  print();
  print(styleText('bold', `── ${text}`));
}

/** Prints a command, word by word as a shell takes it, as it can be typed. */
export function prompt(...words: readonly string[]): void {
  out.write(`${styleText('cyan', `$ ${foldCommand(words)}`)}\n`);
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
  const folded = text.split('\n').flatMap(fold).join('\n');
  const coloured = folded
    .replaceAll(/\bTrue\b/g, (word) => styleText('green', word))
    .replaceAll(/\bFalse\b/g, (word) => styleText('red', word))
    .replaceAll(/\bUnknown\b/g, (word) => styleText('yellow', word));
  out.write(`${coloured}\n`);
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
