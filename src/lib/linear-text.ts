/**
 * Whether a text matches a glob: `*` stands for any run of characters, the empty one included; everything else stands
 * for itself, and case counts. It never backtracks: the leftmost place of each part is always a right one, so the cost
 * is at most the product of both lengths, however many stars there are. A pattern of a tenant can't stall the process.
 */
export function matchesGlob(glob: string, text: string): boolean {
  const [head = '', ...rest] = glob.split('*');
  const tail = rest.pop();
  if (tail === undefined) return glob === text;
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
  const end = text.length - tail.length;
  let at = head.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** Whether a text matches one of the globs, see {@link matchesGlob}. */
export function matchesAny(globs: readonly string[], text: string): boolean {
  return globs.some((glob) => matchesGlob(glob, text));
}

/**
 * The text without all of these characters at its end. A regular expression for the same (`/[xy]+$/`) tries again at
 * every run of them, so that its cost grows with the square of the text.
 */
export function trimEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] ?? '')) end--;
  return text.slice(0, end);
}
