import { describe, expect, it } from 'vitest';
import { integerBits, readDer } from './der.ts';

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('readDer', () => {
  it('gives the elements that follow each other, with views of their content', () => {
    expect(readDer(bytes('0201 05 3003 020107 0400'), 9)).toEqual([
      { tag: 0x02, content: Buffer.from('05', 'hex') },
      { tag: 0x30, content: Buffer.from('020107', 'hex') },
      { tag: 0x04, content: Buffer.alloc(0) },
    ]);
  });

  it('reads lengths of several octets', () => {
    const content = 'ab'.repeat(300);
    expect(readDer(bytes(`0482012c${content}`), 1)?.[0]?.content.length).toBe(300);
  });

  it.each([
    ['a tag without length', '02'],
    ['a content that is cut off', '020501'],
    ['a length that is cut off', '028201'],
    ['an indefinite length', '3080 020101 0000'],
    ['a length of five octets', '0285 0000000001 00'],
    ['a tag of several octets', '1f8101 00'],
    ['more elements than asked for', '0500 0500 0500'],
  ])('refuses %s', (_name, hex) => {
    expect(readDer(bytes(hex), 2)).toBeUndefined();
  });

  it('gives nothing for nothing', () => {
    expect(readDer(new Uint8Array(), 1)).toEqual([]);
  });
});

describe('integerBits', () => {
  it.each([
    ['00', 0],
    ['01', 1],
    ['03', 2],
    ['7f', 7],
    ['0080', 8],
    ['010001', 17],
    ['00 00 01', 1],
    ['80', undefined],
    ['ff', undefined],
    ['', undefined],
  ])('%s has %s bits', (hex, bits) => {
    expect(integerBits(bytes(hex))).toBe(bits);
  });
});
