import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { startBuiltOperator } from '../built-operator.ts';
import { discard, gitHubIntegration, waitForConnection, waitForEvent } from '../cluster/objects.ts';
import { clientCredentials } from '../cluster/suite.ts';
import { type Cluster, kinds } from '../harness/cluster.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { type ApiRequest, startRequestRecorder } from '../harness/request-recorder.ts';
import { scrape } from '../harness/scrape.ts';
import type { World } from '../harness/world.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import type { ServiceAccount } from './service-account.ts';

/** What the scenario is played with. */
export interface Scenario {
  cluster: Cluster;
  world: World;
  account: ServiceAccount;
  /** The operator's namespace. */
  system: string;
  /** The namespace that integrations are in. */
  team: string;
  /** Flags of the operator besides its namespace. */
  args: string[];
  /** Whether there is a connection of the cluster, which the operator then makes itself. */
  clusterConnection: boolean;
}

/**
 * Lets an operator do, with the rights of an account, everything for which it ever asks the API server: connections
 * with certificates in ConfigMaps, an integration through each, objects that change while it writes to them, news that
 * repeats, deletion, a reader of metrics, and an end in good order. Gives the requests that it made.
 */
export async function playEverything(scenario: Scenario): Promise<readonly ApiRequest[]> {
  const { cluster, world, account, system, team, clusterConnection } = scenario;
  for (const namespace of [system, team]) {
    await cluster.createSecret(`${namespace}/login`, { clientSecret: world.clientSecret });
    await cluster.create(kinds.configMap, {
      metadata: { name: 'internet', namespace },
      data: { 'ca.crt': world.internet.ca },
    });
  }
  await storeToken(scenario);
  const file = clusterConnection ? await describeConnection(scenario) : undefined;
  const recorder = await startRequestRecorder(kubeconfigPath(), account.token);
  onTestFinished(() => recorder.close());
  const changeBeforeStatus = (kind: Resource, key: string): void =>
    recorder.before(
      ({ verb, resource, subresource, name }) =>
        verb === 'patch' && resource === kind.plural && subresource === 'status' && key.endsWith(name ?? ''),
      () => annotate(cluster, kind, key),
    );

  changeBeforeStatus(kinds.integration, `${team}/through-own`);
  changeBeforeStatus(kinds.connection, `${team}/own`);
  if (clusterConnection) changeBeforeStatus(kinds.clusterConnection, 'default');
  const operator: OperatorProcess = await startBuiltOperator({
    kubeconfig: recorder.kubeconfig,
    env: world.operatorEnv,
    args: [
      `--operator-namespace=${system}`,
      ...(file === undefined ? [] : [`--default-connection-file=${file}`]),
      ...scenario.args,
    ],
  });
  onTestFinished(() => operator.stop().then(() => {}));
  await cluster.create(kinds.connection, {
    metadata: { name: 'own', namespace: team },
    spec: connectionSpec(world),
  });
  const integrations = [`${team}/through-own`, ...(clusterConnection ? [`${team}/through-default`] : [])];
  for (const key of integrations)
    await cluster.create(
      kinds.integration,
      gitHubIntegration(key, key.endsWith('own') ? {} : { connectionRef: { name: 'default' } }),
    );
  const allReady = async (): Promise<void> => {
    for (const key of integrations) await cluster.waitForConditions(key, { Ready: 'True/Ready' });
  };
  await allReady();

  // What fails and recovers is reported twice in the same words, which increases the count of the event, once the first
  // is written.
  await waitForEvent(cluster, `${team}/through-own`, 'Ready');
  await cluster.delete(kinds.secret, `${team}/token`);
  await cluster.waitForConditions(`${team}/through-own`, { Ready: 'False/SecretNotFound' });
  await storeToken(scenario);
  await allReady();
  if (clusterConnection) {
    await cluster.delete(kinds.secret, `${system}/login`);
    await waitForConnection(cluster, kinds.clusterConnection, 'default', { Ready: 'False' });
    await cluster.createSecret(`${system}/login`, { clientSecret: world.clientSecret });
    await waitForConnection(cluster, kinds.clusterConnection, 'default', { Ready: 'True' });
  }
  for (const key of integrations) {
    await cluster.delete(kinds.integration, key);
    await cluster.waitForGone(kinds.integration, key);
  }
  // It asks who reads its metrics. The account can identify itself, and lacks permission to read them.
  if (scenario.args.includes('--metrics-auth=kubernetes')) {
    const { status } = await scrape(operator.metricsAddress(), { authorization: `Bearer ${account.token}` });
    if (status !== 403) throw new Error(`A reader without the right got ${status}.`);
  }
  const { code } = await operator.stop();
  if (code !== 0) throw new Error(`The operator ended with ${code}. It wrote:\n${operator.output()}`);
  return recorder.requests;
}

function connectionSpec(world: World): Record<string, unknown> {
  return {
    url: world.codemie.url,
    auth: clientCredentials(world, 'login'),
    tls: { caRef: { kind: 'ConfigMap', name: 'internet' } },
  };
}

async function storeToken({ cluster, world, team }: Scenario): Promise<void> {
  const token = `ghp_${randomUUID()}`;
  world.github.addToken({ token, login: 'octocat' });
  await cluster.createSecret(`${team}/token`, { token });
}

/** Writes the file of the default connection, which goes with the test as the connection does. */
async function describeConnection({ cluster, world, team }: Scenario): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'connection-'));
  const file = join(folder, 'connection.yaml');
  const consumers = [{ namespaces: [team], projects: ['demo'] }];
  await writeFile(file, JSON.stringify({ ...connectionSpec(world), consumers }));
  onTestFinished(async () => {
    await rm(folder, { recursive: true, force: true });
    await discard(cluster, kinds.clusterConnection, 'default');
  });
  return file;
}

/** Someone else's change: the version that the operator knows is old then. */
async function annotate(cluster: Cluster, kind: Resource, key: string): Promise<KubeObject> {
  const object = await cluster.get(kind, key);
  const value = { ...object?.metadata.annotations, 'example.com/changed': randomUUID() };
  return cluster.patch(kind, key, [{ op: 'add', path: '/metadata/annotations', value }]);
}
