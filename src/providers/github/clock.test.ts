import { expect, it } from 'vitest';
import { clockSkewMs } from './clock.ts';

const nowMs = Date.parse('2026-06-01T12:00:00Z');

it.each<{ name: string; headers: Record<string, string>; skewMs: number }>([
  { name: 'no date', headers: {}, skewMs: 0 },
  { name: 'no date that can be read', headers: { date: 'today' }, skewMs: 0 },
  { name: 'half a minute', headers: { date: 'Mon, 01 Jun 2026 12:00:30 GMT' }, skewMs: 0 },
  { name: 'more, ahead', headers: { date: 'Mon, 01 Jun 2026 12:00:31 GMT' }, skewMs: 31_000 },
  { name: 'more, behind', headers: { date: 'Mon, 01 Jun 2026 11:59:29 GMT' }, skewMs: -31_000 },
  {
    name: 'the answer of a cache',
    headers: { date: 'Mon, 01 Jun 2026 11:59:00 GMT', age: '59' },
    skewMs: 0,
  },
  {
    name: 'an age that makes no sense',
    headers: { date: 'Mon, 01 Jun 2026 12:01:00 GMT', age: '-1e9' },
    skewMs: 60_000,
  },
])('$name is a skew of $skewMs ms', ({ headers, skewMs }) => {
  expect(clockSkewMs((header) => headers[header], nowMs)).toBe(skewMs);
});
