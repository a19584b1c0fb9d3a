import { styleText } from 'node:util';

/** Prints one line. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Prints what happens next. */
export function heading(text: string): void {
  print();
  print(styleText('bold', `── ${text}`));
}

/** Prints a command as a person would type it. */
export function prompt(command: string): void {
  print(styleText('cyan', `$ ${command}`));
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
