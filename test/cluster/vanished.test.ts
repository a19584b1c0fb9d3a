import { expect, it } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { drop, type FaultOutcome } from '../harness/peers/codemie/faults.ts';
import { discard, gitHubIntegration, rowsOf, storeGitHubToken } from './objects.ts';
import { useSuite } from './suite.ts';

/*
 * An API server can delete an object in the very moment that a finalizer is added to it, and the operator goes on to
 * write for it. Here the finalizers are taken away instead, which ends in the same, while CodeMie is asked to create.
 */
const suite = useSuite();

interface Vanishing {
  spec?: Record<string, unknown>;
  outcome?: FaultOutcome;
  /** Once it is gone, and before CodeMie goes on. */
  afterwards?: (key: string) => Promise<unknown>;
}

/** Creates an integration that ends before CodeMie has carried its create out. */
async function vanishWhileCreated({ spec, outcome, afterwards }: Vanishing): Promise<string> {
  const { cluster, world } = suite;
  const namespace = await suite.team();
  const key = `${namespace}/acme`;
  await storeGitHubToken(suite, `${namespace}/token`);
  const gone = Promise.withResolvers<void>();
  world.codemie.faults.add({
    method: 'POST',
    path: '/v1/settings/project',
    ...(outcome && { outcome }),
    async before() {
      await discard(cluster, kinds.integration, key);
      await afterwards?.(key);
      gone.resolve();
    },
  });
  await cluster.create(kinds.integration, gitHubIntegration(key, spec));
  await gone.promise;
  return key;
}

const aliasesOf = (key: string) => rowsOf(suite.world, key).map(({ alias }) => alias);
const deletions = () => suite.world.codemie.requests.filter(({ method }) => method === 'DELETE').length;

it.each<{ name: string; outcome?: FaultOutcome }>([
  { name: 'confirms it' },
  { name: 'does it and hangs up', outcome: drop('afterCommit') },
])('an object that ends during its create leaves no row behind when CodeMie $name', async ({ outcome }) => {
  const before = deletions();
  const key = await vanishWhileCreated(outcome ? { outcome } : {});
  await suite.cluster.waitFor('the row to be removed', async () => deletions() > before);
  await suite.cluster.waitFor('it to be gone', async () => aliasesOf(key).length === 0);
  expect(await suite.operator.metrics()).toMatch(/registrations_orphaned_total 0/);
});

it('an object of the same name that comes next has one row, as it wants it', async () => {
  const key = await vanishWhileCreated({
    spec: { alias: 'former' },
    afterwards: (name) =>
      suite.cluster.create(kinds.integration, gitHubIntegration(name, { alias: 'latter' })),
  });
  await suite.cluster.waitForConditions(key, { Ready: 'True/Ready' });
  expect(aliasesOf(key)).toEqual(['latter']);
});

it('an object that ends during its create leaves the row there under deletionPolicy Orphan', async () => {
  const key = await vanishWhileCreated({ spec: { deletionPolicy: 'Orphan' } });
  await suite.cluster.waitFor('the row', async () => aliasesOf(key).length === 1);
  // The queue has been through since then.
  const next = key.replace('acme', 'next');
  await suite.cluster.create(kinds.integration, gitHubIntegration(next));
  await suite.cluster.waitForConditions(next, { Ready: 'True/Ready' });
  await suite.cluster.delete(kinds.integration, next);
  await suite.cluster.waitForGone(kinds.integration, next);
  expect(aliasesOf(key)).toEqual([key]);
});
