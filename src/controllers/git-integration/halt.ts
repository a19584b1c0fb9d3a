import type {
  CredentialsResolvedReason,
  CredentialsValidReason,
  InstallationResolvedReason,
  PermissionsSufficientReason,
  RegisteredReason,
} from '../../api/reasons.ts';
import type { Finding, StepCondition } from '../../domain/readiness.ts';

/** The reasons that each condition may have. */
interface ReasonOf {
  CredentialsResolved: CredentialsResolvedReason;
  CredentialsValid: CredentialsValidReason;
  InstallationResolved: InstallationResolvedReason;
  PermissionsSufficient: PermissionsSufficientReason;
  Registered: RegisteredReason;
}

/**
 * When to reconcile again after one that stopped early: `wait` - at the next interval, when something that is watched
 * changes, or at `untilMs`, epoch milliseconds; `soon` - at growing intervals, because nobody reports the change that is
 * waited for; `retry` - with backoff; `at` - not before a moment, epoch milliseconds.
 */
export type Next =
  | { kind: 'wait'; untilMs?: number }
  | { kind: 'soon' }
  | { kind: 'retry' }
  | { kind: 'at'; atMs: number };

/**
 * How a step ends a pass: it carries what the condition will say and when to come back. Anything else that is
 * thrown is a fault of the cluster or of this program; it is logged and tried again, and the status stays.
 */
export class Halt extends Error {
  override readonly name = 'Halt';
  readonly condition: StepCondition;
  readonly finding: Finding;
  readonly next: Next;

  constructor(condition: StepCondition, finding: Finding, next: Next, cause?: unknown) {
    super(finding.message, cause === undefined ? undefined : { cause });
    this.condition = condition;
    this.finding = finding;
    this.next = next;
  }
}

/** A person must act; what they change is watched, or looked at again at the interval. */
export function needsPerson<C extends StepCondition>(
  condition: C,
  reason: ReasonOf[C],
  sentence: string,
  hint: string,
): Halt {
  return new Halt(condition, { status: 'False', reason, message: `${sentence} ${hint}` }, { kind: 'wait' });
}

/** A user must act, in CodeMie, which is not watched. */
export function needsCodeMieUser(reason: RegisteredReason, sentence: string, hint: string): Halt {
  const message = `${sentence} ${hint}`;
  return new Halt('Registered', { status: 'False', reason, message }, { kind: 'soon' });
}

/** It will be tried again by itself. */
export function waiting<C extends StepCondition>(
  condition: C,
  reason: ReasonOf[C],
  message: string,
  next: Next = { kind: 'retry' },
  cause?: unknown,
): Halt {
  return new Halt(condition, { status: 'Unknown', reason, message }, next, cause);
}
