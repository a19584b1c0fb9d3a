import { createAccessCheck } from './access/check.ts';
import {
  clusterCodeMieConnections,
  codeMieConnections,
  gitIntegrations,
  type ResourceDescription,
} from './api/group.ts';
import {
  createDefaultConnection,
  DEFAULT_CONNECTION,
  type parseDefaultConnection,
} from './controllers/codemie-connection/default-connection.ts';
import { createConnectionMetrics } from './controllers/codemie-connection/metrics.ts';
import { type ConnectionDeps, reconcileConnection } from './controllers/codemie-connection/reconcile.ts';
import { createSessions } from './controllers/codemie-connection/sessions.ts';
import { namespaces } from './controllers/core-resources.ts';
import { ensureDigestKey } from './controllers/digest-key.ts';
import { createClockMetrics } from './controllers/git-integration/clock-metrics.ts';
import type { Deps } from './controllers/git-integration/deps.ts';
import { createFirstCome } from './controllers/git-integration/first-come.ts';
import { createIntegrationMetrics } from './controllers/git-integration/metrics.ts';
import { createOwnSettings } from './controllers/git-integration/own-settings.ts';
import { createOwnWrites } from './controllers/git-integration/own-writes.ts';
import { providerFailureAgeMs } from './controllers/git-integration/provider-halt.ts';
import { createRateLimitMetrics } from './controllers/git-integration/rate-limit-metrics.ts';
import { reconcile } from './controllers/git-integration/reconcile.ts';
import { createInformers } from './controllers/informers.ts';
import { createSharedCalls } from './controllers/shared-calls.ts';
import { createSharedReads } from './controllers/shared-reads.ts';
import { type Informers, type Queues, watch } from './controllers/watches.ts';
import type { KubeClient } from './kube/client.ts';
import type { KubeConnection } from './kube/connection.ts';
import { type Controller, createController, type Reconcile } from './kube/controller.ts';
import { createEventRecorder } from './kube/events.ts';
import { areInContact } from './kube/health.ts';
import type { Informer } from './kube/informer.ts';
import { loadKubeConnection } from './kube/kube-config.ts';
import { LeadershipLostError } from './kube/leader-election.ts';
import type { Log } from './kube/log.ts';
import type { ObjectKey, Resource } from './kube/object.ts';
import { createKubeClient } from './kube/rest-client.ts';
import { createWorkQueue, type WorkQueue } from './kube/work-queue.ts';
import { createLeadership, type Leadership } from './leadership.ts';
import { guardClients } from './net/guarded-clients.ts';
import { createHttpClients } from './net/http-clients.ts';
import type { Exposition } from './observability/exposition.ts';
import { createMetrics, type Metrics, measureCaches, measureQueues } from './observability/metrics.ts';
import type { Health } from './observability/probes.ts';
import { alsoTraced, type Tracing } from './observability/tracing.ts';
import { providers } from './providers/registry.ts';
import type { Settings } from './settings.ts';

/** What an operator is made with. */
export interface OperatorOptions {
  settings: Settings;
  /** PEM certificates that every outgoing connection trusts besides the system roots. */
  ca: readonly string[];
  /** The spec of the ClusterCodeMieConnection that this installation brings. */
  defaultConnection?: ReturnType<typeof parseDefaultConnection> | undefined;
  exposition: Exposition;
  tracing: Tracing;
  log: Log;
  /** Epoch milliseconds. */
  now: () => number;
  /** Ends the start, if it comes before that is done. */
  signal: AbortSignal;
}

/** The operator, ready to run. */
export interface Operator extends Health {
  /**
   * Follows the cluster and reconciles until the signal aborts, then lets running work end.
   *
   * @throws LeadershipLostError at once when another replica may be at work. Then the process has to exit: something
   *   of ours may still be under way, and only a new process is clean
   */
  run(signal: AbortSignal): Promise<void>;
}

/** The operator's name in user agents, Leases and events. */
const name = 'codemie-git-operator';
/** A new process helps only against a fault of this one, and the API server may be away for long: no hurry. */
const longestSilenceMs = 30 * 60_000;

/**
 * Puts the parts together; the only place that knows them all.
 *
 * @throws KubeConfigError, CaBundleError, or what the API server answered to the first reads
 */
export async function createOperator(options: OperatorOptions): Promise<Operator> {
  const { settings, exposition, tracing, log, now, signal } = options;
  const { operatorNamespace } = settings;
  const metrics = alsoTraced(createMetrics(exposition.registry), tracing);
  const connection = await connect(settings);
  // Two clients: what the first one writes, the digest key and the Lease, comes before leading.
  const ground = createKubeClient({ connection, userAgent: name, metrics: metrics.client });
  const access = createAccessCheck({ client: ground, installation: settings, log });
  await access.untilGranted(signal);
  const digestKey = await ensureDigestKey(ground, operatorNamespace, signal);
  const clusterName = settings.clusterName ?? (await clusterUid(ground, signal));
  log.info({ clusterName, operatorNamespace }, 'Connected');

  const leadership = createLeadership({
    settings,
    name,
    client: ground,
    log,
    now,
    onChange: metrics.leading,
  });
  const { mayWrite } = leadership;
  const kube = createKubeClient({ connection, userAgent: name, metrics: metrics.client, mayWrite });
  const informers = createInformers({ client: kube, settings, log, metrics: metrics.reflector });
  const queues = createQueues(metrics);
  const deps = createDeps(options, {
    kube,
    informers,
    queues,
    digestKey,
    clusterName,
    metrics,
    mayWrite,
  });
  const controllers = createControllers(options, deps, informers, queues, metrics);
  const followed: Informer[] = Object.values(informers);
  const own = [informers.integrations, informers.clusterConnections, informers.connections];
  measureCaches(exposition.registry, followed);
  measureQueues(exposition.registry, Object.values(queues));
  let stopping = false;

  return {
    ready: () => !stopping && followed.every((informer) => informer.synced()),
    alive: () => areInContact(followed, longestSilenceMs),
    async run(stop) {
      stop.addEventListener('abort', () => {
        stopping = true;
      });
      const reflecting = new AbortController();
      const reflectors = followed.map((informer) => informer.run(reflecting.signal));
      reflectors.push(access.followNamespaces(reflecting.signal));
      const stopReflecting = async (): Promise<void> => {
        reflecting.abort();
        await Promise.all(reflectors);
      };
      try {
        await Promise.all(followed.map((informer) => informer.whenSynced(stop)));
        log.info({ objects: deps.integrations.size }, 'Caches are synced');
        await leadership.run(stop, async (leading) => {
          // The last leader's writes may not have come by the watches yet, and what it did is not to be done again.
          if (settings.leaderElect) await Promise.all(own.map((informer) => informer.refresh(leading)));
          // Only now: a replica that stands by would fill its queues for nobody. All that is there is told.
          watch(informers, queues, deps.sessions);
          // It may not be there yet.
          if (options.defaultConnection) queues.clusterConnections.add(DEFAULT_CONNECTION);
          await Promise.all(controllers.map((controller) => controller.run(leading)));
          // The last passes have seen fresh objects, and the news of them goes out before the Lease is given back.
          await stopReflecting();
          await deps.events.flush(AbortSignal.timeout(3_000));
        });
      } catch (error) {
        // Nothing is brought to an end here when another replica may be at work.
        if (!stop.aborted || error instanceof LeadershipLostError) throw error;
      }
      await stopReflecting();
      await Promise.all([kube.close(), ground.close(), deps.http.close(), deps.providerHttp.close()]);
    },
  };
}

/** Longest time for one call to CodeMie, which may work for a while on a change. */
const codeMieTimeoutMs = 30_000;
/** Longest time for one call to a Git provider: each is a small question. */
const providerTimeoutMs = 15_000;
/** A worker that waits for a provider longer than this goes on to the next integration, and comes back later. */
const providerPatienceMs = 5_000;

/** More writes than this that wait to be seen are no edits of people. */
const waveSize = 100;

/** The ways out, apart from each other: a Git host that hangs takes no connection from CodeMie. */
function createClients(
  { settings: { proxy, workers }, ca, now }: Pick<OperatorOptions, 'settings' | 'ca' | 'now'>,
  metrics: Metrics,
  maySend: () => boolean,
): Pick<Deps, 'http' | 'providerHttp'> {
  const common = {
    ca,
    proxy,
    maxBodyBytes: 8 * 1024 * 1024,
    userAgent: name,
    maySend,
  };
  return {
    http: createHttpClients({
      ...common,
      timeoutMs: codeMieTimeoutMs,
      onRequest: (record) => metrics.exchange('codemie', record),
    }),
    providerHttp: guardClients(
      createHttpClients({
        ...common,
        timeoutMs: providerTimeoutMs,
        onRequest: (record) => metrics.exchange('provider', record),
      }),
      {
        // One host can never occupy all workers.
        perHost: Math.max(1, Math.floor(workers / 2)),
        now,
      },
    ),
  };
}

/** What was read or made before the rest. */
interface Ground extends Pick<Deps, 'kube' | 'digestKey' | 'clusterName'>, Pick<Leadership, 'mayWrite'> {
  informers: Informers;
  queues: Queues;
  metrics: Metrics;
}

function createDeps({ settings, ca, exposition, tracing, log, now }: OperatorOptions, ground: Ground): Deps {
  const { kube, informers, queues, metrics, digestKey, clusterName, mayWrite } = ground;
  const { operatorNamespace, tenantPrivateNetworks, podName, shardSelector, clusterConnections } = settings;
  const { http, providerHttp } = createClients({ settings, ca, now }, metrics, mayWrite);
  const sharing = {
    now,
    timeoutMs: 60_000,
    patienceMs: providerPatienceMs,
    failureAgeMs: providerFailureAgeMs(now),
    maxEntries: 50_000,
  };
  const ownSettings = createOwnSettings(now);
  const stores = { secrets: informers.secrets.store, configmaps: informers.configMaps.store };
  return {
    kube,
    reads: createSharedReads({ kube, stores, now }),
    isOurs: ({ metadata }) => shardSelector?.matches(metadata.labels) ?? true,
    integrations: informers.integrations.store,
    ownWrites: createOwnWrites(),
    ownSettings,
    firstCome: createFirstCome(now),
    // A wave of writes is taken down behind the edits of people.
    wake: (key) => queues.integrations.add(key, { lane: ownSettings.unsettled > waveSize ? 'low' : 'high' }),
    clusterConnections: informers.clusterConnections.store,
    connections: informers.connections.store,
    followsClusterConnections: clusterConnections,
    namespaces: informers.namespaces.store,
    sessions: createSessions({
      kube,
      http,
      operatorNamespace,
      tenantPrivateNetworks,
      now,
      busy: () => queues.integrations.depth > 0,
    }),
    providers,
    http,
    providerHttp,
    proofs: createSharedCalls(sharing),
    installations: createSharedCalls(sharing),
    digestKey,
    tenantPrivateNetworks,
    clusterName,
    events: createEventRecorder({
      client: kube,
      component: `codemie.ai/${name}`,
      instance: podName,
      log,
      now,
      metrics: metrics.events,
      busy: () => queues.integrations.depth > 0,
    }),
    metrics: createIntegrationMetrics(exposition),
    rateLimits: createRateLimitMetrics(exposition.registry, now),
    clocks: createClockMetrics(exposition.registry),
    tracing,
    log,
    now,
  };
}

function createControllers(
  { settings, log, exposition, tracing, defaultConnection }: OperatorOptions,
  deps: Deps,
  informers: Informers,
  queues: Queues,
  metrics: Metrics,
): Controller[] {
  const make = (kind: string, queue: WorkQueue, work: Reconcile) =>
    createController({
      name: kind.toLowerCase(),
      queue,
      workers: settings.workers,
      reconcile: work,
      log,
      metrics: metrics.controller,
      around: tracing.run,
    });
  const connectionMetrics = createConnectionMetrics(exposition);
  const connections = (
    resource: ResourceDescription,
    { store }: Informer,
    queue: WorkQueue,
    before?: (key: ObjectKey, signal: AbortSignal) => Promise<void>,
  ) => {
    const own: ConnectionDeps = { ...deps, resource, store, connectionMetrics };
    // Where another shard looks after connections, their keys are taken off the queue, and that is all.
    const work: Reconcile = settings.connections
      ? async (key, context) => {
          await before?.(key, context.signal);
          return await reconcileConnection(key, own, context);
        }
      : () => Promise.resolve({});
    return make(resource.kind, queue, work);
  };
  const { store } = informers.clusterConnections;
  const keepDefault = defaultConnection && createDefaultConnection(defaultConnection, { ...deps, store });
  const before = async (key: ObjectKey, signal: AbortSignal): Promise<void> => {
    if (key === DEFAULT_CONNECTION) await keepDefault?.(signal);
  };
  return [
    make(gitIntegrations.kind, queues.integrations, (key, context) => reconcile(key, deps, context)),
    connections(clusterCodeMieConnections, informers.clusterConnections, queues.clusterConnections, before),
    connections(codeMieConnections, informers.connections, queues.connections),
  ];
}

function connect({ kubeconfig, context, inCluster }: Settings): Promise<KubeConnection> {
  return loadKubeConnection({
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
    ...(inCluster && { inCluster }),
  });
}

/** The UID of `kube-system` stands for the cluster: it is there from the beginning and never changes. */
async function clusterUid(kube: KubeClient, signal: AbortSignal): Promise<string> {
  const namespace = await kube.get(namespaces, 'kube-system', signal);
  if (!namespace) throw new Error('There is no namespace kube-system. Name the cluster by --cluster-name.');
  return namespace.metadata.uid;
}

function createQueues(metrics: Metrics): Queues {
  const queue = ({ kind }: Resource) => createWorkQueue({ name: kind.toLowerCase(), metrics: metrics.queue });
  return {
    integrations: queue(gitIntegrations),
    clusterConnections: queue(clusterCodeMieConnections),
    connections: queue(codeMieConnections),
  };
}
