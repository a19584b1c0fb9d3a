import { describe, expect, it } from 'vitest';
import { decodeBase64, pemBodies, toPem } from './pem.ts';

describe('decodeBase64', () => {
  it.each([
    ['AQID', '010203'],
    ['AQ==', '01'],
    ['AQ', '01'],
    [' A\nQ\tI\r\nD ', '010203'],
    ['', ''],
  ])('%j', (text, hex) => {
    expect(decodeBase64(text)?.toString('hex')).toBe(hex);
  });

  it.each(['A', 'AQI_', 'AQ=D', '=AQID', 'AQID!', 'AQ===', 'AR=='])('refuses %j', (text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });
});

describe('pemBodies', () => {
  const block = (body: string): string => `-----BEGIN X-----${body}-----END X-----`;

  it.each([
    ['nothing', '', []],
    ['one', block('a'), ['a']],
    ['text around', `# one\n${block('a')}\n# two\n${block('b')}\n`, ['a', 'b']],
    ['another label', block('a').replaceAll('X', 'Y'), []],
    ['no end', '-----BEGIN X-----a', []],
    ['an end first', `-----END X-----${block('a')}`, ['a']],
    ['a begin in a body', block('-----BEGIN X-----'), ['-----BEGIN X-----']],
  ])('%s', (_name, text, bodies) => {
    expect(pemBodies('X', text)).toEqual(bodies);
  });

  it('undoes toPem', () => {
    const bytes = Buffer.from('z'.repeat(500));
    const [body = ''] = pemBodies('X', toPem('X', bytes));
    expect(decodeBase64(body)).toEqual(bytes);
  });
});
