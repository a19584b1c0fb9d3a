import type { ResourceDescription } from '../../api/group.ts';
import type { Parsed } from '../../api/parse.ts';
import type { CredentialExpiringReason, DriftedReason, UsageLimitedReason } from '../../api/reasons.ts';
import type {
  ClusterCodeMieConnectionSpec,
  CodeMieConnectionSpec,
} from '../../api/v1alpha1/connection-spec.ts';
import type { GitIntegrationSpec } from '../../api/v1alpha1/git-integration-spec.ts';
import type { GitIntegrationStatus } from '../../api/v1alpha1/git-integration-status.ts';
import type { Condition } from '../../api/v1alpha1/shared.ts';
import type { Finding, Findings, StepCondition } from '../../domain/readiness.ts';
import type { ReconcileRequests } from '../../domain/reconcile-request.ts';
import type { RememberedRegistration } from '../../domain/registration-plan.ts';
import type { DesiredSetting } from '../../domain/setting.ts';
import type { EventDetails } from '../../kube/events.ts';
import type { KubeObject, ObjectKey } from '../../kube/object.ts';
import type { Session } from '../codemie-connection/session.ts';
import type { Deps } from './deps.ts';
import type { Halt } from './halt.ts';

/** What is known of one GitIntegration apart from its spec. Nothing of it changes during a pass. */
export interface Known {
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
  /** A user asked for this pass: results from before do not count. */
  askAnew: boolean;
  /** Since when, epoch milliseconds: what was read later is fresh enough. */
  askedAtMs?: number;
}

/** One GitIntegration as it was read. */
export interface Loaded extends Known {
  /** The spec, or one sentence about what is wrong with it. */
  parsed: Parsed<GitIntegrationSpec>;
}

/** One GitIntegration with a good spec. */
export interface Integration extends Known {
  spec: GitIntegrationSpec;
  /** `spec.alias`, or the object's own name. */
  alias: string;
}

/**
 * Whether an integration was Ready with the spec as it is now, and has been at most in doubt since. A fault of the other
 * side is then something that passes, and no reason to call a person.
 */
export function wasReady({ status, conditions, generation }: Known): boolean {
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

/** What one pass found out. It is filled step by step and written once, at the end. */
export interface Report {
  /** The version of the object that the pass knows; its own writes move it. */
  resourceVersion: string;
  findings: Findings;
  abnormal: Abnormal;
  credential: GitIntegrationStatus['credential'];
  installation: GitIntegrationStatus['installation'];
  registration: GitIntegrationStatus['registration'];
  /** News beyond the change of readiness, which gets an event of its own. */
  news: EventDetails[];
}

/** An empty report that remembers what CodeMie holds: a pass that fails early must not forget it. */
export function startReport({ object, status }: Known): Report {
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
 * Enters why the pass stopped. What later steps found in earlier passes is dropped, because it may be about
 * another credential; only a `Registered` that is True stays: it tells what CodeMie holds, and CodeMie still holds
 * it. Why it was something else may be over, such as a connection that has become Ready.
 */
export function enterHalt(report: Report, halt: Halt, { conditions }: Known): void {
  report.findings[halt.condition] = halt.finding;
  const registered = conditions.find(({ type }) => type === 'Registered');
  if (registered?.status === 'True' && !report.findings.Registered) report.findings.Registered = registered;
  const drifted = conditions.find(({ type }) => type === 'Drifted');
  if (drifted?.reason === 'Changed' && halt.condition !== 'Registered')
    report.abnormal.Drifted = { status: 'True', reason: 'Changed', message: drifted.message };
  if (keepsTheOldCredential(report, halt))
    report.findings[halt.condition] = {
      ...halt.finding,
      // A hint may end in a link.
      message: `${halt.finding.message.replace(/\.?$/, '.')} CodeMie keeps the credential that was registered last.`,
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
 * One pass over one GitIntegration: what it is about, what it has found out, and what it works with. A step asks for no
 * more of {@link Deps} than it needs.
 */
export interface Pass<D = Deps, I extends Known = Integration> {
  integration: I;
  /** Filled step by step, and written once at the end. */
  report: Report;
  deps: D;
  /** Aborts when the pass has to end. */
  signal: AbortSignal;
}

/** A pass that has come as far as CodeMie: what a write there works with. */
export interface WritePass extends Pass {
  connection: ResolvedConnection;
  session: Session;
  desired: DesiredSetting;
  /** Of `desired`. */
  digest: string;
  /** What status remembers of the last write to this place. */
  remembered: RememberedRegistration | undefined;
  /** The mark that tells whose a row is. */
  owner: string;
}
