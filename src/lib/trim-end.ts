/**
 * The text without all of that character at its end. A regular expression for the same (`/x+$/`) tries again at every run
 * of it, so that its cost grows with the square of the text.
 */
export function trimEnd(text: string, character: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end--;
  return text.slice(0, end);
}
