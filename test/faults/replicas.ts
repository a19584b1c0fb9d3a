import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, inject } from 'vitest';
import { z } from 'zod';
import { leases, readLease } from '../../src/kube/lease.ts';
import { gitHubIntegration } from '../cluster/objects.ts';
import { clientCredentials } from '../cluster/suite.ts';
import { type Cluster, connectCluster, kinds } from '../harness/cluster.ts';
import { type OperatorOptions, type OperatorProcess, startOperator } from '../harness/operator-process.ts';
import { type Internet, startInternet } from '../harness/peers/internet.ts';
import { startWorld, type World } from '../harness/world.ts';
import { isReady } from './ready.ts';

/** A replica with a way to the world of its own, whose log tells what this one asked for. */
export interface Replica extends OperatorProcess {
  internet: Internet;
}

/** One world, and operators that share it. Each test has its own operators and namespaces. */
export interface Replicas {
  world: World;
  cluster: Cluster;
  /** The path of an administrator's kubeconfig. */
  kubeconfig: string;
  /** The operator's namespace of this test. */
  system: string;
  /** A namespace of this test with a Secret `token` and the connections that integrations are spread over. */
  team: string;
  /** Starts an operator whose Pod has that name, and waits until it is ready. */
  start(name: string, args: string[], options?: Partial<OperatorOptions>): Promise<Replica>;
  /** The Pod that holds the Lease; waits until it is the one that was named, if one was. */
  leader(name?: string): Promise<string>;
  /** Creates that many GitIntegrations in the namespace and returns their keys. */
  createIntegrations(count: number): Promise<string[]>;
  /** Waits until all GitIntegrations of the namespace are Ready. */
  allReady(): Promise<void>;
}

/** Each lets one request through at a time, so that there is always one at CodeMie and a queue behind it. */
export const connectionCount = 8;

/** Gives a test file its world. The control plane is the one that all files share. */
export function useReplicas(): Replicas {
  const clientSecret = randomUUID();
  const internets: Internet[] = [];
  let started: OperatorProcess[] = [];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the rest is filled in before the first test
  const suite = {} as Replicas;

  /** The world by a way of its own: the same servers, other addresses, another log. */
  async function freeInternet(): Promise<Internet> {
    const { oidc, codemie, github } = suite.world;
    const internet = await startInternet({ peers: [oidc, codemie, github] });
    internets.push(internet);
    return internet;
  }

  suite.start = async (name, args, options = {}) => {
    const internet = await freeInternet();
    const { env, ...others } = options;
    const operator = await startOperator({
      kubeconfig: suite.kubeconfig,
      args: [
        '--operator-namespace',
        suite.system,
        '--cluster-name',
        suite.system,
        '--pod-name',
        name,
        '--workers=16',
        ...args,
      ],
      env: { HTTPS_PROXY: internet.proxyUrl, CODEMIE_OPERATOR_CA_FILE: internet.caFile, ...env },
      ...others,
    });
    started.push(operator);
    return { ...operator, internet };
  };
  suite.leader = (name) =>
    suite.cluster.waitFor(`${name ?? 'anybody'} to lead`, async () => {
      const lease = await suite.cluster.get(leases, `${suite.system}/codemie-git-operator`);
      const holder = lease && readLease(lease).holder.split('_')[0];
      return (name === undefined || name === holder) && holder;
    });
  suite.createIntegrations = (count) =>
    Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const key = `${suite.team}/i${index}`;
        const connectionRef = { kind: 'CodeMieConnection', name: `own${index % connectionCount}` };
        await suite.cluster.create(kinds.integration, gitHubIntegration(key, { connectionRef }));
        return key;
      }),
    );

  suite.allReady = async () => {
    await suite.cluster.waitFor('all to be Ready', async () => {
      const objects = await suite.cluster.list(kinds.integration, suite.team);
      return objects.every(isReady);
    });
  };

  beforeAll(async () => {
    suite.kubeconfig = inject('kubeconfigPath');
    suite.world = await startWorld({ clientSecret });
  });
  beforeEach(async () => {
    suite.cluster = await connectCluster(suite.kubeconfig);
    suite.system = await suite.cluster.createNamespace('system');
    suite.team = await makeTeam(suite, clientSecret);
  });
  afterEach(async () => {
    suite.world.codemie.setInsertGate(undefined);
    await Promise.all(started.map((operator) => operator.kill()));
    started = [];
    await suite.cluster.removeNamespaces();
    await suite.cluster.close();
  });
  afterAll(async () => {
    await Promise.all(internets.map((internet) => internet.close()));
    await suite.world?.close();
  });
  return suite;
}

async function makeTeam({ cluster, world }: Replicas, clientSecret: string): Promise<string> {
  const namespace = await cluster.createNamespace('team');
  const token = `ghp_${randomUUID()}`;
  world.github.addToken({ token, login: 'octocat' });
  await cluster.createSecret(`${namespace}/token`, { token });
  await cluster.createSecret(`${namespace}/login`, { clientSecret });
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
