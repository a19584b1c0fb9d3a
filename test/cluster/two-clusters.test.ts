import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, connectCluster, kinds } from '../harness/cluster.ts';
import { startControlPlane } from '../harness/control-plane/control-plane.ts';
import type { ControlPlane } from '../harness/control-plane/folder.ts';
import { installCrds } from '../harness/crds.ts';
import { deadline } from '../harness/pace.ts';
import { gitHubIntegration, reconciled, rowsOf, storeGitHubToken } from './objects.ts';
import { clientCredentials, useSuite } from './suite.ts';

/*
 * Two clusters with an operator each, the same names in both, and one CodeMie with one login for both. Neither knows of
 * the other but by what is in CodeMie.
 */
const suite = useSuite();
const namespace = 'two-clusters';
const key = `${namespace}/acme`;
let controlPlane: ControlPlane;
let other: Cluster;

beforeAll(async () => {
  controlPlane = await startControlPlane({ log: () => {} });
  await installCrds(controlPlane.kubeconfigPath);
  other = await connectCluster(controlPlane.kubeconfigPath);
  for (const cluster of [suite.cluster, other]) await prepare(cluster);
  await suite.start({
    kubeconfig: controlPlane.kubeconfigPath,
    args: ['--operator-namespace', 'default', '--cluster-name', 'the-other'],
  });
});
afterAll(async () => {
  await suite.cluster.delete(kinds.namespace, namespace);
  await other?.close();
  await controlPlane?.stop();
});

async function prepare(cluster: Cluster): Promise<void> {
  const { world } = suite;
  await cluster.client.create(kinds.namespace, { metadata: { name: namespace } }, deadline(30_000));
  await storeGitHubToken({ ...suite, cluster }, `${namespace}/token`);
  await cluster.createSecret(`${namespace}/login`, { clientSecret: world.clientSecret });
  await cluster.create(kinds.connection, {
    metadata: { name: 'own', namespace },
    spec: { url: world.codemie.url, auth: clientCredentials(world, 'login') },
  });
}

/** Writes to CodeMie so far. */
const writes = () => suite.world.codemie.requests.filter(({ method }) => method !== 'GET').length;
const create = (cluster: Cluster, spec: Record<string, unknown>) =>
  cluster.create(kinds.integration, gitHubIntegration(key, spec));

async function remove(cluster: Cluster): Promise<void> {
  await cluster.delete(kinds.integration, key);
  await cluster.waitForGone(kinds.integration, key);
}

it('with objects of one name have a row each, and remove their own', async () => {
  await create(suite.cluster, { alias: 'one' });
  await create(other, { alias: 'other' });
  for (const cluster of [suite.cluster, other]) await cluster.waitForConditions(key, { Ready: 'True/Ready' });
  expect(rowsOf(suite.world, key)).toHaveLength(2);
  await remove(suite.cluster);
  expect(rowsOf(suite.world, key).map(({ alias }) => alias)).toEqual(['other']);
  await remove(other);
  expect(rowsOf(suite.world, key)).toEqual([]);
});

it('that may both adopt do not take one row from each other forever', async () => {
  const { cluster, world } = suite;
  const spec = { alias: 'wanted by both', adoptionPolicy: 'Always' };
  await create(cluster, spec);
  await cluster.waitForConditions(key, { Ready: 'True/Ready' });
  const [row] = rowsOf(world, key);
  await create(other, spec);
  await other.waitForConditions(key, { Ready: 'True/Ready', Registered: 'True/Adopted' });
  await reconciled(cluster, key, { Ready: 'False/OwnedByOther' });

  const before = [writes(), structuredClone(rowsOf(world, key))];
  for (let round = 0; round < 3; round += 1) {
    await reconciled(other, key, { Ready: 'True/Ready' });
    await reconciled(cluster, key, { Ready: 'False/OwnedByOther' });
  }
  expect([writes(), rowsOf(world, key)]).toEqual(before);
  expect(rowsOf(world, key).map(({ id }) => id)).toEqual([row?.id]);
  await remove(cluster);
  expect(rowsOf(world, key)).toHaveLength(1);
  await remove(other);
  expect(rowsOf(world, key)).toEqual([]);
});
