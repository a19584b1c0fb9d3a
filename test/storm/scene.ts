import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Resource } from '../../src/kube/object.ts';
import { type Cluster, connectCluster, kinds } from '../harness/cluster.ts';
import { startControlPlane } from '../harness/control-plane/control-plane.ts';
import type { ControlPlane } from '../harness/control-plane/folder.ts';
import { installCrds } from '../harness/crds.ts';
import { createOperatorAccount } from '../harness/operator-account.ts';
import { type OperatorProcess, startOperator } from '../harness/operator-process.ts';
import type { CodeMiePeer } from '../harness/peers/codemie/codemie-peer.ts';
import { newPrivateKey } from '../harness/private-key.ts';
import { type Relay, startRelay } from '../harness/relay.ts';
import { clientCredentials, startWorld, type World } from '../harness/world.ts';
import { connections, projects, type SecretName, type Server, type Team, teams } from './plan.ts';

/** A control plane for storms, one after the other. */
export interface StormCluster {
  controlPlane: ControlPlane;
  /** The operator's program. */
  entryPoint: string;
  close(): Promise<void>;
}

/** Starts a separate control plane: a storm ends its API server. */
export async function startStormCluster(
  entryPoint: string,
  log: (line: string) => void,
): Promise<StormCluster> {
  const controlPlane = await startControlPlane({ log, gcPercent: 400 });
  await installCrds(controlPlane.kubeconfigPath);
  return { controlPlane, entryPoint, close: () => controlPlane.stop() };
}

/** Where one storm takes place: its own world, teams and operator. */
export interface Scene {
  stormCluster: StormCluster;
  world: World;
  cluster: Cluster;
  relay: Relay;
  system: string;
  namespaceOf(team: Team): string;
  serverOf(server: Server): CodeMiePeer;
  /** Every secret text of the storm. */
  guarded: Set<string>;
  /** Tokens that their host accepts. */
  valid: Set<string>;
  /** A new token for a Secret, known to its host or not. */
  newToken(secret: SecretName, isValid: boolean): string;
  /** All operators so far; the last one may run. */
  operators: OperatorProcess[];
  /** Those that were to end. */
  askedToEnd: Set<OperatorProcess>;
  /** Starts an operator unless one runs. */
  ensureOperator(): Promise<void>;
  /**
   * Does something to the control plane when what was done to it before has finished: the API server starts only with
   * its store.
   */
  inTurn(work: () => Promise<void>): Promise<void>;
  grantRights(): Promise<void>;
  takeRights(): Promise<void>;
  close(): Promise<void>;
}

const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' };
const bindings: Resource = {
  ...rbac,
  plural: 'clusterrolebindings',
  kind: 'ClusterRoleBinding',
  namespaced: false,
};
const restartMs = 1_000;
const clockStep = import.meta.resolve('../harness/clock-step.ts');
/** High: how the operator spares CodeMie is not what a storm is about. */
const limits = { concurrency: 16, requestsPerSecond: 1000 };

/**
 * Sets up a scene, the operator included. One that exits is started again.
 *
 * @param log for people who wait
 */
export async function openScene(stormCluster: StormCluster, log: (line: string) => void): Promise<Scene> {
  const kubeconfig = stormCluster.controlPlane.kubeconfigPath;
  const clientSecret = `canary${randomUUID()}`;
  const guarded = new Set([clientSecret]);
  const [world, cluster, relay] = await Promise.all([
    startWorld({ clientSecret, projects, furtherCodeMieHosts: ['staging.codemie.example.com'] }),
    connectCluster(kubeconfig),
    startRelay(kubeconfig),
  ]);
  const system = await cluster.createNamespace('system');
  const account = await createOperatorAccount(relay.kubeconfigPath, kubeconfig, system);
  const operators: OperatorProcess[] = [];
  const namespaces = new Map<Team, string>();
  const valid = new Set<string>();
  const closing = new AbortController();

  const newToken = (secret: SecretName, isValid: boolean): string => {
    const token = `${secret === 'gitlab' ? 'glpat-' : 'ghp_'}canary${randomUUID().replaceAll('-', '')}`;
    guarded.add(token);
    if (!isValid) return token;
    valid.add(token);
    if (secret === 'gitlab') world.gitlab.addToken({ token });
    else world.github.addToken({ token, login: 'octocat' });
    return token;
  };
  const serverOf = (server: Server): CodeMiePeer =>
    server === 'codemie' ? world.codemie : (world.furtherCodeMies[0] ?? world.codemie);
  const grantRights = async (): Promise<void> => {
    await cluster.create(bindings, {
      metadata: { name: system },
      roleRef: { apiGroup: rbac.group, kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'operator', namespace: system }],
    });
  };

  await grantRights();
  await cluster.createSecret(`${system}/login`, { clientSecret });
  world.github.addOrganization('acme');
  for (const [index, team] of teams.entries()) {
    const namespace = await cluster.createNamespace(`team-${team}`);
    namespaces.set(team, namespace);
    await cluster.createSecret(`${namespace}/login`, { clientSecret });
    for (const secret of ['github-1', 'github-2', 'gitlab'] as const)
      await cluster.createSecret(`${namespace}/${secret}`, { token: newToken(secret, true) });
    const privateKey = newPrivateKey(guarded);
    world.github.addApp({ id: appIdOf(team), privateKey });
    world.github.addInstallation({ appId: appIdOf(team), account: 'acme', id: 1000 + index });
    await cluster.createSecret(`${namespace}/app`, { 'private-key.pem': privateKey });
    for (const name of ['own', 'staging'] as const) {
      const { url } = serverOf(connections[name]);
      const spec = { url, auth: clientCredentials(world, 'login'), limits };
      await cluster.create(kinds.connection, { metadata: { name, namespace }, spec });
    }
  }
  await cluster.create(kinds.clusterConnection, {
    metadata: { name: system },
    spec: {
      url: world.codemie.url,
      auth: clientCredentials(world, 'login'),
      limits,
      consumers: [{ namespaces: [...namespaces.values()], projects: [...projects] }],
    },
  });

  let starting = Promise.resolve();
  let turn = Promise.resolve();
  const askedToEnd = new Set<OperatorProcess>();
  async function startUnlessRunning(): Promise<void> {
    if (isRunning(operators.at(-1))) return;
    const operator = await startOperator({
      entryPoint: stormCluster.entryPoint,
      kubeconfig: account.kubeconfigPath,
      preload: clockStep,
      env: world.operatorEnv,
      args: [`--operator-namespace=${system}`, `--cluster-name=${system}`, '--workers=8'],
      waitUntilReady: false,
    });
    operators.push(operator);
    void operator.exited.then(async () => {
      if (askedToEnd.has(operator) || closing.signal.aborted) return;
      log(`an operator has exited: ${operator.output().trim().split('\n').slice(-2).join(' ')}`);
      // As the kubelet does.
      await sleep(restartMs);
      if (!closing.signal.aborted) await scene.ensureOperator();
    });
  }

  const scene: Scene = {
    stormCluster,
    world,
    cluster,
    relay,
    system,
    namespaceOf: (team) => namespaces.get(team) ?? '',
    serverOf,
    guarded,
    valid,
    newToken,
    operators,
    askedToEnd,
    inTurn: (work) => (turn = turn.then(work)),
    // One after the other, so that two never run.
    ensureOperator: () => (starting = starting.then(startUnlessRunning)),
    grantRights,
    takeRights: () => cluster.delete(bindings, system),
    async close() {
      closing.abort();
      await Promise.all(operators.map((operator) => operator.kill()));
      await cluster.clearNamespaces();
      const shared = await cluster.get(kinds.clusterConnection, system);
      if (shared?.metadata.finalizers)
        await cluster.patch(kinds.clusterConnection, system, [
          { op: 'remove', path: '/metadata/finalizers' },
        ]);
      await cluster.delete(kinds.clusterConnection, system);
      await cluster.delete(bindings, system);
      await cluster.close();
      await relay.close();
      await account.remove();
      await world.close();
    },
  };
  await scene.ensureOperator();
  return scene;
}

/** Whether a process has not exited. */
export function isRunning(operator: OperatorProcess | undefined): boolean {
  try {
    return operator !== undefined && process.kill(operator.pid, 0);
  } catch {
    return false;
  }
}

/** The number of a team's GitHub App. */
export function appIdOf(team: Team): number {
  return 100 + teams.indexOf(team);
}
