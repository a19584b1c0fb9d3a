const unitMs = { h: 3_600_000, m: 60_000, s: 1_000 } as const;

/** Whole hours, minutes and seconds as Go writes them. Shared with the CEL rules: keep it valid for RE2 too. */
export const DURATION_PATTERN = '^([0-9]{1,6}[hms])+$';

const shape = new RegExp(DURATION_PATTERN);

/** Whether the text is a duration such as `10m`, `1h30m` or `336h`. */
export function isDuration(text: string): boolean {
  return shape.test(text);
}

/**
 * Length of a duration such as `10m`, `1h30m` or `336h` in milliseconds.
 * Throws a RangeError for anything else; a parsed spec never holds anything else.
 */
export function durationMs(text: string): number {
  if (!isDuration(text)) throw new RangeError('Not a duration. Write it as 10m, 1h30m or 336h.');
  let [total, amount] = [0, 0];
  for (const letter of text) {
    if (letter === 'h' || letter === 'm' || letter === 's') {
      total += amount * unitMs[letter];
      amount = 0;
    } else amount = 10 * amount + Number(letter);
  }
  return total;
}
