/*
 * Tests that attack or kill at random find more, the more they try. `npm test` runs a tenth, with seeds that differ from
 * run to run where that can be, and CI all of it: `TEST_SCALE=1`.
 */

const scaleOfTests = Number(process.env['TEST_SCALE'] ?? 0.1);

/** How many of `full` objects, rounds or sequences this run tries: at least one. */
export function scaled(full: number): number {
  return Math.max(1, Math.round(full * scaleOfTests));
}
