import { expect, it } from 'vitest';
import type { RoundFigures } from './figures.ts';
import { doubts, measurePiece } from './trust.ts';

const calm: RoundFigures = { limitMs: 1000, pieceMs: 70, limitOthersShare: 0.02, startOthersShare: 0.04 };

it.each<{ name: string; rounds: RoundFigures[]; says: RegExp[] }>([
  { name: 'calm rounds', rounds: [calm, { ...calm, limitMs: 1100, pieceMs: 74 }], says: [] },
  { name: 'a single round', rounds: [calm], says: [] },
  {
    name: 'others at work while the operator started, once',
    rounds: [calm, { ...calm, startOthersShare: 0.4 }],
    says: [/^Others used 40 %/],
  },
  {
    name: 'a machine that slows down',
    rounds: [calm, { ...calm, pieceMs: 90 }],
    says: [/1\.29 times as slow/],
  },
  {
    name: 'a disk that slows down',
    rounds: [calm, { ...calm, limitMs: 1900 }],
    says: [/^The bare loop alone took 1\.90/],
  },
])('doubts $name as it should', ({ rounds, says }) => {
  expect(doubts(rounds)).toEqual(says.map((text) => expect.stringMatching(text)));
});

it('measures a piece of work', () => {
  expect(measurePiece()).toBeGreaterThan(0);
});
