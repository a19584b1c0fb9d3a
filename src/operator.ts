import type { Registry } from 'prom-client';
import { clusterCodeMieConnections, codeMieConnections, gitIntegrations } from './api/group.ts';
import { connectionIndexes } from './controllers/codemie-connection/indexes.ts';
import { type ConnectionDeps, reconcileConnection } from './controllers/codemie-connection/reconcile.ts';
import { createSessions } from './controllers/codemie-connection/sessions.ts';
import { configMaps, namespaces, secrets } from './controllers/core-resources.ts';
import { ensureDigestKey } from './controllers/digest-key.ts';
import type { Deps } from './controllers/git-integration/deps.ts';
import { integrationIndexes } from './controllers/git-integration/indexes.ts';
import { createIntegrationMetrics } from './controllers/git-integration/metrics.ts';
import { providerFailureAgeMs } from './controllers/git-integration/provider-halt.ts';
import { reconcile } from './controllers/git-integration/reconcile.ts';
import { createSharedCalls } from './controllers/shared-calls.ts';
import { type Informers, type Queues, watch } from './controllers/watches.ts';
import type { KubeClient } from './kube/client.ts';
import { createController, type Reconcile } from './kube/controller.ts';
import { createEventRecorder } from './kube/events.ts';
import { createInformer, type Informer } from './kube/informer.ts';
import { loadKubeConnection } from './kube/kube-config.ts';
import type { Log } from './kube/log.ts';
import type { Resource } from './kube/object.ts';
import { createKubeClient } from './kube/rest-client.ts';
import { createWorkQueue } from './kube/work-queue.ts';
import { createHttpClients } from './net/http-clients.ts';
import { createMetrics, type Metrics } from './observability/metrics.ts';
import type { Health } from './observability/probes.ts';
import { providers } from './providers/registry.ts';
import type { Settings } from './settings.ts';

/** What an operator is made with. */
export interface OperatorOptions {
  settings: Settings;
  /** PEM certificates that every outgoing connection trusts besides the system roots. */
  ca: readonly string[];
  registry: Registry;
  log: Log;
  /** Epoch milliseconds. */
  now: () => number;
  /** Ends the start, if it comes before that is done. */
  signal: AbortSignal;
}

/** The operator, ready to run. */
export interface Operator extends Health {
  /** Follows the cluster and reconciles until the signal aborts, then lets running work end. */
  run(signal: AbortSignal): Promise<void>;
}

const userAgent = 'codemie-git-operator';
/** Three watches may run out their longest time before a reflector counts as dead. */
const longestSilenceMs = 3 * 10 * 60_000;

/**
 * Puts the parts together; the only place that knows them all.
 *
 * @throws KubeConfigError, CaBundleError, or what the API server answered to the first reads
 */
export async function createOperator(options: OperatorOptions): Promise<Operator> {
  const { settings, registry, log, now, signal } = options;
  const metrics = createMetrics(registry);
  const kube = await connect(settings, metrics);
  const { operatorNamespace, tenantPrivateNetworks } = settings;
  const digestKey = await ensureDigestKey(kube, operatorNamespace, signal);
  const clusterName = settings.clusterName ?? (await clusterUid(kube, signal));
  log.info({ clusterName, operatorNamespace }, 'Connected');

  const informers = createInformers(kube, operatorNamespace, log, metrics);
  const queues = createQueues(metrics);
  const http = createHttpClients({
    ca: options.ca,
    proxy: settings.proxy,
    timeoutMs: 30_000,
    maxBodyBytes: 8 * 1024 * 1024,
    userAgent,
    onRequest: metrics.exchange,
  });
  const sessions = createSessions({ kube, http, operatorNamespace, tenantPrivateNetworks, now });
  const events = createEventRecorder({
    client: kube,
    component: 'codemie.ai/git-operator',
    instance: userAgent,
    log,
    now,
  });
  const sharing = { now, timeoutMs: 60_000, failureAgeMs: providerFailureAgeMs(now), maxEntries: 50_000 };
  const deps: Deps = {
    kube,
    integrations: informers.integrations.store,
    clusterConnections: informers.clusterConnections.store,
    connections: informers.connections.store,
    namespaces: informers.namespaces.store,
    sessions,
    providers,
    http,
    proofs: createSharedCalls(sharing),
    installations: createSharedCalls(sharing),
    digestKey,
    tenantPrivateNetworks,
    clusterName,
    events,
    metrics: createIntegrationMetrics(registry),
    now,
  };
  const ofConnections = (resource: ConnectionDeps['resource'], { store }: Informer): Reconcile => {
    const own: ConnectionDeps = {
      kube,
      resource,
      store,
      integrations: deps.integrations,
      sessions,
      events,
      now,
    };
    return (key, context) => reconcileConnection(key, own, context);
  };
  const { workers } = settings;
  const shared = { workers, log, metrics: metrics.controller };
  const controllers = [
    createController({
      ...shared,
      name: 'gitintegration',
      queue: queues.integrations,
      reconcile: (key, context) => reconcile(key, deps, context),
    }),
    createController({
      ...shared,
      name: 'clustercodemieconnection',
      queue: queues.clusterConnections,
      reconcile: ofConnections(clusterCodeMieConnections, informers.clusterConnections),
    }),
    createController({
      ...shared,
      name: 'codemieconnection',
      queue: queues.connections,
      reconcile: ofConnections(codeMieConnections, informers.connections),
    }),
  ];
  const followed = Object.values(informers);
  let stopping = false;

  return {
    ready: () => !stopping && followed.every((informer) => informer.synced()),
    alive: () =>
      followed.every((informer) => !informer.synced() || informer.contactAgeMs() < longestSilenceMs),
    async run(stop) {
      stop.addEventListener('abort', () => {
        stopping = true;
      });
      // The reflectors outlive the workers, so that the last passes still see fresh objects.
      const reflecting = new AbortController();
      const reflectors = followed.map((informer) => informer.run(reflecting.signal));
      try {
        await Promise.all(followed.map((informer) => informer.whenSynced(stop)));
        log.info({ objects: deps.integrations.size }, 'Caches are synced');
        watch(informers, queues, sessions);
        await Promise.all(controllers.map((controller) => controller.run(stop)));
      } catch (error) {
        if (!stop.aborted) throw error;
      } finally {
        reflecting.abort();
        await Promise.all(reflectors);
        await events.flush(AbortSignal.timeout(3_000));
        await Promise.all([kube.close(), http.close()]);
      }
    },
  };
}

async function connect({ kubeconfig, context, inCluster }: Settings, metrics: Metrics): Promise<KubeClient> {
  const connection = await loadKubeConnection({
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
    ...(inCluster && { inCluster }),
  });
  return createKubeClient({ connection, userAgent, metrics: metrics.client });
}

/** The UID of `kube-system` stands for the cluster: it is there from the beginning and never changes. */
async function clusterUid(kube: KubeClient, signal: AbortSignal): Promise<string> {
  const namespace = await kube.get(namespaces, 'kube-system', signal);
  if (!namespace) throw new Error('There is no namespace kube-system. Name the cluster by --cluster-name.');
  return namespace.metadata.uid;
}

function createInformers(kube: KubeClient, operatorNamespace: string, log: Log, metrics: Metrics): Informers {
  const common = { client: kube, log, metrics: metrics.reflector };
  const whole = (resource: Resource, indexes: Parameters<typeof createInformer>[0]['indexes'] = {}) =>
    createInformer({ ...common, resource, indexes });
  const metadata = (resource: Resource, fieldSelector?: string) =>
    createInformer({ ...common, resource, metadataOnly: true, ...(fieldSelector && { fieldSelector }) });
  return {
    integrations: whole(gitIntegrations, integrationIndexes),
    clusterConnections: whole(clusterCodeMieConnections, connectionIndexes(operatorNamespace)),
    connections: whole(codeMieConnections, connectionIndexes(operatorNamespace)),
    // Helm keeps a Secret for every revision of every release, and none of them is of interest here.
    secrets: metadata(secrets, 'type!=helm.sh/release.v1'),
    configMaps: metadata(configMaps),
    namespaces: metadata(namespaces),
  };
}

function createQueues(metrics: Metrics): Queues {
  const queue = (name: string) => createWorkQueue({ name, metrics: metrics.queue });
  return {
    integrations: queue('gitintegration'),
    clusterConnections: queue('clustercodemieconnection'),
    connections: queue('codemieconnection'),
  };
}
