import { expect, it } from 'vitest';
import { trimEnd } from './trim-end.ts';

it.each([
  ['', ''],
  ['a', 'a'],
  ['a//', 'a'],
  ['//', ''],
  ['/a/b', '/a/b'],
])('trimEnd: %j', (text, expected) => {
  expect(trimEnd(text, '/')).toBe(expected);
});
