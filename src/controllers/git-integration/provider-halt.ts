import { installationResolvedReasons } from '../../api/reasons.ts';
import type { StepCondition } from '../../domain/readiness.ts';
import { durations } from '../../lib/durations.ts';
import { askForHost, askForPrivateNetworks } from '../../net/egress-policy.ts';
import { ProviderError } from '../../providers/provider.ts';
import { Refusal } from '../refusals.ts';
import { StillWaitingError } from '../shared-calls.ts';
import { Halt, waiting } from './halt.ts';

/** What a failure of a provider is about. */
export interface Question {
  /**
   * The step that asked. What GitHub says of the credential itself goes to `CredentialsValid`, even when it came up while
   * the installation was looked for.
   */
  asked: 'CredentialsValid' | 'InstallationResolved';
  /** The provider's host, for sentences. */
  host: string;
  /** What sentences call the credential: see `credentialName`. */
  credential: string;
  /** The connection whose lists decide where credentials may go, as `CodeMieConnection "own"`. */
  connection: string;
  /** Whether the integration was Ready with this spec: see `wasReady` in `load.ts`. */
  wasReady: boolean;
  /** The reason of the verdict on this very credential that the status holds from an earlier pass, if it holds one. */
  verdict?: string | undefined;
}

/**
 * Turns what a provider threw into the end of the pass. An error that is no ProviderError is the deadline of
 * the shared call, or a fault of ours: either way it says nothing about the provider, and is tried again.
 */
export function providerHalt(error: unknown, question: Question): Halt {
  const { asked, host, credential, connection, wasReady } = question;
  if (error instanceof StillWaitingError) {
    const message = `${host} has not answered yet. The answer is waited for; check the load of the server if it stays so.`;
    return waiting(asked, 'ProviderUnreachable', message, { kind: 'retry' }, error);
  }
  if (error instanceof Refusal) return refusalHalt(error, question);
  if (!(error instanceof ProviderError))
    return waiting(asked, 'ProviderError', `${host} could not be asked.`, { kind: 'retry' }, error);
  const { reason, disposition, retryAtMs = 0 } = error;
  const condition: StepCondition = reason in installationResolvedReasons ? asked : 'CredentialsValid';
  const message = `${error.sentence(credential)} ${hintFor(error, connection)}`;
  switch (disposition) {
    case 'needsPerson':
      return new Halt(condition, { status: 'False', reason, message }, { kind: 'wait' }, error);
    case 'waitUntil':
      return waiting(condition, reason, message, { kind: 'at', atMs: retryAtMs }, error);
    case 'retry':
      // What never worked needs a person; what did work may be in the hands of one already, and is no news for others.
      return error.isLasting && !wasReady
        ? new Halt(condition, { status: 'False', reason, message }, { kind: 'retry' }, error)
        : waiting(condition, reason, message, { kind: 'retry' }, error);
  }
}

function refusalHalt(
  { error, isConfirmed, againAtMs, windowMs }: Refusal,
  { asked, credential, connection, verdict }: Question,
): Halt {
  const { reason } = error;
  const hint = hintFor(error, connection);
  const condition: StepCondition = reason in installationResolvedReasons ? asked : 'CredentialsValid';
  const sentence = error.sentence(credential);
  // A process that has just started asks again, too, but what stands in the status is no doubt for that.
  if (!isConfirmed && verdict !== reason) {
    const doubt = `; the operator rechecks for up to ${Math.ceil(windowMs / 1000)} seconds before this is final.`;
    const message = `${sentence.replace(/\.$/, doubt)} ${hint}`;
    return waiting(condition, 'Rechecking', message, { kind: 'at', atMs: againAtMs }, error);
  }
  const finding = { status: 'False', reason, message: `${sentence} ${hint}` } as const;
  return new Halt(condition, finding, { kind: 'wait', untilMs: againAtMs }, error);
}

/** Where a setting of the connection decides, the hint names it. */
function hintFor({ hint }: ProviderError, connection: string): string {
  if (hint === askForHost) return `Ask the owner of ${connection} to add it to spec.providerHosts.`;
  if (hint === askForPrivateNetworks)
    return `It is in a private network: ask the owner of ${connection} to set spec.allowPrivateNetworks.`;
  return hint;
}

/** How long a failure that will pass by itself stands for all who share the credential: less than the first backoff. */
const passingFailureMs = durations.providers.sharedFailureMs;

/**
 * How long an answer that was no success serves everybody who shares the credential, see SharedCalls: a verdict
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
