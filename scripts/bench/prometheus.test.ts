import { describe, expect, it } from 'vitest';
import { bucketsOf, bucketsSince, quantile, samplesOf } from './prometheus.ts';

const text = `# HELP requests Requests.
# TYPE requests counter
requests{verb="get",resource="secrets"} 3
requests{verb="patch",resource="gitintegrations"} 1e+3
requests_total 7
time_bucket{le="0.1",controller="a"} 5
time_bucket{le="0.2",controller="a"} 9
time_bucket{le="+Inf",controller="a"} 10
time_bucket{le="+Inf",controller="b"} 99
`;

describe('metrics as text', () => {
  it('gives the samples of exactly one metric', () => {
    expect(samplesOf(text, 'requests')).toEqual([
      { labels: { verb: 'get', resource: 'secrets' }, value: 3 },
      { labels: { verb: 'patch', resource: 'gitintegrations' }, value: 1000 },
    ]);
    expect(samplesOf(text, 'requests_total')).toEqual([{ labels: {}, value: 7 }]);
  });

  it('gives the buckets of the histogram with these labels', () => {
    const buckets = bucketsOf(text, 'time', { controller: 'a' });
    expect([...buckets]).toEqual([
      [0.1, 5],
      [0.2, 9],
      [Infinity, 10],
    ]);
    expect([...bucketsSince(new Map([[0.1, 2]]), buckets).values()]).toEqual([3, 9, 10]);
  });
});

describe('a quantile', () => {
  const buckets = bucketsOf(text, 'time', { controller: 'a' });
  it.each([
    { q: 0.5, of: 'the end of a bucket', expected: 0.1 },
    { q: 0.25, of: 'the first bucket', expected: 0.05 },
    { q: 0.7, of: 'the middle of a bucket', expected: 0.15 },
    { q: 0.99, of: 'the open bucket: its lower end', expected: 0.2 },
  ])('lies in $of', ({ q, expected }) => {
    expect(quantile(q, buckets)).toBeCloseTo(expected);
  });

  it('is not a number without observations', () => {
    expect(quantile(0.5, new Map([[Infinity, 0]]))).toBeNaN();
  });
});
