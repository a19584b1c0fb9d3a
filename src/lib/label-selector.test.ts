import { describe, expect, it } from 'vitest';
import { parseLabelSelector } from './label-selector.ts';

describe('parseLabelSelector', () => {
  it.each<{ selector: string; yes: Record<string, string>[]; no: Record<string, string>[] }>([
    { selector: 'shard=a', yes: [{ shard: 'a' }, { shard: 'a', b: 'c' }], no: [{ shard: 'b' }, {}] },
    { selector: 'shard==a', yes: [{ shard: 'a' }], no: [{ shard: 'b' }, {}] },
    { selector: 'shard!=a', yes: [{ shard: 'b' }, {}], no: [{ shard: 'a' }] },
    { selector: 'shard in (a,b)', yes: [{ shard: 'a' }, { shard: 'b' }], no: [{ shard: 'c' }, {}] },
    { selector: 'shard notin (a, b)', yes: [{ shard: 'c' }, {}], no: [{ shard: 'a' }, { shard: 'b' }] },
    { selector: 'shard', yes: [{ shard: 'a' }, { shard: '' }], no: [{ other: 'shard' }, {}] },
    { selector: '!shard', yes: [{}, { other: 'a' }], no: [{ shard: 'a' }, { shard: '' }] },
    { selector: 'shard=', yes: [{ shard: '' }], no: [{ shard: 'a' }, {}] },
    { selector: 'example.com/my.shard = a-1_b', yes: [{ 'example.com/my.shard': 'a-1_b' }], no: [{}] },
    {
      selector: 'a in (1,2),!b,c!=3',
      yes: [{ a: '1' }, { a: '2', c: '4' }],
      no: [{ a: '3' }, { a: '1', b: '' }, { a: '1', c: '3' }, {}],
    },
    { selector: 'constructor', yes: [{ constructor: 'a' }], no: [{}] },
  ])('$selector', ({ selector, yes, no }) => {
    const { matches } = parseLabelSelector(selector);
    expect({ yes: yes.filter(matches), no: no.filter(matches) }).toEqual({ yes, no: [] });
  });

  it('takes an object without labels', () => {
    expect(parseLabelSelector('!shard').matches(undefined)).toBe(true);
    expect(parseLabelSelector('shard').matches(undefined)).toBe(false);
  });

  it.each([
    '',
    ' ',
    ',',
    'a,',
    'a=b=c',
    '=a',
    'a in b',
    'a in ()b',
    'a of (b)',
    'a b',
    '!',
    '-a',
    'a=-',
    '(a)',
  ])('refuses "%s"', (selector) => {
    expect(() => parseLabelSelector(selector)).toThrow(RangeError);
  });

  it.each([
    { one: 'a=1,b in (2,3)', other: ' b in ( 3 , 2 ),a == 1' },
    { one: 'a!=1', other: 'a notin (1),a!=1' },
    { one: '! a', other: '!a' },
  ])('$one and $other have one canonical form', ({ one, other }) => {
    expect(parseLabelSelector(other).canonical).toBe(parseLabelSelector(one).canonical);
  });

  it('different selectors have different canonical forms', () => {
    const selectors = ['a', '!a', 'a=1', 'a=2', 'a!=1', 'a=', 'a in (1,2)', 'a notin (1,2)', 'a=1,b'];
    expect(new Set(selectors.map((text) => parseLabelSelector(text).canonical)).size).toBe(selectors.length);
  });
});
