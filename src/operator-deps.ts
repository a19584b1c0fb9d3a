import type { parseDefaultConnection } from './controllers/codemie-connection/default-connection.ts';
import { createSessionPool } from './controllers/codemie-connection/session-pool.ts';
import { providerFailureAgeMs } from './controllers/git-integration/halt.ts';
import {
  createClockMetrics,
  createIntegrationMetrics,
  createRateLimitMetrics,
} from './controllers/git-integration/metrics.ts';
import type { Deps } from './controllers/git-integration/pass.ts';
import { createMemory } from './controllers/memory.ts';
import { createRefusals } from './controllers/refusals.ts';
import { createRequestGate } from './controllers/request-gate.ts';
import { createSharedCalls } from './controllers/shared-calls.ts';
import { createSharedReads } from './controllers/shared-reads.ts';
import type { NamesIn } from './controllers/value-reader.ts';
import type { InformerSet, Queues } from './controllers/watches.ts';
import { createEventRecorder } from './kube/events.ts';
import type { Log } from './kube/log.ts';
import type { Leadership } from './leadership.ts';
import { bounds } from './lib/bounds.ts';
import { durations } from './lib/durations.ts';
import { createSharedTrust } from './net/ca-bundle.ts';
import { createGuard, guardClients } from './net/guarded-clients.ts';
import { createHandshakes } from './net/handshakes.ts';
import { createHttpClientPool } from './net/http-client-pool.ts';
import type { Exposition } from './observability/exposition.ts';
import type { Metrics } from './observability/metrics.ts';
import type { Tracing } from './observability/tracing.ts';
import type { CredentialReport, Installation } from './providers/provider.ts';
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

/** The operator's name in user agents, Leases and events. */
export const operatorName = 'codemie-git-operator';

/** Longest time for one call to CodeMie, which may work for a while on a change. */
const codeMieTimeoutMs = durations.codemie.callTimeoutMs;
/** Longest time for one call to a Git provider: each is a small question. */
const providerTimeoutMs = durations.providers.callTimeoutMs;
/** A reconcile that waits for a provider longer than this ends, and comes back later. */
const providerPatienceMs = durations.providers.patienceMs;
/** Requests of one namespace to one Git host at the same time. */
const mostAtGitHost = 4;
/** A connection to CodeMie has its own limits, up to 64. */
const mostAtCodeMie = 64;

/** More writes than this that wait to be seen are no edits of people. */
const waveSize = 100;

/** The ways out. One guard sees to it that no namespace, connection or host takes the room of others. */
function createClients(
  { settings: { proxy }, ca, now }: Pick<OperatorOptions, 'settings' | 'ca' | 'now'>,
  metrics: Metrics,
  maySend: () => boolean,
): Pick<Deps, 'http' | 'providerHttp'> {
  const handshakes = createHandshakes({ now });
  const common = {
    ca,
    handshakes,
    trustFor: createSharedTrust(),
    proxy,
    maxBodyBytes: bounds.answer.maxBytes,
    userAgent: operatorName,
    maySend,
  };
  const guard = createGuard({ now, handshakes });
  const codemie = createHttpClientPool({
    ...common,
    timeoutMs: codeMieTimeoutMs,
    onRequest: (record) => metrics.exchange('codemie', record),
  });
  const git = createHttpClientPool({
    ...common,
    timeoutMs: providerTimeoutMs,
    onRequest: (record) => metrics.exchange('provider', record),
  });
  return {
    // What waits for CodeMie waits for the same listing and sign-in, and a connection that is not Ready is not asked.
    http: guardClients(codemie, guard, { maxPerServer: mostAtCodeMie, pauses: false }),
    providerHttp: guardClients(git, guard, { maxPerServer: mostAtGitHost, pauses: true }),
  };
}

/** Read from the caches each time, which is needed only for the message about a name that does not exist. */
function createNamesIn({ secrets, configMaps }: Pick<InformerSet, 'secrets' | 'configMaps'>): NamesIn {
  return function* (kind, namespace) {
    const { store } = kind === 'Secret' ? secrets : configMaps;
    for (const { metadata } of store.list()) if (metadata.namespace === namespace) yield metadata.name;
  };
}

/** What was read or made before the rest. */
export interface OperatorParts
  extends Pick<Deps, 'kube' | 'digestKey' | 'clusterName'>,
    Pick<Leadership, 'mayWrite'> {
  informers: InformerSet;
  queues: Queues;
  metrics: Metrics;
}

/** What all integrations of the same credential share: answers of providers, and how sure their refusals are. */
function createSharedAnswers({
  settings,
  now,
}: Pick<OperatorOptions, 'settings' | 'now'>): Pick<Deps, 'validations' | 'installations' | 'refusals'> {
  const sharing = {
    now,
    timeoutMs: durations.providers.validationMs,
    patienceMs: providerPatienceMs,
    failureAgeMs: providerFailureAgeMs(now),
    kept: bounds.keptAnswers,
    bytesOf: (result: CredentialReport | Installation) => JSON.stringify(result).length,
  };
  return {
    validations: createSharedCalls<CredentialReport>(sharing),
    installations: createSharedCalls<Installation>(sharing),
    refusals: createRefusals({ now, windowMs: settings.refusalWindow }),
  };
}

/** The caches, and what is read and woken through them. */
function createReading(
  { kube, informers, queues }: Pick<OperatorParts, 'kube' | 'informers' | 'queues'>,
  now: () => number,
) {
  const stores = { secrets: informers.secrets.store, configmaps: informers.configMaps.store };
  const memory = createMemory(informers.integrations.store, now);
  return {
    reads: createSharedReads({ kube, stores, now }),
    namesIn: createNamesIn(informers),
    integrations: informers.integrations.store,
    clusterConnections: informers.clusterConnections.store,
    connections: informers.connections.store,
    namespaces: informers.namespaces.store,
    memory,
    // A wave of writes is recorded after the edits of people.
    wake: (key) =>
      queues.integrations.add(key, { lane: memory.unrecordedWrites > waveSize ? 'low' : 'high' }),
    wakeAfter: (key, delayMs) => queues.integrations.addAfter(key, delayMs, { lane: 'high' }),
    requests: createRequestGate(now),
  } satisfies Partial<Deps>;
}

/** Makes everything that the reconcilers work with. */
export function createDeps(
  { settings, ca, exposition, tracing, log, now }: OperatorOptions,
  parts: OperatorParts,
): Deps {
  const { kube, queues, metrics, digestKey, clusterName, mayWrite } = parts;
  const {
    operatorNamespace,
    tenantPrivateNetworks,
    podName,
    shardSelector,
    clusterConnections,
    watchNamespaces,
  } = settings;
  const { http, providerHttp } = createClients({ settings, ca, now }, metrics, mayWrite);
  const reading = createReading(parts, now);
  const busy = (): boolean => queues.integrations.depth > 0;
  return {
    kube,
    ...reading,
    isOurs: ({ metadata }) => shardSelector?.matches(metadata.labels) ?? true,
    followsClusterConnections: clusterConnections,
    followsNamespace: (namespace) => watchNamespaces?.includes(namespace) ?? true,
    sessions: createSessionPool({
      kube,
      http,
      operatorNamespace,
      namesIn: reading.namesIn,
      tenantPrivateNetworks,
      now,
      busy,
    }),
    providers,
    http,
    providerHttp,
    ...createSharedAnswers({ settings, now }),
    digestKey,
    tenantPrivateNetworks,
    operatorNamespace,
    clusterName,
    events: createEventRecorder({
      client: kube,
      component: `codemie.ai/${operatorName}`,
      instance: podName,
      log,
      now,
      metrics: metrics.events,
      busy,
    }),
    metrics: createIntegrationMetrics(exposition),
    rateLimits: createRateLimitMetrics(exposition.registry, now),
    clocks: createClockMetrics(exposition.registry),
    tracing,
    log,
    now,
  };
}
