import { Gauge } from '@prometheus-io/client';
import { describe, expect, it } from 'vitest';
import { createExposition, labelText, type ObjectGauge } from './exposition.ts';

const gauge = (series: ObjectGauge['series']): ObjectGauge => ({
  name: 'things',
  help: 'All things.',
  labelNames: ['name'],
  series,
});

describe('an exposition', () => {
  it('shows what is kept, then what is made at the moment', async () => {
    const exposition = createExposition();
    new Gauge({ name: 'kept', help: 'Kept.', registers: [exposition.registry] }).set(1);
    const names = ['a'];
    exposition.add(gauge(() => names.map((name) => [labelText({ name }), 2])));
    names.push('b');
    expect((await Array.fromAsync(exposition.text())).join('')).toBe(
      '# HELP kept Kept.\n# TYPE kept gauge\nkept 1\n\n# HELP things All things.\n# TYPE things gauge\nthings{name="a"} 2\nthings{name="b"} 2\n',
    );
  });

  it('comes in pieces, between which others get their turn', async () => {
    const exposition = createExposition();
    exposition.add(gauge(() => Array.from({ length: 2_500 }, (_, each) => [`name="${each}"`, each])));
    let turns = 0;
    const count = (): void => {
      turns += 1;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    const pieces = await Array.fromAsync(exposition.text());
    clearImmediate(immediate);
    expect(
      pieces
        .join('')
        .split('\n')
        .filter((line) => line.startsWith('things{')),
    ).toHaveLength(2_500);
    expect(turns).toBeGreaterThanOrEqual(2);
  });

  it('has one metric of a name', () => {
    const exposition = createExposition();
    exposition.add(gauge(() => []));
    expect(() => exposition.add(gauge(() => []))).toThrow('There are two metrics things.');
  });
});

it('escapes the values of labels', () => {
  expect(labelText({ a: 'x', b: 'say "no"\\\n' })).toBe('a="x",b="say \\"no\\"\\\\\\n"');
});
