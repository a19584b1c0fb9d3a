import { beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '../../../src/api/kinds.ts';
import { judge, runLua } from '../../harness/gitops/judge.ts';
import { type Actions, actionScripts, healthScripts } from './health-scripts.ts';

const object = (spec: object, metadata: object = {}) => ({
  apiVersion: 'codemie.ai/v1alpha1',
  kind: 'GitIntegration',
  metadata: { name: 'acme', namespace: 'team-a', generation: 1, ...metadata },
  spec: { provider: 'GitLab', project: 'demo', auth: { token: { secretRef: { name: 'acme' } } }, ...spec },
});

let actions: Record<string, Actions>;
beforeAll(async () => {
  actions = await actionScripts();
});

it.each(kinds)('offers to reconcile a $resource.kind', async ({ resource: { kind } }) => {
  const { discovery = '', scripts = {} } = actions[kind] ?? {};
  const [offered] = await runLua(discovery, [object({})]);
  expect(offered).toMatchObject({ reconcile: { disabled: false } });
  expect(new Set(Object.keys(scripts))).toEqual(new Set(Object.keys(Object(offered))));
  const other = { 'example.com/note': 'kept' };
  const results = await runLua(scripts['reconcile'] ?? '', [object({}), object({}, { annotations: other })]);
  for (const [index, result] of results.entries())
    expect(result).toMatchObject({
      metadata: {
        annotations: {
          ...(index === 1 && other),
          'codemie.ai/reconcile-requested-at': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        },
      },
    });
});

describe('a GitIntegration', () => {
  it.each([
    ['works', {}, { reconcile: false, suspend: false, resume: true }],
    ['works by its own word', { suspend: false }, { reconcile: false, suspend: false, resume: true }],
    ['is suspended', { suspend: true }, { reconcile: true, suspend: true, resume: false }],
  ])('that %s offers what makes sense', async (_name, spec, disabled) => {
    const [offered] = await runLua(actions['GitIntegration']?.discovery ?? '', [object(spec)]);
    expect(offered).toEqual(
      Object.fromEntries(Object.entries(disabled).map(([name, is]) => [name, { disabled: is }])),
    );
  });

  it.each([
    ['suspend', true],
    ['resume', false],
  ])('is changed by %s in nothing else', async (name, suspend) => {
    const [result] = await runLua(actions['GitIntegration']?.scripts[name] ?? '', [
      object({ suspend: !suspend }),
    ]);
    expect(result).toEqual(object({ suspend }));
  });
});

describe('health', () => {
  const waiting = (minutes: number, status: string) => ({
    ...object({}),
    status: {
      observedGeneration: 1,
      conditions: [
        {
          type: 'Ready',
          status,
          message: 'Secret "acme" does not exist.',
          lastTransitionTime: new Date(Date.now() - minutes * 60_000).toISOString(),
        },
        { type: 'Reconciling', status: 'True', message: 'It is waited for.' },
      ],
    },
  });

  it.each([
    ['has just begun to wait for someone to act', 1, 'False', 'Progressing'],
    ['has waited for someone to act for long', 11, 'False', 'Degraded'],
    ['waits for a server, however long', 100, 'Unknown', 'Progressing'],
  ])('of an object that %s', async (_name, minutes, status, health) => {
    const scripts = await healthScripts();
    const [verdict] = await judge(scripts['GitIntegration'] ?? '', [waiting(minutes, status)]);
    expect(verdict?.health.status).toBe(health);
  });
});
