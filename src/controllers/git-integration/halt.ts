import {
  type CredentialsResolvedReason,
  type CredentialsValidReason,
  type InstallationResolvedReason,
  installationResolvedReasons,
  type PermissionsSufficientReason,
  type RegisteredReason,
} from '../../api/reasons.ts';
import { CodeMieError } from '../../codemie/codemie-error.ts';
import type { Finding, StepCondition } from '../../domain/readiness.ts';
import { durations } from '../../lib/durations.ts';
import { askForHost, askForPrivateNetworks } from '../../net/egress-policy.ts';
import { ProviderError } from '../../providers/provider.ts';
import { InvalidConnection } from '../codemie-connection/session-pool.ts';
import { Refusal } from '../refusals.ts';
import { StillWaitingError } from '../shared-calls.ts';
import { ValueFault } from '../value-reader.ts';

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
 * changes, or at `untilMs`, epoch milliseconds; `soon` - at growing intervals, because no one reports the change that
 * is waited for; `retry` - with backoff; `at` - not before a moment, epoch milliseconds.
 */
export type Next =
  | { kind: 'wait'; untilMs?: number }
  | { kind: 'soon' }
  | { kind: 'retry' }
  | { kind: 'at'; atMs: number };

/**
 * How a step ends a reconcile: it carries what the condition will say and when to come back. Anything else that is
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

/** A user must act; what they change is watched, or checked again at the interval. */
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

/** The operator retries it. */
export function waiting<C extends StepCondition>(
  condition: C,
  reason: ReasonOf[C],
  message: string,
  next: Next = { kind: 'retry' },
  cause?: unknown,
): Halt {
  return new Halt(condition, { status: 'Unknown', reason, message }, next, cause);
}

/** What a failure of a provider is about. */
export interface ProviderFailure {
  /**
   * The step that asked. What GitHub says of the credential itself goes to `CredentialsValid`, even when it came up while
   * the installation was looked for.
   */
  step: 'CredentialsValid' | 'InstallationResolved';
  /** The provider's host, for sentences. */
  host: string;
  /** What sentences call the credential: see `credentialName`. */
  credential: string;
  /** The connection whose lists decide where credentials may go, as `CodeMieConnection "own"`. */
  connection: string;
  /** What is unusual about the credential, as a clause: see `unusualForm`. */
  unusual?: string | undefined;
  /** Whether the integration was Ready with this spec: see `wasReady` in `pass.ts`. */
  wasReady: boolean;
  /** The reason of the verdict on this very credential that the status holds from an earlier pass, if it holds one. */
  verdict?: string | undefined;
}

/**
 * Turns what a provider threw into the end of the reconcile. An error that is no ProviderError is the deadline of
 * the shared call, or a fault of ours: either way it says nothing about the provider, and is retried.
 */
export function providerHalt(error: unknown, context: ProviderFailure): Halt {
  const { step, host, credential, connection, wasReady } = context;
  if (error instanceof StillWaitingError) {
    const message = `${host} has not responded yet. The operator still waits for it; if this persists, check the server and the network path to it.`;
    return waiting(step, 'ProviderUnreachable', message, { kind: 'retry' }, error);
  }
  if (error instanceof Refusal) return refusalHalt(error, context);
  if (!(error instanceof ProviderError)) {
    const message = `${host} could not be asked, for a reason that is not known here. The operator retries; its log has the error.`;
    return waiting(step, 'ProviderError', message, { kind: 'retry' }, error);
  }
  const { reason, disposition, retryAtMs = 0 } = error;
  const condition: StepCondition = reason in installationResolvedReasons ? step : 'CredentialsValid';
  const message = `${error.sentence(credential)} ${hintFor(error, connection)}`;
  switch (disposition) {
    case 'needsPerson':
      return new Halt(condition, { status: 'False', reason, message }, { kind: 'wait' }, error);
    case 'waitUntil':
      return waiting(condition, reason, message, { kind: 'at', atMs: retryAtMs }, error);
    case 'retry':
      // What never worked needs a user; what did work may be in the hands of one already, and is no news for others.
      return error.isLasting && !wasReady
        ? new Halt(condition, { status: 'False', reason, message }, { kind: 'retry' }, error)
        : waiting(condition, reason, message, { kind: 'retry' }, error);
  }
}

function refusalHalt(
  { error, isConfirmed, againAtMs, windowMs }: Refusal,
  { step, credential, connection, verdict, unusual }: ProviderFailure,
): Halt {
  const { reason } = error;
  const hint = withDoubt(error, hintFor(error, connection), unusual);
  const condition: StepCondition = reason in installationResolvedReasons ? step : 'CredentialsValid';
  const sentence = error.sentence(credential);
  // A process that has just started asks again, too, but what is in the status is no doubt for that.
  if (!isConfirmed && verdict !== reason) {
    const doubt = `; the operator rechecks for up to ${Math.ceil(windowMs / 1000)} seconds before this is final.`;
    const message = `${sentence.replace(/\.$/, doubt)} ${hint}`;
    return waiting(condition, 'Rechecking', message, { kind: 'at', atMs: againAtMs }, error);
  }
  const finding = { status: 'False', reason, message: `${sentence} ${hint}` } as const;
  return new Halt(condition, finding, { kind: 'wait', untilMs: againAtMs }, error);
}

/** Where the provider does not say why it rejects a credential, its looks may. */
function withDoubt(
  { reason, isExplained }: ProviderError,
  hint: string,
  unusual: string | undefined,
): string {
  if (unusual === undefined || isExplained || reason !== 'Unauthorized') return hint;
  return `${hint.replace(/\.$/, '')}; check the stored value first, because it ${unusual}.`;
}

/** Where a setting of the connection decides, the hint names it. */
function hintFor({ hint }: ProviderError, connection: string): string {
  if (hint === askForHost) return `Ask the owner of ${connection} to add it to spec.providerHosts.`;
  if (hint === askForPrivateNetworks)
    return `It is in a private network: ask the owner of ${connection} to set spec.allowPrivateNetworks.`;
  return hint;
}

/** How long a failure that is temporary stands for all who share the credential: less than the first backoff. */
const passingFailureMs = durations.providers.sharedFailureMs;

/**
 * How long an answer that was no success serves everyone who shares the credential, see SharedCalls: a verdict
 * as long as a success would, a limit until its end, and a blip for a moment only.
 *
 * @param now epoch milliseconds
 */
export function providerFailureAgeMs(now: () => number): (error: unknown, maxAgeMs: number) => number {
  return (error, maxAgeMs) => {
    if (error instanceof Refusal) {
      const leftMs = Math.max(error.againAtMs - now(), 0);
      return error.isConfirmed ? Math.min(leftMs, maxAgeMs) : leftMs;
    }
    if (!(error instanceof ProviderError)) return passingFailureMs;
    if (error.disposition === 'needsPerson') return maxAgeMs;
    if (error.disposition === 'waitUntil') return Math.max((error.retryAtMs ?? 0) - now(), passingFailureMs);
    return passingFailureMs;
  };
}

/**
 * Turns a failure of CodeMie, or of opening the connection to it, into the end of the reconcile; any other error is
 * returned as it is. What is wrong with a connection is in its own status, which not every tenant may read.
 *
 * @param connection what messages call it
 */
export function codeMieHalt(error: unknown, connection: string): unknown {
  if (error instanceof ValueFault || error instanceof InvalidConnection)
    return waiting(
      'Registered',
      'ConnectionNotReady',
      `${connection} is not Ready.`,
      { kind: 'retry' },
      error,
    );
  return error instanceof CodeMieError ? toHalt(error) : error;
}

function toHalt(error: CodeMieError): Halt {
  const message = `${error.message} ${error.hint}`;
  switch (error.kind) {
    case 'rateLimited':
      return waiting('Registered', 'RateLimited', message, { kind: 'at', atMs: error.retryAtMs ?? 0 }, error);
    case 'unauthorized':
      return waiting('Registered', 'ConnectionNotReady', message, { kind: 'retry' }, error);
    case 'accessDenied':
      return needsCodeMieUser('AccessDenied', error.message, error.hint);
    case 'rejected':
      return needsPerson('Registered', 'Rejected', error.message, error.hint);
    // The outcome of a write is settled by the listing of the next try.
    case 'uncertain':
    case 'unreachable':
    case 'protocol':
      return waiting('Registered', 'CodeMieUnreachable', message, { kind: 'retry' }, error);
  }
}
