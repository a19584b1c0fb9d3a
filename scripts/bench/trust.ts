import type { RoundFigures } from './figures.ts';

/** With more of the machine in use by others, times say little. */
const mostOthersShare = 0.1;
/** How far apart the fixed piece of work may be, and the bare loop, from round to round. */
const mostPieceRatio = 1.15;
const mostLimitRatio = 1.3;

/**
 * Why the times of these rounds say nothing about the operator, as sentences; none: they do. Others may have been at
 * work on the machine, or the machine itself became slower or faster, which a fixed piece of work and the bare loop show.
 */
export function doubts(rounds: readonly RoundFigures[]): string[] {
  const others = Math.max(
    ...rounds.flatMap(({ limitOthersShare = 0, startOthersShare = 0 }) => [
      limitOthersShare,
      startOthersShare,
    ]),
  );
  const piece = ratioOf(rounds.map(({ pieceMs }) => pieceMs));
  const limit = ratioOf(rounds.map(({ limitMs }) => limitMs));
  return [
    ...(others > mostOthersShare
      ? [`Others used ${Math.round(100 * others)} % of the machine in the meantime.`]
      : []),
    ...(piece > mostPieceRatio
      ? [`The machine itself was ${piece.toFixed(2)} times as slow at one time as at another.`]
      : []),
    ...(limit > mostLimitRatio
      ? [`The bare loop alone took ${limit.toFixed(2)} times as long at one time as at another.`]
      : []),
  ];
}

/** The largest over the smallest; 1 where there are none. */
function ratioOf(values: readonly (number | undefined)[]): number {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? 1 : Math.max(...known) / Math.min(...known);
}

const iterations = 30_000_000;
const tries = 3;

/** How long a fixed piece of work takes here and now, in milliseconds: the fastest of three times. */
export function measurePiece(): number {
  return Math.min(
    ...Array.from({ length: tries }, () => {
      const beganMs = performance.now();
      let bits = 1;
      for (let index = 0; index < iterations; index += 1) {
        bits ^= bits << 13;
        bits ^= bits >>> 17;
        bits ^= bits << 5;
      }
      // What is not used may never be computed.
      return bits === 0 ? Number.NaN : performance.now() - beganMs;
    }),
  );
}
