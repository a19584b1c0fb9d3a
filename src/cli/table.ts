import stringWidth from 'string-width';

/** How a table is printed. */
export interface TableOptions {
  /** Width of the terminal: longer lines are cut there. */
  columns?: number;
  /** Colors a padded cell. */
  paint?: (text: string, row: number, column: number) => string;
}

/** Blanks between two columns, as kubectl has them. */
const gap = 3;

/**
 * A table as kubectl prints them: columns as wide as their content. Widths are those of a terminal, where a letter of
 * Chinese or an emoji takes two columns and an accent none.
 */
export function table(rows: readonly (readonly string[])[], { columns, paint }: TableOptions = {}): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, widthOf(cell));
  const lines = rows.map((row, rowIndex) => {
    let room = columns ?? Number.POSITIVE_INFINITY;
    return row
      .map((cell, index) => {
        const isLast = index === row.length - 1;
        const width = isLast ? widthOf(cell) : (widths[index] ?? 0) + gap;
        const padded = `${cell}${' '.repeat(width - widthOf(cell))}`;
        const shown = fit(padded, width, room);
        room = Math.max(0, room - width);
        return paint ? paint(shown, rowIndex, index) : shown;
      })
      .join('')
      .trimEnd();
  });
  return lines.map((line) => `${line}\n`).join('');
}

const ascii = /^[\u0020-\u007E]*$/;

/** Columns of a terminal that a text without control characters takes. */
function widthOf(text: string): number {
  return ascii.test(text) ? text.length : stringWidth(text);
}

/** The beginning of a text that fits, with `…` for the rest. A letter with its accents is shown or left out as a whole. */
function fit(text: string, width: number, room: number): string {
  if (width <= room) return text;
  let shown = '';
  let left = room - 1;
  if (left < 0) return '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    left -= widthOf(segment);
    if (left < 0) break;
    shown += segment;
  }
  return `${shown}…`;
}
