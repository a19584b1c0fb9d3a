import { describe, expect, it } from 'vitest';
import { bounds } from '../lib/bounds.ts';
import { shortList, shortName, shortRecord } from './answer.ts';

const { maxChars, maxItems } = bounds.providerReport;
const long = 'x'.repeat(maxChars + 1);
const many = Array.from({ length: maxItems + 100 }, (_, index) => `n${index}`);

describe('what a Git host reports', () => {
  it.each([
    ['a name', shortName.safeParse(long)],
    ['an empty name', shortName.safeParse('')],
    ['a list with a long name', shortList.safeParse(['a', long])],
    ['a record with a long name', shortRecord.safeParse({ [long]: 'read' })],
    ['a record with a long level', shortRecord.safeParse({ contents: long })],
  ])('is refused: %s', (_name, { success }) => {
    expect(success).toBe(false);
  });

  it('is cut where there is more of it', () => {
    expect(shortList.parse(many)).toEqual(many.slice(0, maxItems));
    const record = Object.fromEntries(many.map((name) => [name, 'read']));
    expect(Object.keys(shortRecord.parse(record))).toEqual(many.slice(0, maxItems));
  });
});
