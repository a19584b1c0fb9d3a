import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Checked } from './private-key.ts';
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

/** The value, or nothing and a note of what was said instead. */
function valueOf(read: Checked<string>, said: Set<string>): string | undefined {
  if ('value' in read) return read.value;
  said.add(`${read.fault.sentence} ${read.fault.hint}`);
  return undefined;
}

describe('whatever a Secret holds', () => {
  it('a token is one word of visible ASCII, as it is written, or refused in few ways', () => {
    const said = new Set<string>();
    fc.assert(
      fc.property(text, (raw) => {
        const value = valueOf(readSecretValue(raw, 'token'), said) ?? '';
        expect(value).toMatch(/^[\x21-\x7e]*$/);
        expect(raw).toContain(value);
      }),
      { numRuns: 15_000 },
    );
    expect(said.size).toBeLessThan(20);
  });

  it('a number is one that JSON and CodeMie read alike, or refused in few ways', () => {
    const said = new Set<string>();
    fc.assert(
      fc.property(text, (raw) => {
        const value = valueOf(readNumericId(raw, 'App ID'), said) ?? '1';
        expect(String(Number(value))).toBe(value);
      }),
      { numRuns: 10_000 },
    );
    expect(said.size).toBeLessThan(20);
  });

  it('a password loses a line end at most, or is empty', () => {
    const said = new Set<string>();
    fc.assert(
      fc.property(text, (raw) => {
        const value = valueOf(readPassword(raw), said) ?? '';
        if (said.size > 0 && value === '') return;
        expect([value, `${value}\n`, `${value}\r\n`]).toContain(raw.replace(/^\uFEFF/, ''));
      }),
      { numRuns: 5_000 },
    );
    expect(said.size).toBeLessThan(10);
  });
});
