import type { ConnectionConditionType, GitIntegrationConditionType } from '../api/conditions.ts';
import type { Condition } from '../api/v1alpha1/shared.ts';

/** What one step found, or what the sum of all is. */
export interface Finding<Reason extends string = string> {
  status: 'True' | 'False' | 'Unknown';
  reason: Reason;
  /** One sentence and, where someone must act, one hint. */
  message: string;
  /** The generation it is about, where that is not the present one: it was kept from an earlier pass. */
  observedGeneration?: number | undefined;
  /** With False: nothing is there yet, and what is missing wakes the operator when it comes. */
  mayComeByItself?: boolean;
}

/** The steps that a GitIntegration's readiness rests on, in the order in which they go. */
const stepConditions = [
  'CredentialsResolved',
  'CredentialsValid',
  'InstallationResolved',
  'PermissionsSufficient',
  'Registered',
] as const satisfies readonly GitIntegrationConditionType[];

/** One of {@link stepConditions}. */
export type StepCondition = (typeof stepConditions)[number];

/** What the steps of one reconcile found. A step that was not reached is absent. */
export type Findings = Partial<Record<StepCondition, Finding>>;

/** What is known from before, by which an object that was Ready stays so for a while. */
export interface PriorState {
  /** The conditions as they are stored, of whatever generation. */
  previous: readonly Condition[];
  generation: number;
  /** How long an object that was Ready stays so while something can't be reached. */
  graceMs: number;
  /** Epoch milliseconds. */
  now: number;
}

/** What the sum depends on apart from the findings. */
export interface ReadinessContext extends PriorState {
  /** `validation.policy: Warn`: missing permissions are reported and block nothing. */
  warnOnly: boolean;
}

/** The three conditions that sum up the others as kstatus defines them. */
export interface Readiness {
  ready: Finding;
  reconciling?: Finding;
  stalled?: Finding;
}

/**
 * What is missing is no fault of the manifest: objects may be applied in any order, another controller may fill a
 * Secret in, and either wakes the operator.
 */
const comesByItself: ReadonlySet<string> = new Set([
  'SecretNotFound',
  'SecretKeyMissing',
  'ConnectionNotFound',
]);

/** Whether a False waits for something that another one is likely to bring, so that it is not Stalled. */
function isAwaited({ reason, mayComeByItself }: Finding): boolean {
  return mayComeByItself === true || comesByItself.has(reason);
}

/**
 * Sums up: the first False, else the first Unknown that blocks, else True. Waiting is Unknown and Reconciling,
 * needing a user is False and Stalled, so that GitOps tools distinguish a blip from a fault.
 * https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md
 */
export function sumUp(findings: Findings, context: ReadinessContext): Readiness {
  const inOrder = stepConditions.flatMap((type) => {
    const finding = findings[type];
    return finding && blocks(type, finding, context.warnOnly) ? [{ type, finding }] : [];
  });
  const fault = inOrder.find(({ finding }) => finding.status === 'False')?.finding;
  if (fault)
    return isAwaited(fault) ? { ready: fault } : { ready: fault, stalled: { ...fault, status: 'True' } };

  const waiting = inOrder.find(({ finding }) => finding.status === 'Unknown');
  if (!waiting)
    return { ready: { status: 'True', reason: 'Ready', message: findings.Registered?.message ?? '' } };

  const reconciling: Finding = { ...waiting.finding, status: 'True' };
  const before = context.previous.find(({ type }) => type === waiting.type);
  const kept = keptReady(context, before?.status === 'Unknown' ? before : undefined);
  return { ready: kept ? unconfirmed(kept, waiting.finding) : waiting.finding, reconciling };
}

function blocks(type: StepCondition, finding: Finding, warnOnly: boolean): boolean {
  if (finding.status === 'True' || finding.reason === 'NotReported') return false;
  return !(warnOnly && type === 'PermissionsSufficient');
}

/**
 * The same for a connection, which has one step. What waits for its integrations is not Ready, however young that is.
 */
export function connectionReadiness(found: Finding, standing: PriorState): Readiness {
  if (found.status === 'True') return { ready: found };
  const mark: Finding = { ...found, status: 'True' };
  if (found.status === 'False') return isAwaited(found) ? { ready: found } : { ready: found, stalled: mark };
  const kept = found.reason === 'InUse' ? undefined : keptConnection(standing);
  return { ready: kept ? unconfirmed(kept, found) : found, reconciling: mark };
}

/** A Ready that is kept through an outage, with a message that names the outage: kubectl's tables show Ready only. */
function unconfirmed(ready: Finding, { message }: Finding): Finding {
  return { ...ready, message: `Not confirmed at the moment: ${message}` };
}

/** The Ready of a connection as it was, while it is in trouble for no longer than `graceMs`. */
export function keptConnection(standing: PriorState): Finding | undefined {
  return keptReady(
    standing,
    standing.previous.find(({ type }) => type === 'Reconciling'),
  );
}

/**
 * Ready as it was, while the trouble is young and the spec is the one that was Ready.
 *
 * @param trouble the condition that says since when; absent where it begins now
 */
function keptReady(
  { previous, generation, graceMs, now }: PriorState,
  trouble: Condition | undefined,
): Finding | undefined {
  const ready = previous.find(({ type }) => type === 'Ready');
  if (ready?.status !== 'True' || ready.observedGeneration !== generation) return undefined;
  const since = trouble ? Date.parse(trouble.lastTransitionTime) : now;
  return now - since < graceMs ? ready : undefined;
}

/** The conditions that a sum becomes. */
export function summaryConditions({ ready, reconciling, stalled }: Readiness): SummaryConditions {
  return {
    Ready: ready,
    ...(reconciling && { Reconciling: reconciling }),
    ...(stalled && { Stalled: stalled }),
  };
}

/** See {@link summaryConditions}. */
export type SummaryConditions = { Ready: Finding } & { [T in ConnectionConditionType]?: Finding };
