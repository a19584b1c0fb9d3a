import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gitIntegrations } from '../../src/api/group.ts';
import { KubeStatusError, KubeTransportError } from '../../src/kube/errors.ts';
import { createInformer, type Informer } from '../../src/kube/informer.ts';
import { silentLog } from '../../src/kube/log.ts';
import { type KubeObject, keyOf } from '../../src/kube/object.ts';
import { startBuiltOperator } from '../built-operator.ts';
import { gitHubIntegration } from '../cluster/objects.ts';
import { clientCredentials } from '../cluster/suite.ts';
import { type Cluster, connectCluster, kinds } from '../harness/cluster.ts';
import { startControlPlane } from '../harness/control-plane/control-plane.ts';
import type { ControlPlane } from '../harness/control-plane/folder.ts';
import { installCrds } from '../harness/crds.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { deadline } from '../harness/pace.ts';
import { inParallel } from '../harness/parallel.ts';
import { type Relay, startRelay } from '../harness/relay.ts';
import { startWorld, type World } from '../harness/world.ts';
import { isObserved, isReady } from './ready.ts';

let controlPlane: ControlPlane;
let relay: Relay;
let world: World;
let cluster: Cluster;
let operator: OperatorProcess;
/** The GitIntegrations as a client of the test sees them, which polls nothing. */
let seen: Informer;
const stop = new AbortController();

/** As many as make the point without a long wait; CONTRIBUTING.md names the command for 5,000. */
const foreignSecrets = Number(process.env['FOREIGN_SECRETS'] ?? 500);
const releases = foreignSecrets / 5;
const secretBytes = 100_000;
/** Base64 of that many bytes. */
const content = randomBytes(secretBytes).toString('base64');

beforeAll(async () => {
  const clientSecret = randomUUID();
  [world, controlPlane] = await Promise.all([
    startWorld({ clientSecret }),
    startControlPlane({ gcPercent: 400, log: () => {} }),
  ]);
  await installCrds(controlPlane.kubeconfigPath);
  cluster = await connectCluster(controlPlane.kubeconfigPath);
  relay = await startRelay(controlPlane.kubeconfigPath);
  for (const namespace of ['system', 'team', 'strangers'])
    await cluster.client.create(kinds.namespace, { metadata: { name: namespace } }, deadline(30_000));
  const token = `ghp_${randomUUID()}`;
  world.github.addToken({ token, login: 'octocat' });
  await cluster.createSecret('team/token', { token });
  await cluster.createSecret('team/login', { clientSecret });
  await cluster.create(kinds.connection, {
    metadata: { name: 'own', namespace: 'team' },
    spec: {
      url: world.codemie.url,
      auth: clientCredentials(world, 'login'),
      limits: { concurrency: 16, requestsPerSecond: 1000 },
    },
  });
  seen = createInformer({ client: cluster.client, resource: gitIntegrations, log: silentLog });
  void seen.run(stop.signal);
  // Half of them is there before the operator, which lists them; the rest comes by its watch.
  await createStrangers(0, 0.5);
  operator = await startBuiltOperator({
    kubeconfig: relay.kubeconfigPath,
    env: world.operatorEnv,
    args: ['--operator-namespace=system', '--cluster-name=faults', '--workers=8'],
  });
});

afterAll(async () => {
  await operator?.kill();
  stop.abort();
  await cluster?.close();
  await relay?.close();
  await controlPlane?.stop();
  await world?.close();
});

/** Secrets that are none of the operator's business: of other programs, and what Helm keeps of its releases. */
async function createStrangers(from: number, to: number): Promise<void> {
  const create = (name: string, type: string) => {
    const metadata = { name, namespace: 'strangers' };
    return cluster.create(kinds.secret, { metadata, type, data: { content } });
  };
  await inParallel(foreignSecrets * from, foreignSecrets * to, (index) => create(`s${index}`, 'Opaque'));
  await inParallel(releases * from, releases * to, (index) =>
    create(`sh.helm.release.v1.r${index}`, 'helm.sh/release.v1'),
  );
}

async function metric(name: string): Promise<number> {
  const line = (await operator.metrics()).split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length));
}

describe('a cluster with much that is none of its business', () => {
  it('costs the metadata of Secrets, and nothing for those of Helm', async () => {
    const before = await metric('process_resident_memory_bytes');
    await createStrangers(0.5, 1);
    const { items } = await cluster.client.list(kinds.secret, {
      fieldSelector: 'type!=helm.sh/release.v1',
      metadataOnly: true,
      signal: deadline(60_000),
    });
    expect(items.length).toBeGreaterThan(foreignSecrets);
    await cluster.waitFor(
      'the cache to be complete',
      async () => (await metric('codemie_cache_objects{resource="secrets"}')) === items.length,
    );
    const stored = (foreignSecrets + releases) * secretBytes;
    expect(relay.receivedBytes).toBeLessThan(stored / 20);
    // Node takes some memory for itself as it goes.
    const grown = (await metric('process_resident_memory_bytes')) - before;
    expect(grown).toBeLessThan(30_000_000 + stored / 20);
  });
});

describe('many reconciles', () => {
  it('share a few connections', async () => {
    const keys = Array.from({ length: 60 }, (_, index) => `team/c${index}`);
    await inParallel(0, keys.length, (index) =>
      cluster.create(kinds.integration, gitHubIntegration(keys[index] ?? '')),
    );
    await allAre(isReady, keys);
    const { connections } = relay;
    const reconciles = await reconcilesOf(operator);
    for (const suspend of [true, false, true, false]) {
      await inParallel(0, keys.length, (index) =>
        cluster.patch(kinds.integration, keys[index] ?? '', [
          { op: 'add', path: '/spec/suspend', value: suspend },
        ]),
      );
      await allAre(isObserved, keys);
    }
    expect((await reconcilesOf(operator)) - reconciles).toBeGreaterThanOrEqual(4 * keys.length);
    // One that was idle for long may be made again.
    expect(relay.connections - connections).toBeLessThanOrEqual(5);
    expect(relay.open).toBeLessThanOrEqual(40);
  });
});

async function allAre(fit: (object: KubeObject) => boolean, keys: string[]): Promise<void> {
  const fits = (key: string): boolean => {
    const object = seen.store.get(key);
    return object !== undefined && fit(object);
  };
  await cluster.waitFor('all to be as wanted', async () => keys.every(fits), 120_000);
}

/** How often the operator has checked an integration so far. */
async function reconcilesOf(running: OperatorProcess): Promise<number> {
  const lines = (await running.metrics()).split('\n');
  const counts = lines.filter((line) =>
    line.startsWith('controller_runtime_reconcile_total{controller="gitintegration"'),
  );
  return counts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('an API server and a store that are killed', () => {
  it('in the middle of 1,000 changes leave no integration behind and none twice', async () => {
    const count = 112;
    const keys = Array.from({ length: count }, (_, index) => `team/k${index}`);
    let changes = 0;
    const change = async (work: () => Promise<unknown>): Promise<void> => {
      await insist(work);
      changes += 1;
    };
    const suspend = (key: string, value: boolean) =>
      cluster.patch(kinds.integration, key, [{ op: 'add', path: '/spec/suspend', value }]);
    const changing = inParallel(0, count, async (index) => {
      const key = keys[index] ?? '';
      await change(() => cluster.create(kinds.integration, gitHubIntegration(key)));
      for (const value of [true, false, true, false, true, false, true, false])
        await change(() => suspend(key, value));
      // Every tenth goes again while all this happens.
      if (index % 10 === 0) await change(() => cluster.delete(kinds.integration, key));
    });
    await cluster.waitFor('a third', async () => changes > 333);
    await controlPlane.killApiServer();
    await controlPlane.startApiServer();
    await cluster.waitFor('two thirds', async () => changes > 666);
    await controlPlane.killEtcd();
    await controlPlane.startEtcd();
    await changing;
    expect(changes).toBeGreaterThan(1000);

    const left = keys.filter((_, index) => index % 10 !== 0);
    await allAre(isReady, left);
    await cluster.waitFor('the deleted ones to be gone', async () => {
      const gone = keys.filter((key) => !left.includes(key));
      return gone.every((key) => seen.store.get(key) === undefined);
    });
    const fresh = await cluster.list(kinds.integration, 'team');
    expect(
      fresh
        .map(keyOf)
        .filter((key) => key.startsWith('team/k'))
        .toSorted(),
    ).toEqual(left.toSorted());
    const wanted = fresh.map(keyOf).toSorted();
    await cluster.waitFor('CodeMie to hold just these', async () => {
      const rows = world.codemie.rows().map(({ alias }) => alias);
      return JSON.stringify(rows.toSorted()) === JSON.stringify(wanted);
    });

    await cluster.waitFor('the cache to equal a fresh list', async () => {
      const listed = versions(await cluster.list(kinds.integration, 'team'));
      return JSON.stringify(versions(seen.store.list())) === JSON.stringify(listed);
    });
    expect(await metric('codemie_cache_objects{resource="gitintegrations"}')).toBe(fresh.length);
    expect(operator.output()).not.toContain('The operator failed');
  });
});

function versions(objects: Iterable<KubeObject>): string[] {
  return [...objects]
    .map((object) => `${keyOf(object)} ${object.metadata.uid} ${object.metadata.resourceVersion}`)
    .toSorted();
}

/** Does something until the API server has heard it. What it has heard before its end counts. */
async function insist(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (error instanceof KubeStatusError && error.code === 409) return;
      const isDown =
        error instanceof KubeTransportError || (error instanceof KubeStatusError && error.code >= 500);
      if (!isDown) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
