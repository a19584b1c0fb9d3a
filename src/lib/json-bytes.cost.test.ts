import { describe, expect, it } from 'vitest';
import { missedTicks } from '../../test/harness/hostile/longest-block.ts';
import { bounds } from './bounds.ts';
import { jsonExcess } from './json-bytes.ts';

describe('jsonExcess', () => {
  it.each([
    ['', undefined],
    ['1', undefined],
    ['[1,2,3]', undefined],
    ['[1,2,3,4]', undefined],
    ['[1,2,3,4,5]', 'values'],
    ['{"a":1,"b":2,"c":3}', undefined],
    ['[[[]]]', undefined],
    ['[[[[]]]]', 'depth'],
    ['[[]', undefined],
    ['["[[[[,,,,,,"]', undefined],
    ['["\\"[[[[,,,,,"]', undefined],
    ['["\\\\",1,1,1,1]', 'values'],
    ['["', undefined],
    ['["\\', undefined],
  ])('%s: %s', (text, excess) => {
    expect(jsonExcess(Buffer.from(text), { maxValues: 5, maxDepth: 3 })).toBe(excess);
  });

  const { maxBytes, json } = bounds.answer;
  const fill = (make: (index: number) => string): string => {
    const parts: string[] = [];
    for (let size = 0; size < maxBytes && parts.length < json.maxValues; ) {
      const part = make(parts.length);
      parts.push(part);
      size += part.length + 1;
    }
    return parts.join(',');
  };
  it.each([
    ['numbers', `[${fill(() => '1.5e300')}]`],
    ['keys of one object', `{${fill((index) => `"k${index}":1`)}}`],
    ['objects with a key of their own', `[${fill((index) => `{"k${index}":1}`)}]`],
    ['empty arrays', `[${fill(() => '[]')}]`],
    ['deep arrays', `[${fill(() => `${'['.repeat(30)}${']'.repeat(30)}`)}]`],
    ['one string', `"${'x'.repeat(maxBytes - 2)}"`],
    ['escapes', `"${'\\u0101'.repeat(maxBytes / 6 - 2)}"`],
    ['brackets', '['.repeat(maxBytes)],
  ])('%s at the bounds are checked, and parsed if they pass, without a block', async (_name, text) => {
    const bytes = Buffer.from(text.slice(0, maxBytes));
    const passes = jsonExcess(bytes, json) === undefined;
    expect(await missedTicks(() => jsonExcess(bytes, json))).toBe(0);
    expect(await missedTicks(() => (passes ? JSON.parse(bytes.toString()) : undefined))).toBe(0);
  });
});
