import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eachMember, isText, JsonFault, jsonElements, parseSlice, shortText } from './json-bytes.ts';

const whole = (text: string) => {
  const bytes = Buffer.from(text);
  return { bytes, all: { start: 0, end: bytes.length } };
};

function elementsOf(text: string): unknown[] {
  const { bytes, all } = whole(text);
  return [...jsonElements(bytes, all)].map((slice) => parseSlice(bytes, slice));
}

function membersOf(text: string): [unknown, unknown][] {
  const { bytes, all } = whole(text);
  const members: [unknown, unknown][] = [];
  eachMember(bytes, all, (keyStart, keyEnd, start, end) =>
    members.push([parseSlice(bytes, { start: keyStart, end: keyEnd }), parseSlice(bytes, { start, end })]),
  );
  return members;
}

const json = fc.json({ maxDepth: 2 });
const spaced = fc.constantFrom(0, 1, '\t', '\r\n ');

describe('jsonElements and eachMember', () => {
  it('find what JSON.parse finds', () => {
    fc.assert(
      fc.property(fc.array(json, { maxLength: 5 }), spaced, (values, space) => {
        const parsed = values.map((value): unknown => JSON.parse(value));
        expect(elementsOf(JSON.stringify(parsed, undefined, space))).toEqual(parsed);
      }),
      { numRuns: 100 },
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), json, { maxKeys: 5 }),
        spaced,
        (dictionary, space) => {
          const parsed = Object.entries(dictionary).map(([key, value]) => [key, JSON.parse(value)] as const);
          const text = JSON.stringify(Object.fromEntries(parsed), undefined, space);
          expect(Object.fromEntries(membersOf(text))).toEqual(Object.fromEntries(parsed));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('give a key that is there twice twice', () => {
    expect(membersOf('{"a":1,"a":2}')).toEqual([
      ['a', 1],
      ['a', 2],
    ]);
  });

  it.each(['', '[', '[1', '[1,', '[1 2', '["a', '["a\\"', '{}', '[[]', '[{]', '[,]', '[1,]', 'null', '"x"'])(
    'elements of %j are none',
    (text) => {
      expect(() => elementsOf(text)).toThrow(JsonFault);
    },
  );

  it.each(['', '{', '{"a"', '{"a":', '{"a":1', '{"a" 1}', '{a:1}', '{1:1}', '[]', '{"a":1,}', '{,}'])(
    'members of %j are none',
    (text) => {
      expect(() => membersOf(text)).toThrow(JsonFault);
    },
  );

  it('find the end of a value that is nested a million times', () => {
    const { bytes, all } = whole(`[${'['.repeat(1_000_000)}${']'.repeat(1_000_000)},1]`);
    expect([...jsonElements(bytes, all)]).toHaveLength(2);
  });
});

describe('isText', () => {
  it.each([
    ['"data"', true],
    ['"d\\u0061ta"', true],
    ['"\\u0064\\u0061\\u0074\\u0061"', true],
    ['"date"', false],
    ['"dat"', false],
    ['"data "', false],
    ['"dat\\u0061a"', false],
    ['"da\\"a"', false],
  ])('%s: %s', (text, expected) => {
    const { bytes, all } = whole(text);
    expect(isText(bytes, all.start, all.end, 'data')).toBe(expected);
  });
});

describe('shortText', () => {
  it.each([
    ['"abcdef"', 'abc'],
    ['"ab"', 'ab'],
    ['""', ''],
    ['"äöüß"', 'äöü'],
    ['"\\n\\"\\u0061b"', '\n"a'],
    ['"😀😀😀😀"', '😀😀😀'],
    ['"abcdef"   ', 'abc'],
    ['12', 12],
    ['[1,2]', null],
    ['{"a":1}', null],
  ])('%s', (text, expected) => {
    const { bytes, all } = whole(text);
    expect(JSON.parse(shortText(bytes, all, 3))).toEqual(expected);
  });
});
