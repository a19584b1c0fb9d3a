import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFlags } from '../../scripts/build/node-flags.ts';
import { parseGitIntegrationStatus } from '../../src/api/v1alpha1/git-integration-status.ts';
import type { NewObject } from '../../src/kube/client.ts';
import { loadKubeConnection } from '../../src/kube/kube-config.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { type AdminClient, createAdminClient } from '../harness/admin-client.ts';
import { type Cluster, connectCluster, kinds } from '../harness/cluster.ts';
import { type OperatorOptions, type OperatorProcess, startOperator } from '../harness/operator-process.ts';
import { deadline, startPatience } from '../harness/pace.ts';
import type { CodeMiePeer } from '../harness/peers/codemie/codemie-peer.ts';
import type { Peer } from '../harness/peers/peer.ts';
import { operatorClientId, startWorld, type World } from '../harness/world.ts';
import { type InstalledChart, installChart, serverOf, succeed } from './installed-chart.ts';

export interface StageOptions {
  /** An administrator's kubeconfig of a control plane that has the CRDs. */
  kubeconfig: string;
  /** The operator's program: the bundle of its image. */
  entryPoint: string;
  /** Servers besides the usual ones, such as an attacker's own. */
  peers?: readonly Peer[];
  /**
   * Installs the chart's admission policies; tenants that may use the connections get the verb `use`. Default false.
   */
  admissionPolicies?: boolean;
  /** Values of the chart besides its defaults, such as `{ workers: 2 }`. */
  values?: Record<string, unknown>;
  /** Starts the operator at once. Default true. */
  running?: boolean;
}

/**
 * A cluster that teams share, as an attacker meets it: the real API server, and the operator as a process with the
 * image's bundle and Node.js flags, the chart's flags, and nothing but the chart's rights through the token of its
 * ServiceAccount.
 *
 * There are two CodeMie servers and a ClusterCodeMieConnection to each: `default` (`stage.world.codemie`) and `staging`
 * (`stage.staging`). Both let consumer namespaces write the project `shared`.
 */
export interface Stage {
  world: World;
  /** The CodeMie behind the connection `staging`. It knows the same login as the first. */
  staging: CodeMiePeer;
  /** The API server as an administrator sees it. */
  cluster: Cluster;
  /** The path of the administrator's kubeconfig. */
  kubeconfig: string;
  /** The operator's namespace. */
  system: string;
  /** The running process; tests that end it put another one here. */
  operator: OperatorProcess;
  /** All processes that were started, for a search of what they wrote. */
  started: readonly OperatorProcess[];
  /** The memory limit that the chart gives the container, in MiB. */
  memoryLimitMiB: number;
  /** Every text of {@link Stage.secret} so far. */
  guarded: ReadonlySet<string>;
  /** Starts another operator in the same way. `args` come after those of the chart. */
  start(options?: Partial<OperatorOptions>): Promise<OperatorProcess>;
  /** A namespace with a team in it. `name` becomes the beginning of the namespace's name. */
  tenant(name: string, options?: TenantOptions): Promise<Tenant>;
  /** A new secret text with that prefix, which may appear nowhere it does not belong. */
  secret(prefix: string): string;
  /** A token that GitHub accepts, guarded like {@link Stage.secret}. */
  gitHubToken(): string;
  /**
   * Creates an integration of a peaceful team, with its own token, through `default`, and returns after
   * how many milliseconds it was Ready. Call it at rest, then during an attack.
   *
   * @throws Error when it is not Ready within `withinMs`, by default 120 s
   */
  bystander(withinMs?: number): Promise<number>;
  /** The longest call to the API server that a bystander made since this was last set to 0, in milliseconds. */
  calls: { longestMs: number };
  /** Ends everything and takes the stage's objects out of the cluster. */
  close(): Promise<void>;
}

interface TenantOptions {
  /** Whether the connections `default` and `staging` let the namespace write `shared`. Default true. */
  consumer?: boolean;
}

/** A team: a ServiceAccount with the ClusterRole `admin` in its own namespace and nowhere else. */
export interface Tenant {
  namespace: string;
  /** The API server with the team's rights. */
  client: AdminClient;
  /** Creates an object in the namespace with the team's rights. @throws KubeStatusError when it is refused */
  create(
    kind: Parameters<AdminClient['create']>[0],
    name: string,
    object?: Omit<NewObject, 'metadata'> & { metadata?: Omit<NewObject['metadata'], 'name' | 'namespace'> },
  ): Promise<KubeObject>;
  /** Changes fields of an object by a JSON merge patch of its top level (`spec`), with the team's rights. */
  patch(
    kind: Parameters<AdminClient['create']>[0],
    name: string,
    operations: Parameters<AdminClient['patchJson']>[2],
  ): Promise<KubeObject>;
  delete(kind: Parameters<AdminClient['create']>[0], name: string): Promise<void>;
  /** Creates a Secret `name` with a token that GitHub accepts under the key `token`, and returns the token. */
  storeToken(name?: string): Promise<string>;
  /** Creates a GitIntegration of {@link integrationSpec}. */
  integrate(name: string, spec?: Record<string, unknown>): Promise<KubeObject>;
}

/** Namespaces with this label are consumers of `default` and `staging`. */
const consumerLabel = 'isolation.example.com/consumer';

/** The project that consumers share. */
export const sharedProject = 'shared';

const callTimeoutMs = 60_000;
const bystanderTimeoutMs = 120_000;
const pollMs = 25;

/** `spec` of a GitIntegration with GitHub and the Secret `token`, in the project `shared` through `default`. */
export function integrationSpec(spec: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    provider: 'GitHub',
    project: sharedProject,
    auth: { token: { secretRef: { name: 'token' } } },
    ...spec,
  };
}

/** Sets the stage. Everything on it, cluster-scoped objects included, goes with `close`. */
export async function startStage(options: StageOptions): Promise<Stage> {
  const { kubeconfig, entryPoint, peers = [], admissionPolicies = false, values = {} } = options;
  const { running = true } = options;
  const guarded = new Set<string>();
  const started: OperatorProcess[] = [];
  const secret = (prefix: string): string => {
    const text = `${prefix}canary${randomUUID().replaceAll('-', '')}`;
    guarded.add(text);
    return text;
  };
  const undo: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(started.map((operator) => operator.stop()));
    // All of it, even where one part fails.
    const failures: unknown[] = [];
    for (const step of undo.toReversed()) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'The stage could not be cleared.');
  };

  try {
    const clientSecret = secret('client');
    const world = await startWorld({
      clientSecret,
      projects: [sharedProject],
      furtherCodeMieHosts: ['codemie-staging.example.com'],
      peers,
    });
    undo.push(() => world.close());
    const [staging] = world.furtherCodeMies;
    if (staging === undefined) throw new Error('The world has one CodeMie only.');
    const cluster = await connectCluster(kubeconfig);
    undo.push(() => cluster.close());
    const system = await cluster.createNamespace('system');
    undo.push(() => cluster.clearNamespaces());
    const chart = await installChart({
      kubeconfig,
      system,
      values: { ...values, ...(admissionPolicies && { 'admissionPolicies.enabled': true }) },
    });
    undo.push(() => chart.uninstall());
    await cluster.createSecret(`${system}/login`, { clientSecret });
    for (const [name, { url }] of Object.entries({ default: world.codemie, staging })) {
      await removeConnection(cluster, name);
      undo.push(() => removeConnection(cluster, name));
      await cluster.create(kinds.clusterConnection, { metadata: { name }, spec: connectionSpec(world, url) });
    }
    const pod = await mountServiceAccount(kubeconfig, system, chart);
    undo.push(() => pod.remove());

    const gitHubToken = (): string => {
      const token = secret('ghp_');
      world.github.addToken({ token, login: 'octocat' });
      return token;
    };
    const tenant = async (name: string, { consumer = true }: TenantOptions = {}): Promise<Tenant> => {
      const namespace = await cluster.createNamespace(name, consumer ? { [consumerLabel]: 'true' } : {});
      const client = await signIn(kubeconfig, namespace, admissionPolicies && consumer);
      undo.push(() => client.close());
      return createTenant(namespace, client, gitHubToken);
    };
    const start = async ({ args = [], env, ...rest }: Partial<OperatorOptions> = {}) => {
      const operator = await startOperator({
        entryPoint,
        nodeArgs: nodeFlags,
        args: [...chart.args, ...args],
        env: { ...pod.env, ...world.operatorEnv, ...env },
        ...rest,
      });
      started.push(operator);
      return operator;
    };
    const calls = { longestMs: 0 };
    let calm: Promise<Tenant> | undefined;
    let count = 0;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `operator` is filled in below, or by the test
    const stage = {
      world,
      staging,
      cluster,
      kubeconfig,
      system,
      started,
      guarded,
      memoryLimitMiB: chart.memoryLimitMiB,
      secret,
      gitHubToken,
      start,
      tenant,
      close,
      async bystander(withinMs = bystanderTimeoutMs) {
        calm ??= tenant('bystander');
        count += 1;
        const seen = await timeToReady(stage, await calm, `calm-${count}`, withinMs);
        calls.longestMs = Math.max(calls.longestMs, seen.longestCallMs);
        return seen.waitedMs;
      },
      calls,
    } as Omit<Stage, 'operator'> as Stage;
    if (running) stage.operator = await start();
    return stage;
  } catch (error) {
    await close();
    throw error;
  }
}

function connectionSpec({ oidc }: World, url: string): Record<string, unknown> {
  const clientSecretRef = { name: 'login' };
  return {
    url,
    auth: {
      clientCredentials: { tokenURL: oidc.tokenUrl, clientID: operatorClientId, clientSecretRef },
    },
    consumers: [
      { namespaceSelector: { matchLabels: { [consumerLabel]: 'true' } }, projects: [sharedProject] },
    ],
  };
}

/** Removes a ClusterCodeMieConnection whatever holds it. */
async function removeConnection(cluster: Cluster, name: string): Promise<void> {
  await cluster.delete(kinds.clusterConnection, name);
  const left = await cluster.get(kinds.clusterConnection, name);
  if (left?.metadata.finalizers)
    await cluster.patch(kinds.clusterConnection, name, [{ op: 'remove', path: '/metadata/finalizers' }]);
}

/** Writes what the kubelet mounts into the operator's Pod. The token holds for a day. */
async function mountServiceAccount(kubeconfig: string, system: string, { serviceAccount }: InstalledChart) {
  const { host, port, ca } = await serverOf(kubeconfig);
  const duration = '--duration=24h';
  const token = await succeed(kubeconfig, ['create', 'token', serviceAccount, '-n', system, duration]);
  const directory = await mkdtemp(join(tmpdir(), 'isolation-'));
  const files = { token: token.trim(), 'ca.crt': ca, namespace: system };
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  return {
    env: {
      KUBERNETES_SERVICE_HOST: host,
      KUBERNETES_SERVICE_PORT: port,
      CODEMIE_OPERATOR_SERVICE_ACCOUNT_DIRECTORY: directory,
      POD_NAMESPACE: system,
      POD_NAME: `${system}-0`,
    },
    remove: () => rm(directory, { recursive: true }),
  };
}

/** Creates the account of a team's administrator and returns a client with its rights. */
async function signIn(kubeconfig: string, namespace: string, mayUse: boolean): Promise<AdminClient> {
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };
  const subjects = [{ kind: 'ServiceAccount', name: 'admin', namespace }];
  const bind = (name: string, kind: string) => ({
    ...rbac,
    kind: 'RoleBinding',
    metadata: { name, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
    subjects,
  });
  const use = { apiGroups: ['codemie.ai'], resources: ['clustercodemieconnections'], verbs: ['use'] };
  const items = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'admin', namespace } },
    bind('admin', 'ClusterRole'),
    ...(mayUse
      ? [{ ...rbac, kind: 'Role', metadata: { name: 'use', namespace }, rules: [use] }, bind('use', 'Role')]
      : []),
  ];
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await succeed(kubeconfig, ['apply', '-f', '-'], list);
  const token = await succeed(kubeconfig, ['create', 'token', 'admin', '-n', namespace, '--duration=24h']);
  const admin = await loadKubeConnection({ kubeconfig });
  const { ca } = (await admin.credentials()).tls;
  const headers = { authorization: `Bearer ${token.trim()}` };
  const credentials = () => Promise.resolve({ headers, tls: { ...(ca !== undefined && { ca }) } });
  return createAdminClient({
    connection: { server: admin.server, credentials, refresh: credentials },
    userAgent: 'codemie-git-operator-tests',
  });
}

function createTenant(namespace: string, client: AdminClient, gitHubToken: () => string): Tenant {
  const signal = (): AbortSignal => deadline(callTimeoutMs);
  const create: Tenant['create'] = (kind, name, { metadata, ...object } = {}) =>
    client.create(kind, { metadata: { ...metadata, name, namespace }, ...object }, signal());
  return {
    namespace,
    client,
    create,
    patch: (kind, name, operations) => client.patchJson(kind, `${namespace}/${name}`, operations, signal()),
    delete: (kind, name) => client.delete(kind, `${namespace}/${name}`, signal()),
    async storeToken(name = 'token') {
      const token = gitHubToken();
      await create(kinds.secret, name, { stringData: { token } });
      return token;
    },
    integrate: (name, spec) => create(kinds.integration, name, { spec: integrationSpec(spec) }),
  };
}

async function timeToReady(stage: Stage, team: Tenant, name: string, withinMs: number) {
  const { cluster } = stage;
  let longestCallMs = 0;
  const timed = async <T>(call: Promise<T>): Promise<T> => {
    const askedMs = performance.now();
    const answer = await call;
    longestCallMs = Math.max(longestCallMs, performance.now() - askedMs);
    return answer;
  };
  await timed(team.storeToken(name));
  const beganMs = performance.now();
  const auth = { token: { secretRef: { name } } };
  await timed(team.integrate(name, { alias: `${team.namespace} ${name}`, auth }));
  const key = `${team.namespace}/${name}`;
  let last = 'nothing';
  const isOver = startPatience(withinMs);
  for (;;) {
    const object = await timed(cluster.get(kinds.integration, key));
    const ready = parseGitIntegrationStatus(object?.['status']).conditions?.find(
      ({ type }) => type === 'Ready',
    );
    if (ready?.status === 'True') return { waitedMs: performance.now() - beganMs, longestCallMs };
    last = ready === undefined ? last : `${ready.reason}: ${ready.message}`;
    if (!stage.started.some((operator) => operator.running()))
      throw new Error(`The operator exited while ${key} waited.`);
    if (isOver())
      throw new Error(`The bystander's ${key} was not Ready within ${withinMs / 1_000} s: ${last}`);
    await new Promise((resolve) => void setTimeout(resolve, pollMs));
  }
}
