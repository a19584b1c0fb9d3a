import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { kinds } from './kinds.ts';
import { reference, referencePaths, referencesIn } from './references.ts';
import { type StructuralSchema, toStructuralSchema } from './structural-schema.ts';

/** Every object of a schema that looks as if it named another one: with a field `name` under a field that ends in `Ref`. */
function fieldsThatName(schema: StructuralSchema, path: string[] = []): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = [...path, name];
    return name.endsWith('Ref') || (field.properties?.['name'] && field.properties['key'])
      ? [here.join('.')]
      : fieldsThatName(field, here);
  });
}

describe('the references of a schema', () => {
  it.each(kinds.map((kind) => [kind.resource.kind, kind.spec] as const))(
    '%s: every field that names another object is marked with `reference`, so that a change of that object wakes it',
    (kind, spec) => {
      const found = fieldsThatName(toStructuralSchema(spec, kind));
      expect(found.length).toBeGreaterThan(0);
      expect(referencePaths(spec).toSorted()).toEqual(found.toSorted());
    },
  );

  const key = reference(z.object({ name: z.string(), key: z.string() }), 'Secret');
  const any = reference(z.object({ kind: z.string(), name: z.string() }));

  it('are read from a value, those that are absent left out', () => {
    const read = referencesIn(
      z.object({
        a: z.object({ key: key.describe('described').optional() }).optional(),
        any: any.prefault({ kind: 'X', name: 'x' }),
      }),
    );
    expect(read({ a: { key: { name: 'one', key: 'k' } }, any: { kind: 'ConfigMap', name: 'two' } })).toEqual([
      { kind: 'Secret', name: 'one' },
      { kind: 'ConfigMap', name: 'two' },
    ]);
    expect(read({ any: { kind: 'X', name: 'x' } })).toEqual([{ kind: 'X', name: 'x' }]);
  });

  it('are refused in a list, where nothing would find them', () => {
    expect(() => referencesIn(z.object({ list: z.array(key) }))).toThrow('list: references in lists');
  });
});
