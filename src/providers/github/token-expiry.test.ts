import { expect, it } from 'vitest';
import { answerWith } from '../testing/world.ts';
import { expiryOf, parseExpiry } from './token.ts';

it.each([
  { header: '2021-09-09 21:12:46 UTC', expected: '2021-09-09T21:12:46.000Z' },
  { header: '2023-04-14 15:56:10 +0200', expected: '2023-04-14T13:56:10.000Z' },
  { header: '2023-06-14 15:09:46 -0700', expected: '2023-06-14T22:09:46.000Z' },
  { header: '2023-06-14 15:09:46 +05:30', expected: '2023-06-14T09:39:46.000Z' },
  { header: '2023-13-40 15:09:46 UTC', expected: undefined },
  { header: '2023-06-14', expected: undefined },
  { header: 'never', expected: undefined },
  { header: '', expected: undefined },
])('reads "$header"', ({ header, expected }) => {
  const epochMs = parseExpiry(header);
  expect(epochMs === undefined ? undefined : new Date(epochMs).toISOString()).toBe(expected);
});

it.each([
  { name: 'now', expiry: '2026-06-01 12:00:00 UTC', expected: undefined },
  { name: 'five minutes ago', expiry: '2026-06-01 11:55:00 UTC', expected: undefined },
  { name: 'in six minutes', expiry: '2026-06-01 12:06:00 UTC', expected: '2026-06-01T12:06:00Z' },
])('compares an expiry $name with the date of the answer', ({ expiry, expected }) => {
  const headers = {
    date: 'Mon, 01 Jun 2026 12:00:00 GMT',
    'github-authentication-token-expiration': expiry,
  };
  expect(expiryOf(answerWith(200, headers, {}), 0)).toBe(expected);
});
