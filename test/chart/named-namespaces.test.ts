import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { startBuiltOperator } from '../built-operator.ts';
import { gitHubIntegration, rowsOf } from '../cluster/objects.ts';
import { clientCredentials } from '../cluster/suite.ts';
import { type Cluster, connectCluster, kinds } from '../harness/cluster.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { type RequestRecorder, startRequestRecorder } from '../harness/request-recorder.ts';
import { startWorld, type World } from '../harness/world.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { createServiceAccount } from './service-account.ts';

let cluster: Cluster;
let world: World;

beforeAll(async () => {
  cluster = await connectCluster(kubeconfigPath());
  world = await startWorld();
});

afterAll(async () => {
  await cluster?.clearNamespaces();
  await cluster?.close();
  await world?.close();
});

/** A namespace with a connection `own` and the Secrets `login` and `token`. */
async function makeTeam(): Promise<string> {
  const team = await cluster.createNamespace('team');
  const token = `ghp_${team}`;
  world.github.addToken({ token, login: 'octocat' });
  await cluster.createSecret(`${team}/token`, { token });
  await cluster.createSecret(`${team}/login`, { clientSecret: world.clientSecret });
  await cluster.create(kinds.connection, {
    metadata: { name: 'own', namespace: team },
    spec: { url: world.codemie.url, auth: clientCredentials(world, 'login') },
  });
  return team;
}

async function start(
  system: string,
  namespaces: readonly string[],
  token: string,
): Promise<{ operator: OperatorProcess; recorder: RequestRecorder }> {
  const recorder = await startRequestRecorder(kubeconfigPath(), token);
  const operator = await startBuiltOperator({
    kubeconfig: recorder.kubeconfig,
    env: world.operatorEnv,
    args: [
      `--operator-namespace=${system}`,
      `--watch-namespaces=${namespaces.join(',')}`,
      `--cluster-name=${system}`,
    ],
  });
  onTestFinished(async () => {
    await operator.stop();
    await recorder.close();
  });
  return { operator, recorder };
}

const values = (namespaces: readonly string[]): object => ({
  watchNamespaces: namespaces,
  clusterName: 'c',
  replicas: 1,
  leaderElection: { enabled: false },
});

it('works in the namespaces that are named, and asks for nothing of any other', async () => {
  const system = await cluster.createNamespace('system');
  const [first, second, foreign] = [await makeTeam(), await makeTeam(), await makeTeam()];
  const { token } = await createServiceAccount(system, values([first, second]));
  const { recorder } = await start(system, [first, second], token);
  for (const team of [foreign, first, second])
    await cluster.create(kinds.integration, gitHubIntegration(`${team}/acme`));
  for (const team of [first, second])
    await cluster.waitForConditions(`${team}/acme`, { Ready: 'True/Ready' });

  const shared = gitHubIntegration(`${first}/shared`, { connectionRef: { name: 'default' } });
  await cluster.create(kinds.integration, shared);
  await cluster.waitForConditions(`${first}/shared`, { Ready: 'False/ConnectionNotAllowed' });

  // By now the operator has had every occasion to read the third namespace.
  const untouched = await cluster.get(kinds.integration, `${foreign}/acme`);
  expect(untouched?.metadata).not.toHaveProperty('finalizers');
  expect(JSON.stringify(untouched)).not.toContain('conditions');
  expect(rowsOf(world, `${foreign}/acme`)).toEqual([]);
  const places = recorder.requests
    .filter(({ group }) => group !== 'authorization.k8s.io')
    .map(({ namespace }) => namespace ?? 'the cluster');
  expect([...new Set(places)].toSorted()).toEqual([first, second, system].toSorted());
});

it('does not wait for a namespace without a Role, says so, and takes it up when it has one', async () => {
  const system = await cluster.createNamespace('system');
  const [ready, late] = [await makeTeam(), await makeTeam()];
  const account = await createServiceAccount(system, values([ready]));
  const { operator } = await start(system, [ready, late], account.token);
  for (const team of [late, ready])
    await cluster.create(kinds.integration, gitHubIntegration(`${team}/acme`));
  await cluster.waitForConditions(`${ready}/acme`, { Ready: 'True/Ready' });
  expect(operator.output()).toContain(
    `The operator lacks permission to get secrets in namespace \\"${late}\\"; it needs that to read the Secrets`,
  );
  expect(rowsOf(world, `${late}/acme`)).toEqual([]);

  await account.grant(values([ready, late]));
  await cluster.waitForConditions(`${late}/acme`, { Ready: 'True/Ready' });
});

it('is alive and not ready while it lacks a right that it can not do without, and goes on when it is granted', async () => {
  const system = await cluster.createNamespace('system');
  const team = await makeTeam();
  const account = await createServiceAccount(system, values([team]));
  await account.revoke(system);
  const recorder = await startRequestRecorder(kubeconfigPath(), account.token);
  const operator = await startBuiltOperator({
    kubeconfig: recorder.kubeconfig,
    env: world.operatorEnv,
    args: [`--operator-namespace=${system}`, `--watch-namespaces=${team}`, '--cluster-name=c'],
    waitUntilReady: false,
  });
  onTestFinished(async () => {
    await operator.stop();
    await recorder.close();
  });
  await cluster.waitFor('the missing right to be told', () =>
    Promise.resolve(
      operator.output().includes(`lacks permission to create secrets in namespace \\"${system}\\"`),
    ),
  );
  expect(await operator.isAlive()).toBe(true);
  expect(await operator.isReady()).toBe(false);
  await account.grant(values([team]));
  await cluster.waitFor('it to be ready', () => operator.isReady());
});
