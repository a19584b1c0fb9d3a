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
} from './controllers/codemie-connection/default-connection.ts';
import { createConnectionMetrics } from './controllers/codemie-connection/metrics.ts';
import { type ConnectionDeps, reconcileConnection } from './controllers/codemie-connection/reconcile.ts';
import { ensureDigestKey } from './controllers/digest-key.ts';
import type { Deps } from './controllers/git-integration/pass.ts';
import { reconcile } from './controllers/git-integration/reconcile.ts';
import { createInformers, keptBy } from './controllers/informers.ts';
import { createMemory } from './controllers/memory.ts';
import { type Informers, type Queues, watch } from './controllers/watches.ts';
import type { KubeClient } from './kube/client.ts';
import type { KubeConnection } from './kube/connection.ts';
import { type Controller, createController, type Reconcile } from './kube/controller.ts';
import { areInContact, type Informer } from './kube/informer.ts';
import { loadKubeConnection } from './kube/kube-config.ts';
import { LeadershipLostError } from './kube/leader-election.ts';
import { namespaces, type ObjectKey, type Resource } from './kube/object.ts';
import { createKubeClient } from './kube/rest-client.ts';
import { createWorkQueue, type WorkQueue } from './kube/work-queue.ts';
import { createLeadership, leaseName } from './leadership.ts';
import { durations } from './lib/durations.ts';
import { createMetrics, type Metrics, measureCaches, measureQueues } from './observability/metrics.ts';
import type { Health } from './observability/probes.ts';
import { alsoTraced } from './observability/tracing.ts';
import { createDeps, operatorName } from './operator-deps.ts';
import type { OperatorOptions } from './operator-options.ts';
import type { Settings } from './settings.ts';

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

/** A new process helps only against a fault of this one, and the API server may be away for long: no hurry. */
const longestSilenceMs = durations.operator.silenceMs;

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
  const bootstrap = createKubeClient({ connection, userAgent: operatorName, metrics: metrics.client });
  // Until it leads it does not, also while it waits for permissions: an alert on no leader has to see that.
  metrics.leading(leaseName(operatorName, settings.shardSelector), false);
  const access = createAccessCheck({
    client: bootstrap,
    installation: settings,
    log,
    onMissing: metrics.permissionsMissing,
  });
  await access.untilGranted(signal);
  const digestKey = await ensureDigestKey(bootstrap, operatorNamespace, signal);
  const clusterName = settings.clusterName ?? (await clusterUid(bootstrap, signal));
  log.info({ clusterName, operatorNamespace }, 'Connected');

  const leadership = createLeadership({
    settings,
    name: operatorName,
    client: bootstrap,
    log,
    now,
    onChange: metrics.leading,
  });
  const { mayWrite } = leadership;
  const kube = createKubeClient({
    connection,
    userAgent: operatorName,
    metrics: metrics.client,
    mayWrite,
    keptOf: keptBy(settings),
  });
  const informers = createInformers({ client: kube, settings, log, metrics: metrics.reflector });
  const queues = createQueues(settings, metrics);
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
          watch(informers, queues, deps.sessions, deps.requests);
          // It may not be there yet.
          if (options.defaultConnection) queues.clusterConnections.add(DEFAULT_CONNECTION);
          await Promise.all(controllers.map((controller) => controller.run(leading)));
          // The last passes have seen fresh objects, and the news of them goes out before the Lease is given back.
          await stopReflecting();
          await deps.events.flush(AbortSignal.timeout(durations.operator.flushMs));
        });
      } catch (error) {
        // Nothing is brought to an end here when another replica may be at work.
        if (!stop.aborted || error instanceof LeadershipLostError) throw error;
      }
      await stopReflecting();
      await Promise.all([kube.close(), bootstrap.close(), deps.http.close(), deps.providerHttp.close()]);
    },
  };
}

function createControllers(
  { settings, log, exposition, tracing, defaultConnection, now }: OperatorOptions,
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
    const own: ConnectionDeps = {
      ...deps,
      resource,
      store,
      versions: createMemory(store, now),
      connectionMetrics,
      wakeAfter: (key, delayMs) => queue.addAfter(key, delayMs, { lane: 'high' }),
    };
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

function createQueues({ workers }: Settings, metrics: Metrics): Queues {
  const queue = ({ kind }: Resource) =>
    createWorkQueue({ name: kind.toLowerCase(), workers, metrics: metrics.queue });
  return {
    integrations: queue(gitIntegrations),
    clusterConnections: queue(clusterCodeMieConnections),
    connections: queue(codeMieConnections),
  };
}
