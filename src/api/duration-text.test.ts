import { describe, expect, it } from 'vitest';
import { durationMs, isDuration } from './duration-text.ts';

describe('durationMs', () => {
  it.each([
    ['0s', 0],
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['1h30m', 5_400_000],
    ['336h', 1_209_600_000],
    ['1m1m', 120_000],
  ])('%s is %d ms', (text, expected) => {
    expect(durationMs(text)).toBe(expected);
  });

  it.each(['', '10', 'm', '1.5h', '-1h', '1d', '1h 30m', ' 1h', '10ms', '1234567h'])(
    'refuses "%s"',
    (text) => {
      expect(isDuration(text)).toBe(false);
      expect(() => durationMs(text)).toThrow(RangeError);
    },
  );
});
