/**
 * The text without all of these characters at its end. A regular expression for the same (`/[xy]+$/`) tries again at
 * every run of them, so that its cost grows with the square of the text.
 */
export function trimEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] ?? '')) end--;
  return text.slice(0, end);
}
