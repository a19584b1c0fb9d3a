import { array, assert, constantFrom, oneof, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { toJson, toYaml } from './documents.ts';
import { decodeText, readBounded } from './input.ts';
import { CliError, clearScreen, forTerminal, painter, printable, sentence, shortAge } from './io.ts';

/** Texts that a terminal or a parser of YAML would obey: escape sequences, other controls, separators, bidi marks. */
const hostile = array(
  oneof(
    string({ unit: 'binary', maxLength: 4 }),
    constantFrom(
      '\u001B[31m',
      '\u001B]0;title\u0007',
      '\u009B2J',
      '\u0090q\u009C',
      '\r\n',
      '\u0085',
      '\u2028',
      '\u2029',
      '\u202E',
      '\uFEFF',
      ': ',
      ' #',
      '\n---\n',
      '"',
      '\\',
      "'",
      '\u{E0041}',
    ),
  ),
  { maxLength: 8 },
).map((parts) => parts.join('').toWellFormed());

/** The escape sequences that the program itself writes, as far as the texts above have them. */
const own = ['\u001B[31m', '\u001B[H', '\u001B[J'];

const controls = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

describe('text from outside', () => {
  it('has nothing that a terminal obeys once it is printable, and is one line', () =>
    assert(
      property(hostile, (text) => {
        expect(printable(text)).not.toMatch(controls);
        expect(sentence(text)).not.toMatch(controls);
      }),
    ));

  it('is the same again in JSON and YAML, without what a terminal obeys', () =>
    assert(
      property(hostile, hostile, (key, text) => {
        const value = { list: [{ [`k${key}`]: text }], text };
        for (const [written, read] of [
          [toJson(value), JSON.parse],
          [toYaml(value), (yaml: string): unknown => parse(yaml)],
        ] as const) {
          expect(written.replaceAll(/[\n\t]/g, '')).not.toMatch(controls);
          expect(read(written)).toEqual(value);
        }
      }),
    ));

  it('reaches no terminal as it is, whatever forgot to make it printable', () =>
    assert(
      property(hostile, (text) => {
        const shown = own.reduce((rest, sequence) => rest.replaceAll(sequence, ''), forTerminal(text));
        expect(shown.replaceAll(/[\n\t]/g, '')).not.toMatch(controls);
      }),
    ));

  it.each([
    ['\u001B[8mhidden', '?[8mhidden'],
    ['\u001B[2J', '?[2J'],
    ['\u001B]8;;https://evil.example\u0007link', '?]8;;https://evil.example?link'],
    ['\u001B', '?'],
    [`${clearScreen}a\u001B[31mb\u001B[39m\tc\n`, `${clearScreen}a\u001B[31mb\u001B[39m\tc\n`],
  ])('%j becomes %j on a terminal', (text, shown) => expect(forTerminal(text)).toBe(shown));

  it('is one line in an error', () => expect(new CliError('a\nb\u001B[2J', '').message).toBe('a?b?[2J'));
});

describe('colors', () => {
  const red = (io: Parameters<typeof painter>[0]) => painter(io)('red', 'x');
  it.each([
    ['a terminal', { env: {}, columns: 80 }, '\u001B[31mx\u001B[39m'],
    ['a pipe', { env: {}, columns: undefined }, 'x'],
    ['NO_COLOR', { env: { NO_COLOR: '1' }, columns: 80 }, 'x'],
    ['an empty NO_COLOR', { env: { NO_COLOR: '' }, columns: 80 }, '\u001B[31mx\u001B[39m'],
    ['a dumb terminal', { env: { TERM: 'dumb' }, columns: 80 }, 'x'],
  ])('for %s', (_name, io, text) => expect(red(io)).toBe(text));
});

it.each([
  [0, '0s'],
  [-5000, '0s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [7_200_000, '2h'],
  [172_800_000, '2d'],
])('%d ms ago is %s', (ms, text) => expect(shortAge(ms)).toBe(text));

describe('input', () => {
  const utf16 = (text: string, bigEndian: boolean) => {
    const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le');
    return bigEndian ? bytes.swap16() : bytes;
  };
  it.each([
    ['UTF-8', Buffer.from('kind: ä')],
    ['UTF-8 with a byte order mark', Buffer.from('\uFEFFkind: ä')],
    ['UTF-16 of PowerShell', utf16('kind: ä', false)],
    ['UTF-16, big-endian', utf16('kind: ä', true)],
  ])('is read as %s', (_name, bytes) => expect(decodeText(bytes, 'It')).toBe('kind: ä'));

  it('that is not text is refused without a byte of it', () =>
    expect(() => decodeText(Buffer.from([0x6b, 0xff, 0x00]), 'The file x')).toThrow(
      'The file x is not text in UTF-8. Check that it is a manifest, and save it as UTF-8.',
    ));

  it('is bounded', async () => {
    const endless = async function* () {
      for (;;) yield new Uint8Array(1024 * 1024);
    };
    await expect(readBounded(endless(), 'Standard input')).rejects.toThrow(
      'Standard input is larger than 32 MiB.',
    );
  });
});
