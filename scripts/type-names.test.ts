import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/*
 * A reader who finds `Outcome` imported should not have to check of which file. Two exported types of src have one name
 * only where they mean the same.
 */

/** By name, why both exist. */
const same: Readonly<Record<string, string>> = {
  Condition:
    'An entry of status.conditions. src/kube, which knows no kind of ours, describes it without a schema.',
};

it('no two exported types of src have one name', () => {
  const source = join(import.meta.dirname, '..', 'src');
  const places = new Map<string, string[]>();
  for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const text = readFileSync(join(source, file), 'utf8');
    for (const [, name = ''] of text.matchAll(/^export (?:interface|type|class|enum) (\w+)/gm))
      places.set(name, [...(places.get(name) ?? []), file]);
  }
  const twins = [...places].filter(([name, files]) => files.length > 1 && !(name in same));
  expect(Object.fromEntries(twins)).toEqual({});
});
