import { describe, expect, it } from 'vitest';
import { hasPortOrNone, isPort } from './port.ts';

const ports = ['1', '9', '80', '443', '9999', '10000', '59999', '60000', '64999', '65499', '65529', '65535'];
const others = [
  ['', '0', '00', '0443', '65536', '65540', '65600', '66000', '70000', '99999', '100000', '999999999999'],
  '+80 -80 8_0 8e1 0x50 80.0 * http ８０ ٨٠ 80:80'.split(' '),
  [' 80', '80 ', '8 0', '80\n'],
].flat();

describe('a port', () => {
  it.each(ports)('is %j', (text) => {
    expect(isPort(text)).toBe(true);
    for (const host of ['git.example.com', '10.0.0.1', '[fd00::1]', 'me:secret@git'])
      for (const path of ['', '/', '/a:0', '?a', '#a'])
        expect(hasPortOrNone(`https://${host}:${text}${path}`)).toBe(true);
  });

  it.each(others)('is not %j', (text) => {
    expect(isPort(text)).toBe(false);
    for (const host of ['git.example.com', '10.0.0.1', '[fd00::1]'])
      expect(hasPortOrNone(`https://${host}:${text}`)).toBe(false);
  });
});

it.each([
  'https://git',
  'https://git/a:b',
  'http://[fd00::1]',
  'https://git?a:b',
  'https://a@git',
  'HTTPS://a@b@git',
])('may be left out, as in %s', (url) => expect(hasPortOrNone(url)).toBe(true));

it.each(['', 'git', 'git:443', 'https://[fd00::1', 'https://fd00::1'])(
  'has no place in %j, which is no URL',
  (text) => expect(hasPortOrNone(text)).toBe(false),
);
