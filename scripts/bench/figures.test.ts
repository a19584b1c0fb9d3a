import { describe, expect, it } from 'vitest';
import { comparison, summarize, table } from './figures.ts';

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

describe('the comparison of two programs', () => {
  it('relates each round of one to that of the other, and leaves counts out', () => {
    const lines = comparison(
      [{ operatorMs: 1000, codemieCreates: 100 }, { operatorMs: 2000, rssMiB: 100 }, { operatorMs: 1000 }],
      [{ operatorMs: 1100, codemieCreates: 100 }, { operatorMs: 2000, rssMiB: 90 }, { operatorMs: 900 }],
    );
    expect(lines.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['', 'before', 'after', 'ratio', 'least to most'],
      ['cold start until all are Ready', '1000', '1100', 'ms', '1', '0.9 to 1.1'],
      ['memory of the operator when all are Ready', '100', '90', 'MiB', '0.9', '0.9 to 0.9'],
    ]);
  });

  it('leaves out what only one of them measured', () => {
    expect(comparison([{ operatorMs: 1000 }], [{}])).not.toContain('cold start');
  });
});
