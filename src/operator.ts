import { createAccessCheck } from './access/check.ts';
import { clusterCodeMieConnections, codeMieConnections, gitIntegrations } from './api/group.ts';
import { createDefaultConnectionController } from './controllers/codemie-connection/default-connection.ts';
import { createConnectionMetrics } from './controllers/codemie-connection/metrics.ts';
import { type ConnectionDeps, reconcileConnection } from './controllers/codemie-connection/reconcile.ts';
import { ensureDigestKey } from './controllers/digest-key.ts';
import type { Deps } from './controllers/git-integration/pass.ts';
import { reconcile } from './controllers/git-integration/reconcile.ts';
import { createInformerSet, projectionsFor } from './controllers/informer-set.ts';
import { createMemory } from './controllers/memory.ts';
import { type Queues, watch } from './controllers/watches.ts';
import type { KubeClient } from './kube/client.ts';
import type { KubeConnection } from './kube/connection.ts';
import { type Controller, createController } from './kube/controller.ts';
import { areInContact, type Informer } from './kube/informer.ts';
import { loadKubeConnection } from './kube/kube-config.ts';
import { LeadershipLostError } from './kube/leader-election.ts';
import { namespaces, type Resource } from './kube/object.ts';
import { createKubeClient } from './kube/rest-client.ts';
import { createWorkQueue } from './kube/work-queue.ts';
import { createLeadership, leaseName } from './leadership.ts';
import { durations } from './lib/durations.ts';
import type { Health } from './observability/http-handlers.ts';
import { createMetrics, type Metrics, measureCaches, measureQueues } from './observability/metrics.ts';
import { withTracing } from './observability/tracing.ts';
import { createDeps, type OperatorOptions, type OperatorParts, operatorName } from './operator-deps.ts';
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
  const metrics = withTracing(createMetrics(exposition.registry), tracing);
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
    connection,
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
    projectionOf: projectionsFor(settings),
  });
  const informers = createInformerSet({ client: kube, settings, log, metrics: metrics.reflector });
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
  const controllers = createControllers(options, deps, { informers, queues, metrics });
  const followed: Informer[] = Object.values(informers);
  const reconciled = [informers.integrations, informers.clusterConnections, informers.connections];
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
          // The last leader's writes may still be missing from the watches, and what it did is not to be done again.
          if (settings.leaderElect)
            await Promise.all(reconciled.map((informer) => informer.refresh(leading)));
          // Only now: a replica on standby would fill its queues. Each object that exists is added at this point.
          watch(informers, queues, deps.sessions, deps.requests);
          await Promise.all(controllers.map((controller) => controller.run(leading)));
          // The events of the last reconciles are sent before the Lease is released.
          await stopReflecting();
          await deps.events.flush(AbortSignal.timeout(durations.operator.flushMs));
        });
      } catch (error) {
        // When another replica may be at work, nothing is finished here.
        if (!stop.aborted || error instanceof LeadershipLostError) throw error;
      }
      await stopReflecting();
      await Promise.all([kube.close(), bootstrap.close(), deps.http.close(), deps.providerHttp.close()]);
    },
  };
}

/** A controller for each kind that this process reconciles, and one that keeps the default connection. */
function createControllers(
  options: OperatorOptions,
  deps: Deps,
  { informers, queues, metrics }: Pick<OperatorParts, 'informers' | 'queues' | 'metrics'>,
): Controller[] {
  const { settings, log, tracing, defaultConnection } = options;
  const common = { workers: settings.workers, log, metrics: metrics.controller, around: tracing.run };
  const controllers = [
    createController({
      ...common,
      name: nameOf(gitIntegrations),
      queue: queues.integrations,
      reconcile: (key, context) => reconcile(key, deps, context),
    }),
  ];
  const connectionMetrics = createConnectionMetrics(options.exposition);
  for (const { resource, informer, queue } of [
    {
      resource: clusterCodeMieConnections,
      informer: informers.clusterConnections,
      queue: queues.clusterConnections,
    },
    { resource: codeMieConnections, informer: informers.connections, queue: queues.connections },
  ]) {
    if (!queue) continue;
    const connectionDeps: ConnectionDeps = {
      ...deps,
      resource,
      store: informer.store,
      versions: createMemory(informer.store, options.now),
      connectionMetrics,
      wakeAfter: (key, delayMs) => queue.addAfter(key, delayMs, { lane: 'high' }),
    };
    controllers.push(
      createController({
        ...common,
        name: nameOf(resource),
        queue,
        reconcile: (key, context) => reconcileConnection(key, connectionDeps, context),
      }),
    );
  }
  if (defaultConnection && settings.connections)
    controllers.push(
      createDefaultConnectionController(defaultConnection, {
        ...deps,
        informer: informers.clusterConnections,
        metrics: metrics.controller,
        around: tracing.run,
      }),
    );
  return controllers;
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

function createQueues({ workers, connections }: Settings, metrics: Metrics): Queues {
  const queue = (resource: Resource) =>
    createWorkQueue({ name: nameOf(resource), workers, metrics: metrics.queue });
  return {
    integrations: queue(gitIntegrations),
    ...(connections && {
      clusterConnections: queue(clusterCodeMieConnections),
      connections: queue(codeMieConnections),
    }),
  };
}

/** What queue and controller of a kind are called in metrics and logs. */
function nameOf({ kind }: Resource): string {
  return kind.toLowerCase();
}
