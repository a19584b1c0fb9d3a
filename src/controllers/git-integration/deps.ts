import type { KubeClient } from '../../kube/client.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { Log } from '../../kube/log.ts';
import type { KubeObject, ObjectKey } from '../../kube/object.ts';
import type { Store } from '../../kube/store.ts';
import type { HttpClients } from '../../net/http-clients.ts';
import type { Tracing } from '../../observability/tracing.ts';
import type { CredentialReport, Installation } from '../../providers/provider.ts';
import type { providers } from '../../providers/registry.ts';
import type { Sessions } from '../codemie-connection/sessions.ts';
import type { Memory } from '../memory.ts';
import type { RequestGate } from '../reconcile-requests.ts';
import type { Refusals } from '../refusals.ts';
import type { SharedCalls } from '../shared-calls.ts';
import type { SharedReads } from '../shared-reads.ts';
import type { NamesIn } from '../value-reader.ts';
import type { ClockMetrics, IntegrationMetrics, RateLimitMetrics } from './metrics.ts';

/** Everything that the reconciler of GitIntegrations works with. Made in `operator.ts`. */
export interface Deps {
  kube: KubeClient;
  /** Secrets and ConfigMaps, read once for all who name them. */
  reads: SharedReads;
  /** What they are called, for messages about a name that does not exist. */
  namesIn: NamesIn;
  /** Whether an object is for this process to work on, and not for another shard. */
  isOurs: (object: KubeObject) => boolean;
  /** GitIntegrations of all shards, with the indexes of `watches.ts`. */
  integrations: Store;
  /** What this process wrote, for them and to CodeMie, and what neither shows yet. */
  memory: Memory;
  /** Has a GitIntegration looked at again soon. */
  wake: (key: ObjectKey) => void;
  /** Has a GitIntegration looked at again at that time, at the latest. */
  wakeAfter: (key: ObjectKey, delayMs: number) => void;
  /** Which requests for a reconcile may be acted on. */
  requests: RequestGate;
  clusterConnections: Store;
  connections: Store;
  /** False: there may be ClusterCodeMieConnections, but this operator knows nothing of them. */
  followsClusterConnections: boolean;
  /** False: there may be GitIntegrations in that namespace, but this operator knows nothing of them. */
  followsNamespace: (namespace: string) => boolean;
  /** Metadata only: labels for access rules, and whether one is being torn down. */
  namespaces: Store;
  /** Signed-in clients of CodeMie, one per connection. */
  sessions: Sessions;
  providers: typeof providers;
  http: HttpClients;
  /** For Git providers: a host that hangs is left alone for a while. */
  providerHttp: HttpClients;
  proofs: SharedCalls<CredentialReport>;
  installations: SharedCalls<Installation>;
  /** What providers refuse, and how sure that is. */
  refusals: Refusals;
  /** Key of the digests; see `digest-key.ts`. */
  digestKey: Buffer;
  /** Whether namespaced connections may open private addresses. */
  tenantPrivateNetworks: boolean;
  /** Where the Secrets of ClusterCodeMieConnections are. */
  operatorNamespace: string;
  /** Names this cluster in owner marks. */
  clusterName: string;
  events: EventRecorder;
  metrics: IntegrationMetrics;
  rateLimits: RateLimitMetrics;
  clocks: ClockMetrics;
  tracing: Pick<Tracing, 'step' | 'note'>;
  log: Log;
  /** Epoch milliseconds. */
  now: () => number;
}
