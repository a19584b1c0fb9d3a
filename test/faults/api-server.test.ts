import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gitIntegrations } from '../../src/api/group.ts';
import { KubeStatusError, KubeTransportError } from '../../src/kube/errors.ts';
import { createInformer, type Informer } from '../../src/kube/informer.ts';
import { silentLog } from '../../src/kube/log.ts';
import { type KubeObject, keyOf } from '../../src/kube/object.ts';
import { gitHubIntegration } from '../cluster/objects.ts';
import { clientCredentials } from '../cluster/suite.ts';
import { type Cluster, connectCluster, kinds } from '../harness/cluster.ts';
import { type ControlPlane, startControlPlane } from '../harness/control-plane/control-plane.ts';
import { installCrds } from '../harness/crds.ts';
import { type OperatorProcess, startOperator } from '../harness/operator-process.ts';
import { type Relay, startRelay } from '../harness/relay.ts';
import { startWorld, type World } from '../harness/world.ts';
import { inParallel } from './parallel.ts';
import { isObserved, isReady } from './ready.ts';

let controlPlane: ControlPlane;
let relay: Relay;
let world: World;
let cluster: Cluster;
let operator: OperatorProcess;
/** The GitIntegrations as a client of the test sees them, which polls nothing. */
let seen: Informer;
const stop = new AbortController();

const smallSecrets = 5000;
const releases = 300;
const bytesOf = (size: number): string =>
  randomUUID()
    .repeat(Math.ceil(size / 36))
    .slice(0, size);

beforeAll(async () => {
  const clientSecret = randomUUID();
  [world, controlPlane] = await Promise.all([
    startWorld({ clientSecret }),
    startControlPlane({ log: () => {} }),
  ]);
  await installCrds(controlPlane.kubeconfigPath);
  cluster = await connectCluster(controlPlane.kubeconfigPath);
  relay = await startRelay(controlPlane.kubeconfigPath);
  for (const namespace of ['system', 'team', 'strangers'])
    await cluster.client.create(
      kinds.namespace,
      { metadata: { name: namespace } },
      AbortSignal.timeout(30_000),
    );
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
  operator = await startOperator({
    kubeconfig: relay.kubeconfigPath,
    env: world.operatorEnv,
    args: ['--operator-namespace=system', '--cluster-name=faults', '--workers=8'],
  });
}, 240_000);

afterAll(async () => {
  await operator?.kill();
  stop.abort();
  await cluster?.close();
  await relay?.close();
  await controlPlane?.stop();
  await world?.close();
});

/** Secrets that are none of the operator's business: small ones, and what Helm keeps of its releases. */
async function createStrangers(from: number, to: number): Promise<void> {
  const create = (name: string, type: string, size: number) =>
    cluster.create(kinds.secret, {
      metadata: { name, namespace: 'strangers' },
      type,
      stringData: { value: bytesOf(size) },
    });
  await inParallel(smallSecrets * from, smallSecrets * to, (index) => create(`s${index}`, 'Opaque', 2000));
  await inParallel(releases * from, releases * to, (index) =>
    create(`sh.helm.release.v1.r${index}`, 'helm.sh/release.v1', 100_000),
  );
}

async function metric(name: string): Promise<number> {
  const line = (await operator.metrics()).split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length));
}

describe('a cluster with much that is none of its business', { timeout: 240_000 }, () => {
  it('costs the metadata of Secrets, and nothing for those of Helm', async () => {
    await createStrangers(0.5, 1);
    const { items } = await cluster.client.list(kinds.secret, {
      fieldSelector: 'type!=helm.sh/release.v1',
      metadataOnly: true,
      signal: AbortSignal.timeout(60_000),
    });
    expect(items.length).toBeGreaterThan(smallSecrets);
    await cluster.waitFor(
      'the cache to be complete',
      async () => (await metric('codemie_cache_objects{resource="secrets"}')) === items.length,
    );
    const content = smallSecrets * 2000 + releases * 100_000;
    expect(relay.receivedBytes).toBeLessThan(content / 4);
  });
});

describe('many reconciles', { timeout: 240_000 }, () => {
  it('share a few connections', async () => {
    const keys = Array.from({ length: 60 }, (_, index) => `team/c${index}`);
    await inParallel(0, keys.length, (index) =>
      cluster.create(kinds.integration, gitHubIntegration(keys[index] ?? '')),
    );
    await allAre(isReady, keys);
    const { connections } = relay;
    const requests = await requestsOf(operator);
    for (const suspend of [true, false, true, false, true, false]) {
      await inParallel(0, keys.length, (index) =>
        cluster.patch(kinds.integration, keys[index] ?? '', [
          { op: 'add', path: '/spec/suspend', value: suspend },
        ]),
      );
      await allAre(isObserved, keys);
    }
    expect((await requestsOf(operator)) - requests).toBeGreaterThan(600);
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

/** Requests that the operator has sent to the API server so far. */
async function requestsOf(running: OperatorProcess): Promise<number> {
  const lines = (await running.metrics()).split('\n');
  const counts = lines.filter((line) => line.startsWith('rest_client_requests_total{'));
  return counts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('an API server and a store that are killed', { timeout: 240_000 }, () => {
  it('leave no integration behind and none twice', async () => {
    const count = 300;
    const keys = Array.from({ length: count }, (_, index) => `team/k${index}`);
    let created = 0;
    const creating = inParallel(0, count, async (index) => {
      await insist(() => cluster.create(kinds.integration, gitHubIntegration(keys[index] ?? '')));
      created += 1;
      // Every tenth goes again while all this happens.
      if (index % 10 === 0) await insist(() => cluster.delete(kinds.integration, keys[index] ?? ''));
    });
    await cluster.waitFor('a third', async () => created > count / 3);
    await controlPlane.killApiServer();
    await controlPlane.startApiServer();
    await cluster.waitFor('two thirds', async () => created > (count * 2) / 3);
    await controlPlane.killEtcd();
    await controlPlane.startEtcd();
    await creating;

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
    const rows = world.codemie.rows().map(({ alias }) => alias);
    expect(rows.toSorted()).toEqual(fresh.map(keyOf).toSorted());

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
