import { randomUUID } from 'node:crypto';
import { type TestContext } from 'vitest';
import { z } from 'zod';
import { type LeaseRecord, leases, readLease } from '../../src/kube/lease.ts';
import { startBuiltOperator } from '../built-operator.ts';
import { gitHubIntegration } from '../cluster/objects.ts';
import { clientCredentials } from '../cluster/suite.ts';
import { type Cluster, connectCluster, kinds } from '../harness/cluster.ts';
import type { OperatorOptions, OperatorProcess } from '../harness/operator-process.ts';
import { type Internet, startInternet } from '../harness/peers/internet.ts';
import { startWorld, type World } from '../harness/world.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { isReady } from './ready.ts';

/** A replica with its own way to the world, whose log shows what this one requested. */
export interface Replica extends OperatorProcess {
  internet: Internet;
}

/** What one test works with: a world, namespaces and operators that it shares with no other test. */
export interface Stage {
  world: World;
  cluster: Cluster;
  /** The path of an administrator's kubeconfig. */
  kubeconfig: string;
  /** The operator's namespace. */
  system: string;
  /** A namespace with a Secret `token` and the connections that integrations are spread over. */
  team: string;
  /** All that the Lease has said, oldest first; see {@link followLease}. */
  leaseHistory: readonly LeaseRecord[];
  /** Starts an operator whose Pod has that name, and waits until it is ready. */
  start(name: string, args: string[], options?: Partial<OperatorOptions>): Promise<Replica>;
  /** The Pod that holds the Lease; waits until it is the one that was named, if one was. */
  leader(name?: string): Promise<string>;
  /** Creates that many GitIntegrations in the namespace, numbered from there on, and returns their keys. */
  createIntegrations(count: number, from?: number): Promise<string[]>;
  /** Waits until all GitIntegrations of the namespace are Ready. */
  allReady(): Promise<void>;
}

/** Each lets one request through at a time, so that there is always one at CodeMie and a queue behind it. */
export const connectionCount = 8;

/**
 * Sets the stage of a test, on the control plane that all files share. Everything goes when the test ends. Tests that
 * have one can run side by side, which is what makes waiting for leases cheap.
 */
export async function openStage({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): Promise<Stage> {
  const kubeconfig = kubeconfigPath();
  const clientSecret = randomUUID();
  const [world, cluster] = await Promise.all([startWorld({ clientSecret }), connectCluster(kubeconfig)]);
  const system = await cluster.createNamespace('system');
  const leaseHistory = followLease(cluster, system);
  const internets: Internet[] = [];
  const started: OperatorProcess[] = [];
  onTestFinished(async () => {
    await Promise.all(started.map((operator) => operator.kill()));
    await cluster.clearNamespaces();
    await cluster.close();
    await Promise.all(internets.map((internet) => internet.close()));
    await world.close();
  });
  const team = await makeTeam(cluster, world);

  return {
    world,
    cluster,
    kubeconfig,
    system,
    team,
    leaseHistory,
    async start(name, args, { env, ...options } = {}) {
      // The same servers by another way: other addresses, another log.
      const internet = await startInternet({ peers: [world.oidc, world.codemie, world.github] });
      internets.push(internet);
      const names = [`--operator-namespace=${system}`, `--cluster-name=${system}`, `--pod-name=${name}`];
      // The operators of other tests have their own namespaces.
      const scope = `--watch-namespaces=${team}`;
      const operator = await startBuiltOperator({
        kubeconfig,
        args: [...names, scope, '--workers=16', ...args],
        env: { HTTPS_PROXY: internet.proxyUrl, CODEMIE_OPERATOR_CA_FILE: internet.caFile, ...env },
        ...options,
      });
      started.push(operator);
      return { ...operator, internet };
    },
    leader: (name) =>
      cluster.waitFor(`${name ?? 'anybody'} to lead`, async () => {
        const lease = await cluster.get(leases, `${system}/codemie-git-operator`);
        const holder = lease && readLease(lease).holder.split('_')[0];
        return (name === undefined || name === holder) && holder;
      }),
    createIntegrations: (count, from = 0) =>
      Promise.all(
        Array.from({ length: count }, async (_, offset) => {
          const index = from + offset;
          const key = `${team}/i${index}`;
          const connectionRef = { kind: 'CodeMieConnection', name: `own${index % connectionCount}` };
          await cluster.create(kinds.integration, gitHubIntegration(key, { connectionRef }));
          return key;
        }),
      ),
    async allReady() {
      await cluster.waitFor('all to be Ready', async () => {
        const objects = await cluster.list(kinds.integration, team);
        return objects.every(isReady);
      });
    },
  };
}

/**
 * Keeps what the Lease says from its beginning on: its versions say who held it, in their order, whatever the
 * clock of a test would have made of it.
 */
function followLease({ client }: Cluster, namespace: string): LeaseRecord[] {
  const history: LeaseRecord[] = [];
  const signal = AbortSignal.timeout(10 * 60_000);
  const follow = async (): Promise<void> => {
    const events = client.watch(leases, { namespace, resourceVersion: '0', timeoutSeconds: 600, signal });
    for await (const event of events) if ('object' in event) history.push(readLease(event.object));
  };
  // It ends with the connections of the test.
  follow().catch(() => {});
  return history;
}

/** Makes a namespace with a Secret `token` and the connections that integrations are spread over. */
export async function makeTeam(cluster: Cluster, world: World): Promise<string> {
  const namespace = await cluster.createNamespace('team');
  const token = `ghp_${randomUUID()}`;
  world.github.addToken({ token, login: 'octocat' });
  await cluster.createSecret(`${namespace}/token`, { token });
  await cluster.createSecret(`${namespace}/login`, { clientSecret: world.clientSecret });
  const limits = { concurrency: 1, requestsPerSecond: 1000 };
  for (let index = 0; index < connectionCount; index += 1)
    await cluster.create(kinds.connection, {
      metadata: { name: `own${index}`, namespace },
      spec: { url: world.codemie.url, auth: clientCredentials(world, 'login'), limits },
    });
  return namespace;
}

/** A gate that keeps CodeMie in the middle of every create until it is opened. */
export function closeGate({ codemie }: World): { waiting(): number; open(): void } {
  const gate = Promise.withResolvers<void>();
  let waiting = 0;
  codemie.setInsertGate(() => {
    waiting += 1;
    return gate.promise;
  });
  return { waiting: () => waiting, open: () => gate.resolve() };
}

/** The creates that a replica has sent to CodeMie: the aliases, in order. */
export function createsBy({ internet }: Replica): string[] {
  return internet.requests
    .filter(({ method, path }) => method === 'POST' && path.endsWith('/v1/settings/project'))
    .map((request) => aliasIn(request.body()));
}

function aliasIn(body: string): string {
  const { alias } = z.object({ alias: z.string() }).parse(JSON.parse(body));
  return alias;
}
