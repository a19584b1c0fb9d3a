import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { immutable, withRules } from './rule.ts';
import { toStructuralSchema } from './structural-schema.ts';

const text = () => z.string().max(10);

describe('toStructuralSchema', () => {
  it('carries over types, limits, defaults, rules and merge keys', () => {
    const schema = z.object({
      name: immutable(text().min(1), 'cannot be changed').describe('A name.'),
      kind: z.enum(['A', 'B']).default('A').describe('A kind.'),
      count: z.int().min(1).optional().describe('A number.'),
      at: z.iso.datetime({ offset: true }).optional().describe('A time.'),
      nested: z
        .object({ on: z.boolean().default(false).describe('A switch.') })
        .prefault({})
        .describe('A group.'),
      items: z.array(text()).max(3).meta({ 'x-kubernetes-list-type': 'set' }).optional().describe('A list.'),
      labels: z.record(z.string(), text()).meta({ maxProperties: 2 }).optional().describe('A map.'),
    });
    expect(toStructuralSchema(schema, 'spec')).toEqual({
      type: 'object',
      required: ['name'],
      properties: {
        name: {
          description: 'A name.',
          type: 'string',
          minLength: 1,
          maxLength: 10,
          'x-kubernetes-validations': [
            { rule: 'self == oldSelf', message: 'cannot be changed', reason: 'FieldValueForbidden' },
          ],
        },
        kind: { description: 'A kind.', type: 'string', enum: ['A', 'B'], default: 'A' },
        count: { description: 'A number.', type: 'integer', format: 'int64', minimum: 1 },
        at: { description: 'A time.', type: 'string', format: 'date-time' },
        nested: {
          description: 'A group.',
          type: 'object',
          default: {},
          properties: { on: { description: 'A switch.', type: 'boolean', default: false } },
        },
        items: {
          description: 'A list.',
          type: 'array',
          maxItems: 3,
          items: { type: 'string', maxLength: 10 },
          'x-kubernetes-list-type': 'set',
        },
        labels: {
          description: 'A map.',
          type: 'object',
          maxProperties: 2,
          additionalProperties: { type: 'string', maxLength: 10 },
        },
      },
    });
  });

  it('puts the rules of a field in the order in which they were added', () => {
    const rule = (message: string) => ({ cel: 'true', message, holds: () => true });
    const schema = immutable(withRules(text(), rule('one'), rule('two')), 'three');
    const messages = toStructuralSchema(schema, 'spec')['x-kubernetes-validations']?.map((v) => v.message);
    expect(messages).toEqual(['one', 'two', 'three']);
  });

  // What kube-apiserver 1.36 refuses in a definition, or what we refuse ourselves.
  it.each([
    ['a union', { a: z.union([text(), z.int()]).describe('x') }],
    ['a union of objects', { a: z.union([z.object({}), z.object({})]).describe('x') }],
    ['any value', { a: z.unknown().describe('x') }],
    ['a tuple', { a: z.tuple([text()]).describe('x') }],
    ['null', { a: text().nullable().describe('x') }],
    ['a strict object', { a: z.strictObject({}).describe('x') }],
    ['a pattern', { a: text().regex(/x/).describe('x') }],
    ['a float', { a: z.number().describe('x') }],
    ['a literal number', { a: z.literal(1).describe('x') }],
    ['a keyword that nobody knows', { a: text().meta({ example: 'x' }).describe('x') }],
    ['a field without description', { a: text() }],
    ['a string without limit', { a: z.string().describe('x') }],
    ['a list without limit', { a: z.array(text()).meta({ 'x-kubernetes-list-type': 'set' }).describe('x') }],
    ['a list without merge rule', { a: z.array(text()).max(3).describe('x') }],
    [
      'a set with a default',
      { a: z.array(text()).max(3).meta({ 'x-kubernetes-list-type': 'set' }).default(['x']).describe('x') },
    ],
    [
      'an atomic object with a default inside',
      {
        a: z
          .object({ b: text().default('x').describe('x') })
          .meta({ 'x-kubernetes-map-type': 'atomic' })
          .describe('x'),
      },
    ],
    ['a map without limit', { a: z.record(z.string(), text()).describe('x') }],
  ])('refuses %s and says where', (_name, shape) => {
    expect(() => toStructuralSchema(z.object(shape), 'spec')).toThrow(/^spec\.a/);
  });
});
