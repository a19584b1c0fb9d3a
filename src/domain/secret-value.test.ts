import { describe, expect, it } from 'vitest';
import { readNumericId, readPassword, readSecretValue } from './secret-value.ts';

describe('readSecretValue', () => {
  it.each([
    ['as it is', 'ghp_abc', 'ghp_abc'],
    ['a newline at the end', 'ghp_abc\n', 'ghp_abc'],
    ['CRLF and blanks around', '  ghp_abc\r\n', 'ghp_abc'],
    ['a byte order mark', '\uFEFFghp_abc', 'ghp_abc'],
  ])('takes %s', (_name, raw, value) => {
    expect(readSecretValue(raw, 'token')).toEqual({ value });
  });

  it.each([
    ['empty', '', 'is empty'],
    ['blanks only', ' \n', 'is empty'],
    ['two lines', 'ghp_abc\nghp_def', 'line break'],
    ['a blank inside', 'token ghp_abc', 'blank'],
    ['a control character', 'ghp\u0000abc', 'character'],
    ['not ASCII', 'ghp_äbc', 'character'],
  ])('refuses %s', (_name, raw, sentence) => {
    const read = readSecretValue(raw, 'token');
    expect('fault' in read && read.fault.sentence).toContain(sentence);
    expect(JSON.stringify(read)).not.toMatch(/ghp/);
  });
});

describe('readPassword', () => {
  it.each([
    ['blanks and other letters', 'pass wörd ', { value: 'pass wörd ' }],
    ['one line end', 'secret\r\n', { value: 'secret' }],
  ])('keeps %s', (_name, raw, want) => {
    expect(readPassword(raw)).toEqual(want);
  });

  it('refuses an empty one', () => {
    expect(readPassword('\n')).toHaveProperty('fault');
  });
});

describe('readNumericId', () => {
  it.each(['1', '123456', ' 42\n'])('takes %j', (raw) => {
    expect(readNumericId(raw, 'App ID')).toEqual({ value: raw.trim() });
  });

  it.each(['0', '-1', '1.5', '1_000', 'Iv1.abcdef', '12 3'])('refuses %j', (raw) => {
    expect(readNumericId(raw, 'App ID')).toHaveProperty('fault');
  });
});
