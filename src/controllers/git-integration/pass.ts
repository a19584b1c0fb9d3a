import type { KeyObject } from 'node:crypto';
import { gitIntegrationConditions } from '../../api/conditions.ts';
import type { ResourceDescription } from '../../api/group.ts';
import type { Parsed } from '../../api/parse.ts';
import type { CredentialExpiringReason, DriftedReason, UsageLimitedReason } from '../../api/reasons.ts';
import type {
  ClusterCodeMieConnectionSpec,
  CodeMieConnectionSpec,
} from '../../api/v1alpha1/connection-spec.ts';
import { type GitIntegrationSpec, parseGitIntegrationSpec } from '../../api/v1alpha1/git-integration-spec.ts';
import {
  type GitIntegrationStatus,
  parseGitIntegrationStatus,
} from '../../api/v1alpha1/git-integration-status.ts';
import type { Condition } from '../../api/v1alpha1/shared.ts';
import { isAuthentic } from '../../domain/digests.ts';
import type { DesiredSetting } from '../../domain/git-setting.ts';
import type { Finding, Findings, StepCondition } from '../../domain/readiness.ts';
import { type ReconcileRequests, reconcileRequests } from '../../domain/reconcile-request.ts';
import type { RememberedRegistration } from '../../domain/registration-plan.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { EventDetails, EventRecorder } from '../../kube/events.ts';
import type { Log } from '../../kube/log.ts';
import { type KubeObject, keyOf, type ObjectKey } from '../../kube/object.ts';
import type { Store } from '../../kube/store.ts';
import type { HttpClientPool } from '../../net/http-client-pool.ts';
import type { Tracing } from '../../observability/tracing.ts';
import type { CredentialReport, Installation } from '../../providers/provider.ts';
import type { providers } from '../../providers/registry.ts';
import type { Session } from '../codemie-connection/session.ts';
import type { SessionPool } from '../codemie-connection/session-pool.ts';
import type { Memory, RowChange } from '../memory.ts';
import type { Refusals } from '../refusals.ts';
import type { RequestGate } from '../request-gate.ts';
import type { SharedCalls } from '../shared-calls.ts';
import type { SharedReads } from '../shared-reads.ts';
import { ownConditions } from '../status-parts.ts';
import type { NamesIn } from '../value-reader.ts';
import type { Halt } from './halt.ts';
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
  /** Has a GitIntegration checked again soon. */
  wake: (key: ObjectKey) => void;
  /** Has a GitIntegration checked again at that time, at the latest. */
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
  sessions: SessionPool;
  providers: typeof providers;
  http: HttpClientPool;
  /** For Git providers: a host that hangs is skipped for a while. */
  providerHttp: HttpClientPool;
  validations: SharedCalls<CredentialReport>;
  installations: SharedCalls<Installation>;
  /** What providers refuse, and how sure that is. */
  refusals: Refusals;
  /** Key of the digests; see `digest-key.ts`. */
  digestKey: KeyObject;
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

/** What is known of one GitIntegration apart from its spec. Nothing of it changes during a reconcile. */
export interface Snapshot {
  object: KubeObject;
  key: ObjectKey;
  namespace: string;
  name: string;
  uid: string;
  generation: number;
  deleting: boolean;
  /**
   * What was written last; fields that do not parse are absent, and so are conditions of others, and a registration that
   * this operator did not sign.
   */
  status: Partial<GitIntegrationStatus>;
  conditions: readonly Condition[];
  requests: ReconcileRequests;
  /** A user asked for this reconcile: results from before do not count. */
  forceCheck: boolean;
  /** Since when, epoch milliseconds: what was read later is fresh enough. */
  requestedAtMs?: number;
}

/** One GitIntegration as it was read. */
export interface ParsedIntegration extends Snapshot {
  /** The spec, or one sentence about what is wrong with it. */
  parsed: Parsed<GitIntegrationSpec>;
}

/** Leaves a registration out that this operator did not sign: it is forged, or older than signatures. */
export function withoutForgedRegistration(
  loaded: ParsedIntegration,
  digestKey: KeyObject,
): ParsedIntegration {
  const { registration, ...status } = loaded.status;
  if (!registration || isAuthentic(loaded.uid, registration, digestKey)) return loaded;
  return { ...loaded, status };
}

/**
 * What an object of the API server says.
 *
 * @param handled the request for which an earlier reconcile asked again already, which the status does not show yet
 */
export function parseIntegration(object: KubeObject, handled?: string): ParsedIntegration {
  const { metadata } = object;
  const stored = parseGitIntegrationStatus(object['status']);
  const conditions = ownConditions(stored.conditions, gitIntegrationConditions);
  const status = { ...stored, conditions };
  const requests = reconcileRequests(metadata.annotations, stored);
  return {
    object,
    key: keyOf(object),
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid,
    generation: metadata.generation ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    parsed: parseGitIntegrationSpec(object['spec']),
    status,
    conditions: conditions ?? [],
    requests,
    forceCheck: requests.fresh !== undefined && requests.fresh !== handled,
  };
}

/** One GitIntegration with a good spec. */
export interface Integration extends Snapshot {
  spec: GitIntegrationSpec;
  /** `spec.alias`, or the object's own name. */
  alias: string;
}

/**
 * Whether an integration was Ready with the spec as it is now, and has been at most in doubt since. A fault of the other
 * side is then something temporary, and no reason to call a user.
 */
export function wasReady({ status, conditions, generation }: Snapshot): boolean {
  const ready = conditions.find(({ type }) => type === 'Ready');
  return (
    status.registration !== undefined && ready?.observedGeneration === generation && ready.status !== 'False'
  );
}

/** A connection that this integration may use. */
export interface ResolvedConnection {
  object: KubeObject;
  resource: ResourceDescription;
  uid: string;
  spec: CodeMieConnectionSpec | ClusterCodeMieConnectionSpec;
}

/** The conditions that are present only while they hold. */
interface Abnormal {
  CredentialExpiring?: Finding<CredentialExpiringReason>;
  Drifted?: Finding<DriftedReason>;
  UsageLimited?: Finding<UsageLimitedReason>;
}

/** What one reconcile found out. It is filled step by step and written once, at the end. */
export interface Report {
  /** The version of the object that the reconcile knows; its own writes move it. */
  resourceVersion: string;
  findings: Findings;
  abnormal: Abnormal;
  credential: GitIntegrationStatus['credential'];
  installation: GitIntegrationStatus['installation'];
  registration: GitIntegrationStatus['registration'];
  /** News beyond the change of readiness, which gets its own event. */
  news: EventDetails[];
}

/** An empty report that remembers what CodeMie holds: a reconcile that fails early must not forget it. */
export function startReport({ object, status }: Snapshot): Report {
  return {
    resourceVersion: object.metadata.resourceVersion,
    findings: {},
    abnormal: {},
    credential: status.credential,
    installation: status.installation,
    registration: status.registration,
    news: [],
  };
}

/**
 * Enters why the reconcile stopped. What later steps found in earlier ones is dropped, because it may be about
 * another credential; only a `Registered` that is True stays: it says what CodeMie holds, and CodeMie still holds
 * it. Why it was something else may be past, such as a connection that has become Ready.
 */
export function enterHalt(report: Report, halt: Halt, { conditions }: Snapshot): void {
  report.findings[halt.condition] = halt.finding;
  const registered = conditions.find(({ type }) => type === 'Registered');
  if (registered?.status === 'True' && !report.findings.Registered) report.findings.Registered = registered;
  const drifted = conditions.find(({ type }) => type === 'Drifted');
  if (drifted?.reason === 'Changed' && halt.condition !== 'Registered')
    report.abnormal.Drifted = { status: 'True', reason: 'Changed', message: drifted.message };
  if (keepsTheOldCredential(report, halt))
    report.findings[halt.condition] = {
      ...halt.finding,
      // A hint may end in a link. In brackets, because a message has two sentences.
      message: `${halt.finding.message.replace(/\.$/, '')} (CodeMie keeps the credential that was registered last).`,
    };
}

const credentialSteps: ReadonlySet<StepCondition> = new Set([
  'CredentialsResolved',
  'CredentialsValid',
  'InstallationResolved',
  'PermissionsSufficient',
]);

function keepsTheOldCredential(report: Report, { condition, finding }: Halt): boolean {
  return report.registration !== undefined && finding.status === 'False' && credentialSteps.has(condition);
}

/**
 * One reconcile over one GitIntegration: what it is about, what it has found out, and what it works with. A step asks for
 * no more of {@link Deps} than it needs.
 */
export interface Pass<D = Deps, I extends Snapshot = Integration> {
  integration: I;
  /** Filled step by step, and written once at the end. */
  report: Report;
  deps: D;
  /** Aborts when the reconcile has to end. */
  signal: AbortSignal;
}

/** A reconcile that has come as far as CodeMie: what a write there works with. */
export interface WritePass extends Pass {
  connection: ResolvedConnection;
  session: Session;
  desired: DesiredSetting;
  /** Of `desired`. */
  digest: string;
  /** What status remembers of the last write to this place. */
  remembered: RememberedRegistration | undefined;
  /** What this process did last to the rows of this integration there, as of the beginning of the reconcile. */
  lastChange: RowChange | undefined;
  /** The mark that names the owner of a row. */
  owner: string;
}
