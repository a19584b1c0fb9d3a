import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readNumericId, readPassword, readSecretValue } from './secret-value.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 60 }),
  fc
    .tuple(
      fc.constantFrom('', ' ', '\n', '\uFEFF', '\t', '\u00A0'),
      fc.string(),
      fc.constantFrom('', '\n', '\r\n', '\0'),
    )
    .map((parts) => parts.join('')),
  fc.stringMatching(/^[0-9_. ]{0,20}$/),
);

describe('whatever a Secret holds', () => {
  it('a token is one word of visible ASCII, unchanged, or refused in one of two ways', () => {
    const said = new Set<string>();
    fc.assert(
      fc.property(text, (raw) => {
        const read = readSecretValue(raw, 'token');
        if ('fault' in read) said.add(JSON.stringify(read.fault));
        else {
          expect(read.value).toMatch(/^[\x21-\x7e]+$/);
          expect(raw).toContain(read.value);
          expect(new Headers({ authorization: read.value }).get('authorization')).toBe(read.value);
        }
      }),
      { numRuns: 15_000 },
    );
    expect(said.size).toBe(2);
  });

  it('a number is one that JSON and CodeMie read alike, or refused in one of three ways', () => {
    const said = new Set<string>();
    fc.assert(
      fc.property(text, (raw) => {
        const read = readNumericId(raw, 'App ID');
        if ('fault' in read) said.add(JSON.stringify(read.fault));
        else expect(String(Number(read.value))).toBe(read.value);
      }),
      { numRuns: 10_000 },
    );
    expect(said.size).toBe(3);
  });

  it('a password loses a line end at most', () => {
    fc.assert(
      fc.property(text, (raw) => {
        const read = readPassword(raw);
        if ('value' in read) expect([raw, raw.slice(0, -1), raw.slice(0, -2)]).toContain(read.value);
        else expect(raw.trim()).toBe('');
      }),
      { numRuns: 5_000 },
    );
  });
});
