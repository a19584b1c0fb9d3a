import { describe, expect, it } from 'vitest';
import { remembering } from './parse.ts';

function counting() {
  const parsed: unknown[] = [];
  return {
    parsed,
    parse: remembering((value) => {
      parsed.push(value);
      return { value };
    }),
  };
}

describe('remembering', () => {
  it('parses an object once', () => {
    const { parse, parsed } = counting();
    const object = { name: 'a' };
    expect(parse(object)).toBe(parse(object));
    expect(parsed).toEqual([object]);
  });

  it('distinguishes objects with the same content', () => {
    const { parse, parsed } = counting();
    parse({ name: 'a' });
    parse({ name: 'a' });
    expect(parsed).toHaveLength(2);
  });

  it.each([undefined, null, 'text', 1])('parses %s each time', (value) => {
    const { parse, parsed } = counting();
    parse(value);
    parse(value);
    expect(parsed).toHaveLength(2);
  });

  it('forgets what it has not seen for long', () => {
    const { parse, parsed } = counting();
    const first = {};
    parse(first);
    for (let others = 0; others < 64; others++) parse({});
    parse(first);
    expect(parsed).toHaveLength(66);
  });
});
