import { type Clock, sleep, systemClock } from './clock.ts';
import { orAbort, startDeadline } from './deadline.ts';
import { isConflict } from './errors.ts';
import { heldBy, type LeaseClient, type LeaseRecord, leases, readLease, released } from './lease.ts';
import { errorFields, type Log } from './log.ts';
import type { KubeObject } from './object.ts';

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
  /** How long others leave a lease alone that is not renewed. Default 15 s, as in client-go. */
  leaseDurationMs?: number;
  /** How long the holder goes on without a renewal. Default 10 s. */
  renewDeadlineMs?: number;
  /** Time between tries. Default 2 s. */
  retryMs?: number;
  /** Called once when the lease was lost. The process should exit then: work may still be under way. */
  onLost: () => void;
  metrics?: { leading?(isLeading: boolean): void };
}

export interface LeaderElection {
  /**
   * Waits for the lease, then calls `lead` and renews the lease until `lead` has settled; then gives it back. The
   * signal of `lead` aborts when `signal` does, or when the lease was lost. Resolves after that, or at once when
   * `signal` aborts before the lease was had. Rejects only with what `lead` rejects with.
   */
  run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void>;
  isLeading(): boolean;
}

/** The reason of the signal of `lead` when the lease was lost. */
export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError';
}

const releaseTimeoutMs = 5000;

/**
 * Lets one of several replicas work. The rule is client-go's: a lease has expired when it has not changed for its
 * duration, by our own monotonic clock, so that clocks of different machines are never compared.
 * https://pkg.go.dev/k8s.io/client-go/tools/leaderelection
 */
export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { client, namespace, name, identity, now, onLost, metrics } = options;
  const { clock = systemClock, random = Math.random } = options;
  const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2000 } = options;
  const key = `${namespace}/${name}`;
  const log = options.log.child({ lease: key, identity });
  /** What the lease said when it last changed, and when we saw that. */
  let seen = { content: '', at: 0 };
  let isLeading = false;

  function setLeading(value: boolean): void {
    isLeading = value;
    metrics?.leading?.(value);
  }

  /** Whether another replica's lease still holds. */
  function isTaken(record: LeaseRecord): boolean {
    const content = JSON.stringify(record);
    if (content !== seen.content) seen = { content, at: clock.now() };
    if (record.holder === '' || record.holder === identity) return false;
    return clock.now() - seen.at < record.durationMs;
  }

  function write(lease: KubeObject | undefined, spec: object, signal: AbortSignal): Promise<KubeObject> {
    return lease === undefined
      ? client.create(leases, { metadata: { name, namespace }, spec }, signal)
      : client.replace(leases, { ...lease, spec }, signal);
  }

  /** Takes or renews the lease. */
  async function acquire(signal: AbortSignal): Promise<Attempt> {
    const lease = await client.get(leases, key, signal);
    const record = lease === undefined ? undefined : readLease(lease);
    if (record !== undefined && isTaken(record)) return 'taken';
    await write(lease, heldBy(identity, leaseDurationMs, record, now()), signal);
    return 'had';
  }

  /** Tries once within a time. Never rejects. */
  async function attempt(parent: AbortSignal, timeoutMs: number): Promise<Attempt> {
    const late = (): Error => new Error('The Lease could not be written in time.');
    const deadline = startDeadline(parent, timeoutMs, late, clock);
    try {
      return await orAbort(acquire(deadline.signal), deadline.signal);
    } catch (error) {
      // A conflict means that another replica was faster; the next try sees it.
      const isNews = !parent.aborted && !isConflict(error);
      if (isNews) log.warn(errorFields(error), 'The lease could not be taken or renewed.');
      return 'failed';
    } finally {
      deadline.dispose();
    }
  }

  /** Tries until the lease is had. Gives the time from before that try, or undefined when the signal aborted. */
  async function campaign(signal: AbortSignal): Promise<number | undefined> {
    while (!signal.aborted) {
      const startedAt = clock.now();
      if ((await attempt(signal, renewDeadlineMs)) === 'had') return startedAt;
      await sleep(retryMs * (1 + 0.2 * random()), signal, clock);
    }
    return undefined;
  }

  /**
   * Renews until `ended` aborts (true), or until the lease is lost (false): another one has it, or it could not be
   * renewed for too long. A renewal counts from before its request, as others count from when they see it.
   */
  async function keep(ended: AbortSignal, acquiredAt: number): Promise<boolean> {
    let renewedAt = acquiredAt;
    for (;;) {
      const lostAt = renewedAt + renewDeadlineMs;
      await sleep(Math.min(retryMs, lostAt - clock.now()), ended, clock);
      if (ended.aborted) return true;
      const startedAt = clock.now();
      if (startedAt >= lostAt) return false;
      // Not cut short by `ended`: a renewal that arrives late would spoil the release.
      const outcome = await attempt(never, lostAt - startedAt);
      if (outcome === 'taken') return false;
      if (outcome === 'had') renewedAt = startedAt;
    }
  }

  async function release(): Promise<void> {
    const deadline = startDeadline(never, releaseTimeoutMs, () => new Error('Too late.'), clock);
    try {
      const lease = await client.get(leases, key, deadline.signal);
      const record = lease === undefined ? undefined : readLease(lease);
      if (record?.holder === identity) await write(lease, released(record, now()), deadline.signal);
    } catch (error) {
      // It expires by itself.
      log.warn(errorFields(error), 'The lease could not be given back.');
    } finally {
      deadline.dispose();
    }
  }

  return {
    isLeading: () => isLeading,

    async run(signal, lead) {
      const acquiredAt = await campaign(signal);
      if (acquiredAt === undefined) return;
      log.info({}, 'Leading.');
      setLeading(true);
      const lost = new AbortController();
      const ended = new AbortController();
      const leading = lead(AbortSignal.any([signal, lost.signal])).finally(() => ended.abort());
      // It is awaited below; until then a rejection must not count as unhandled.
      leading.catch(() => {});
      const isKept = await keep(ended.signal, acquiredAt);
      setLeading(false);
      if (isKept) {
        await release();
      } else {
        log.error({}, 'The lease was lost.');
        lost.abort(new LeadershipLostError('Another replica may lead now.'));
        onLost();
      }
      await leading;
    },
  };
}

/** `taken`: another replica holds the lease. `failed`: not known. */
type Attempt = 'had' | 'taken' | 'failed';

const never = new AbortController().signal;
