import { type Clock, sleep, systemClock } from '../lib/clock.ts';
import { orAbort, startDeadline } from '../lib/deadline.ts';
import { durations } from '../lib/durations.ts';
import { isConflict } from './errors.ts';
import { heldBy, type LeaseClient, type LeaseRecord, leases, readLease, releasedRecord } from './lease.ts';
import type { LeaseStandIn } from './lease-stand-in.ts';
import { errorFields, type Log } from './log.ts';
import type { KubeObject } from './object.ts';

/** Options for {@link createLeaderElection}. */
export interface LeaderElectionOptions {
  client: LeaseClient;
  /** Where the Lease is, and its name. */
  namespace: string;
  name: string;
  /** Unique to this process: with a random part, as a container that restarts keeps its Pod's name. */
  identity: string;
  log: Log;
  /** Epoch milliseconds, for the times in the Lease. No decision rests on it. */
  now: () => number;
  clock?: Clock;
  random?: () => number;
  /** How long others leave a lease alone that is not renewed; whole seconds. Default 15 s, as in client-go. */
  leaseDurationMs?: number;
  metrics?: { leading?(isLeading: boolean): void };
  /** Renews while this thread is busy; it gets what is renewed here. */
  standIn?: LeaseStandIn;
}

/** One candidate for a Lease. */
export interface LeaderElection {
  /**
   * Waits for the lease, then calls `lead` and renews the lease until `lead` has settled; then gives it back. The
   * signal of `lead` aborts when `signal` does, or when the lease was lost. Resolves after that, or at once when
   * `signal` aborts before the lease was had.
   *
   * @throws LeadershipLostError at once when the lease was lost. The process should exit then: `lead` may still be
   *   at work. Else what `lead` rejects with
   */
  run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void>;
  isLeading(): boolean;
  /**
   * Whether this process may change anything outside of itself: it leads, and its last renewal is younger than
   * two thirds of the lease. To be asked right before each write. A process that was stopped and goes on after its
   * lease has expired is noticed here first, before any timer or signal of it has had a turn.
   */
  mayWrite(): boolean;
}

/** The lease was lost: another replica may lead by now. */
export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError';
}

/** The holder gives up the rest of the lease, for what it has sent to arrive before another one starts. */
export const heldShare = 2 / 3;
/** Time between renewals, as in client-go; less where the lease is short. */
const longestRetryMs = durations.kube.leaseRetryMs;
const retriesPerLease = 7.5;
/** Candidates poll more often than the holder renews, so that a released lease is acquired quickly. */
const looksPerRenewal = 2;
const releaseTimeoutMs = durations.kube.leaseReleaseMs;

/**
 * Lets one of several replicas work. The rule is client-go's: a lease has expired when it has not changed for its
 * duration, by our own monotonic clock, so that clocks of different machines are never compared.
 * https://pkg.go.dev/k8s.io/client-go/tools/leaderelection
 */
export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { client, namespace, name, identity, now, metrics, standIn } = options;
  const { clock = systemClock, random = Math.random, leaseDurationMs = durations.kube.leaseMs } = options;
  const renewDeadlineMs = leaseDurationMs * heldShare;
  const retryMs = Math.min(longestRetryMs, leaseDurationMs / retriesPerLease);
  const key = `${namespace}/${name}`;
  const log = options.log.child({ lease: key, identity });
  /** What the lease said when it last changed, and when we saw that. */
  let seen = { content: '', at: 0 };
  /** By our clock; the past when no process holds the lease. */
  let freeAt = Number.NEGATIVE_INFINITY;
  let isLeading = false;
  /** By our clock, from before the last request that had the lease: others count from when they see its outcome. */
  let ownRenewalAt = Number.NEGATIVE_INFINITY;
  const renewedAt = (): number => Math.max(ownRenewalAt, standIn?.renewedAt() ?? ownRenewalAt);

  function setLeading(value: boolean): void {
    isLeading = value;
    metrics?.leading?.(value);
  }

  /** Whether another replica's lease still holds. */
  function isTaken(record: LeaseRecord): boolean {
    const content = JSON.stringify(record);
    if (content !== seen.content) seen = { content, at: clock.now() };
    const isHeld = record.holder !== '' && record.holder !== identity;
    freeAt = isHeld ? seen.at + record.durationMs : Number.NEGATIVE_INFINITY;
    return clock.now() < freeAt;
  }

  function write(lease: KubeObject | undefined, spec: object, signal: AbortSignal): Promise<KubeObject> {
    return lease === undefined
      ? client.create(leases, { metadata: { name, namespace }, spec }, signal)
      : client.replace(leases, { ...lease, spec }, signal);
  }

  /** Takes or renews the lease. */
  async function acquire(signal: AbortSignal, startedAt: number): Promise<Attempt> {
    const lease = await client.get(leases, key, signal);
    const record = lease === undefined ? undefined : readLease(lease);
    if (record !== undefined && isTaken(record)) return 'taken';
    const written = await write(lease, heldBy(identity, leaseDurationMs, record, now()), signal);
    standIn?.renewed(written, startedAt);
    return 'had';
  }

  /** Tries once within a time. Never rejects. */
  async function attempt(parent: AbortSignal, timeoutMs: number): Promise<Attempt> {
    const startedAt = clock.now();
    const late = (): Error => new Error('The Lease could not be written in time.');
    const deadline = startDeadline(timeoutMs, { parent, reason: late, clock });
    try {
      const outcome = await orAbort(acquire(deadline.signal, startedAt), deadline.signal);
      if (outcome === 'had') ownRenewalAt = startedAt;
      return outcome;
    } catch (error) {
      // A conflict means that another replica was faster; the next try sees it.
      const isNews = !parent.aborted && !isConflict(error);
      if (isNews) log.warn(errorFields(error), 'The lease could not be acquired or renewed.');
      return 'failed';
    } finally {
      deadline.stop();
    }
  }

  /** Tries until the lease is had (true), or the signal aborts. */
  async function campaign(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if ((await attempt(signal, renewDeadlineMs)) === 'had') return true;
      const leftMs = freeAt - clock.now();
      const lookMs = (retryMs / looksPerRenewal) * (1 + 0.2 * random());
      await sleep(leftMs > 0 ? Math.min(leftMs, lookMs) : lookMs, signal, clock);
    }
    return false;
  }

  /**
   * Renews until `ended` aborts (true), or until the lease is lost (false): another one has it, or it could not be
   * renewed for too long.
   */
  async function keep(ended: AbortSignal): Promise<boolean> {
    for (;;) {
      await sleep(Math.min(retryMs, renewedAt() + renewDeadlineMs - clock.now()), ended, clock);
      if (ended.aborted) return true;
      const leftMs = renewedAt() + renewDeadlineMs - clock.now();
      if (leftMs <= 0) return false;
      // Not cut short by `ended`: a renewal that arrives late would spoil the release.
      if ((await attempt(never, leftMs)) === 'taken') return false;
    }
  }

  async function giveBack(signal: AbortSignal): Promise<void> {
    const lease = await client.get(leases, key, signal);
    const record = lease === undefined ? undefined : readLease(lease);
    if (record?.holder === identity) await write(lease, releasedRecord(record, now()), signal);
  }

  async function release(): Promise<void> {
    const deadline = startDeadline(releaseTimeoutMs, { reason: () => new Error('Too late.'), clock });
    const { signal } = deadline;
    try {
      await giveBack(signal).catch((error: unknown) => {
        if (!isConflict(error)) throw error;
        // A last renewal of the second thread was still under way.
        return giveBack(signal);
      });
    } catch (error) {
      // It expires anyway.
      log.warn(errorFields(error), 'The lease could not be given back.');
    } finally {
      deadline.stop();
    }
  }

  return {
    isLeading: () => isLeading,
    mayWrite: () => isLeading && clock.now() < renewedAt() + renewDeadlineMs,

    async run(signal, lead) {
      if (!(await campaign(signal))) return;
      log.info({}, 'Leading.');
      setLeading(true);
      const lost = new AbortController();
      const ended = new AbortController();
      const leading = lead(AbortSignal.any([signal, lost.signal])).finally(() => ended.abort());
      // It is awaited below; until then a rejection must not count as unhandled.
      leading.catch(() => {});
      const isKept = await keep(ended.signal);
      standIn?.stop();
      setLeading(false);
      if (!isKept) {
        const error = new LeadershipLostError('The lease was lost, and another replica may lead now.');
        lost.abort(error);
        throw error;
      }
      await release();
      await leading;
    },
  };
}

/** `taken`: another replica holds the lease. `failed`: not known. */
type Attempt = 'had' | 'taken' | 'failed';

const never = new AbortController().signal;
