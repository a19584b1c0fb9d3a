import { describe, expect, it } from 'vitest';
import { createRedactor } from './redact.ts';

const secret = 'gl+pat/äX "9"';

describe('createRedactor', () => {
  it.each([
    { name: 'as it is', text: `token=${secret}.` },
    { name: 'URL-encoded', text: `https://h/?t=${encodeURIComponent(secret)}` },
    { name: 'form-encoded', text: new URLSearchParams({ token: secret }).toString() },
    { name: 'JSON-escaped', text: JSON.stringify({ token: secret }) },
  ])('removes a secret $name', ({ text }) => {
    const clean = createRedactor([secret])(text);
    expect(clean).toContain('[redacted]');
    expect(clean).not.toContain('pat');
  });

  it.each(['', 'a:', 'ab:', 'abc:', 'user:'])(
    'removes a secret from the base64 of what begins with %j',
    (before) => {
      const text = Buffer.from(`${before}a-long-enough-secret`).toString('base64');
      expect(createRedactor(['a-long-enough-secret'])(text)).toContain('[redacted]');
    },
  );

  it('removes the longer of two that overlap, and every place', () => {
    expect(createRedactor(['abcd', 'abcdef'])('abcdef abcd abcdef')).toBe('[redacted] [redacted] [redacted]');
  });

  it.each([{ secrets: [] }, { secrets: ['', 'ab'] }])('leaves a text alone for $secrets', ({ secrets }) => {
    expect(createRedactor(secrets)('about nothing')).toBe('about nothing');
  });
});
