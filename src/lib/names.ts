/**
 * The member that an object itself has under a name from outside; undefined for a name that only its prototype knows,
 * such as `constructor` or `__proto__`. Look-ups by names from outside go through here, or use a Map.
 */
export function ownMember<T>(object: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** The other name that a typo most likely stands for: the same but for case, or at most two letters apart. */
export function closest(name: string, names: Iterable<string>): string | undefined {
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of names) {
    // Cheaper than to count, and rules nearly all of them out.
    if (candidate === name || Math.abs(candidate.length - name.length) > mostLetters) continue;
    const found = distance(name.toLowerCase(), candidate.toLowerCase());
    if (found <= mostLetters && (best === undefined || found < best.distance))
      best = { candidate, distance: found };
  }
  return best?.candidate;
}

const mostLetters = 2;
/** Names are cut, so that the work is bounded. */
const mostCompared = 60;

/** How many letters to add, remove, replace or swap with the next one (optimal string alignment). */
function distance(a: string, b: string): number {
  const [from, to] = [a.slice(0, mostCompared), b.slice(0, mostCompared)];
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      next[j] = Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
    }
    [before, row] = [row, next];
  }
  return row[to.length] ?? 0;
}
