import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fitterOf } from './fit.ts';
import { connectionStatusSchema } from './v1alpha1/connection-status.ts';
import { type GitIntegrationStatus, gitIntegrationStatusSchema } from './v1alpha1/git-integration-status.ts';

const fitIntegration = fitterOf(gitIntegrationStatusSchema);
const fitConnection = fitterOf(connectionStatusSchema);
const long = 'x'.repeat(100_000);

const usual: GitIntegrationStatus = {
  observedGeneration: 3,
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Ready',
      message: 'It is.',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: 3,
    },
  ],
  credential: { kind: 'GitHubApp', account: 'a', scopes: ['b'], expiresAt: '2026-01-01T00:00:00+02:00' },
  installation: { id: 1, account: 'a', suspendedAt: '2026-01-01T00:00:00.123Z' },
};

describe('fitterOf', () => {
  it('leaves a status that fits as it is', () => {
    expect(fitIntegration(usual)).toEqual(usual);
    expect(fitConnection({ observedGeneration: 1 })).toEqual({ observedGeneration: 1 });
  });

  it.each<{ name: string; given: Partial<GitIntegrationStatus>; left: Partial<GitIntegrationStatus> }>([
    {
      name: 'more scopes, and longer ones, than the list takes',
      given: { credential: { scopes: Array<string>(5000).fill(long) } },
      left: { credential: { scopes: Array<string>(200).fill(long.slice(0, 255)) } },
    },
    {
      name: 'long names',
      given: { credential: { kind: long, account: long, fingerprint: long } },
      left: {
        credential: {
          kind: long.slice(0, 100),
          account: long.slice(0, 255),
          fingerprint: long.slice(0, 100),
        },
      },
    },
    {
      name: 'half of a pair of surrogates',
      given: { credential: { account: `${'x'.repeat(254)}😀` } },
      left: { credential: { account: `${'x'.repeat(254)}\uFFFD` } },
    },
    {
      name: 'a time without seconds',
      given: { credential: { expiresAt: '2026-01-01T00:00Z' } },
      left: { credential: { expiresAt: '2026-01-01T00:00:00Z' } },
    },
    {
      name: 'times that are none',
      given: { credential: { kind: 'x', expiresAt: '2026-13-41T99:00:00Z', validatedAt: 'now' } },
      left: { credential: { kind: 'x' } },
    },
    {
      name: 'a time after the year 9999',
      given: { credential: { kind: 'x', expiresAt: '+010000-01-01T00:00:00Z' } },
      left: { credential: { kind: 'x' } },
    },
    {
      name: 'an installation without a number that counts',
      given: { installation: { id: 0, account: 'a' } },
      left: {},
    },
    {
      name: 'an installation with a number that is too large',
      given: { installation: { id: 1e300, account: 'a' } },
      left: {},
    },
  ])('fits $name', ({ given, left }) => {
    expect(fitIntegration({ ...usual, ...given })).toEqual({
      ...usual,
      ...(given.credential && { credential: undefined }),
      ...(given.installation && { installation: undefined }),
      ...left,
    });
  });

  it('fits each field of both kinds of status, whatever a server puts there', () => {
    const longest = (schema: z.core.JSONSchema.BaseSchema): unknown => {
      if (schema.enum) return schema.enum[0];
      if (schema.type === 'object')
        return Object.fromEntries(
          Object.entries(schema.properties ?? {}).map(([name, member]) => [
            name,
            typeof member === 'boolean' ? member : longest(member),
          ]),
        );
      if (schema.type === 'array' && typeof schema.items === 'object' && !Array.isArray(schema.items))
        return Array<unknown>(3_000).fill(longest(schema.items));
      if (schema.type === 'integer') return 7;
      if (schema.type === 'boolean') return true;
      return schema.format === 'date-time' ? '2026-01-01T00:00Z' : `${long}\uD800`;
    };
    for (const [schema, fitted] of [
      [gitIntegrationStatusSchema, fitIntegration],
      [connectionStatusSchema, fitConnection],
    ] as const) {
      const given = longest(z.toJSONSchema(schema, { io: 'input' }));
      expect(schema.safeParse(given).success).toBe(false);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what does not fit is the point
      const left = fitted(given as never);
      expect(schema.parse(left)).toEqual(left);
      expect(Object.keys(left).toSorted()).toEqual(Object.keys(given ?? {}).toSorted());
    }
  });
});
