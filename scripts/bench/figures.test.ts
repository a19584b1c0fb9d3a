import { describe, expect, it } from 'vitest';
import { summarize, table } from './figures.ts';

describe('the summary of several rounds', () => {
  it('keeps the spread of what varies and the worst of what is counted', () => {
    const summary = summarize([
      { limitMs: 2000.4, codemieCreates: 100 },
      { limitMs: 1000, codemieCreates: 101, idleWrites: 0 },
      { limitMs: 1500 },
    ]);
    expect(summary).toEqual({
      limitMs: { min: 1000, median: 1500, max: 2000 },
      codemieCreates: 101,
      idleWrites: 0,
    });
  });

  it('takes the middle of the two in the middle', () => {
    expect(summarize([{ limitMs: 1 }, { limitMs: 2 }]).limitMs).toEqual({ min: 1, median: 1.5, max: 2 });
  });
});

describe('the table', () => {
  it('marks what exceeds its budget', () => {
    const lines = table(
      summarize([{ ratioToLimit: 1.6 }, { ratioToLimit: 1.2 }, { codemieCreates: 101 }]),
      100,
      true,
    );
    expect(lines).toBe(
      'the second over the first  1.4    1.2 to 1.6  at most 1.5\ncreates at CodeMie         101                OVER 100',
    );
  });

  it('judges no times where they say nothing, and counts all the same', () => {
    const lines = table(summarize([{ ratioToLimit: 1.6, codemieCreates: 101 }]), 100, false);
    expect(lines).toMatch(/1\.6 to 1\.6 +no verdict\n.*OVER 100$/);
  });
});
