import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBuiltOperator } from '../built-operator.ts';
import { gitHubIntegration, waitForConnection } from '../cluster/objects.ts';
import { clientCredentials } from '../cluster/suite.ts';
import { type Cluster, connectCluster, kinds } from '../harness/cluster.ts';
import { startControlPlane } from '../harness/control-plane/control-plane.ts';
import type { ControlPlane } from '../harness/control-plane/folder.ts';
import { installCrds } from '../harness/crds.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { deadline } from '../harness/pace.ts';
import { type Relay, startRelay } from '../harness/relay.ts';
import { startWorld, type World } from '../harness/world.ts';

let controlPlane: ControlPlane;
let relay: Relay;
let world: World;
let cluster: Cluster;
let operator: OperatorProcess;
const clientSecret = randomUUID();

beforeAll(async () => {
  [world, controlPlane] = await Promise.all([
    startWorld({ clientSecret }),
    startControlPlane({ log: () => {} }),
  ]);
  await installCrds(controlPlane.kubeconfigPath);
  cluster = await connectCluster(controlPlane.kubeconfigPath);
  relay = await startRelay(controlPlane.kubeconfigPath);
  for (const name of ['system', 'team'])
    await cluster.client.create(kinds.namespace, { metadata: { name } }, deadline(30_000));
  await connection('own', 'login');
  await cluster.createSecret('team/login', { clientSecret });
  operator = await startBuiltOperator({
    kubeconfig: relay.kubeconfigPath,
    env: world.operatorEnv,
    args: ['--operator-namespace=system', '--cluster-name=relist'],
  });
  await waitForConnection(cluster, kinds.connection, 'team/own', { Ready: 'True/Ready' });
});

afterAll(async () => {
  await operator?.kill();
  await cluster?.close();
  await relay?.close();
  await controlPlane?.stop();
  await world?.close();
});

function connection(name: string, secret: string) {
  return cluster.create(kinds.connection, {
    metadata: { name, namespace: 'team' },
    spec: { url: world.codemie.url, auth: clientCredentials(world, secret) },
  });
}

describe('a Secret that is created while no watch hears of it', () => {
  it('wakes those who wait for it when a list finds it', async () => {
    const token = `ghp_${randomUUID()}`;
    world.github.addToken({ token, login: 'octocat' });
    await cluster.create(kinds.integration, gitHubIntegration('team/late'));
    await connection('late', 'late-login');
    await cluster.waitForConditions('team/late', { Ready: 'False/SecretNotFound', Stalled: '' });
    await waitForConnection(cluster, kinds.connection, 'team/late', { Ready: 'False/SecretNotFound' });

    relay.hold();
    await cluster.createSecret('team/token', { token });
    await cluster.createSecret('team/late-login', { clientSecret });
    // A new process of the API server remembers no change from before its start: it answers 410 to who asks for them.
    await controlPlane.killApiServer();
    await controlPlane.startApiServer();
    relay.cut();
    relay.release();

    await cluster.waitForConditions('team/late', { Ready: 'True/Ready' });
    await waitForConnection(cluster, kinds.connection, 'team/late', { Ready: 'True/Ready' });
    const expired = operator
      .output()
      .split('\n')
      .filter((line) => line.includes('The server forgot the resource version'));
    expect(expired.some((line) => line.includes('"resource":"secrets"'))).toBe(true);
  });
});
