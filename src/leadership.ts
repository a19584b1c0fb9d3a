import { createHash, randomUUID } from 'node:crypto';
import type { KubeConnection } from './kube/connection.ts';
import { createLeaderElection, heldShare } from './kube/leader-election.ts';
import type { LeaseClient } from './kube/lease.ts';
import { startLeaseStandIn } from './kube/lease-stand-in.ts';
import type { Log } from './kube/log.ts';
import type { LabelSelector } from './lib/label-selector.ts';
import type { Settings } from './settings.ts';

/** Whether and when this process may work. */
export interface Leadership {
  /** Asked right before anything leaves the process; see LeaderElection. */
  mayWrite: () => boolean;
  /**
   * Runs the work, at once or as soon as this process leads, until the signal aborts. Does not run it at all when
   * that comes first.
   *
   * @throws LeadershipLostError at once when another replica may lead; what the work throws
   */
  run(stop: AbortSignal, work: (leading: AbortSignal) => Promise<void>): Promise<void>;
}

/** What leadership is made with. */
export interface LeadershipOptions {
  settings: Pick<
    Settings,
    'leaderElect' | 'leaseDuration' | 'operatorNamespace' | 'podName' | 'shardSelector'
  >;
  /** The name of the Lease; that of a shard is longer. */
  name: string;
  client: LeaseClient;
  /** Where the client's API server is, for what renews while the main thread is busy. */
  connection: KubeConnection;
  log: Log;
  /** Epoch milliseconds. */
  now: () => number;
  /** Receives the name of the Lease, or what it would be without leader election. */
  onChange: (lease: string, isLeading: boolean) => void;
}

/** A main thread that is busy for so many leases hangs. With the default lease, the kubelet ends it at about that time. */
const busyLeases = 4;

/** Without leader election every process leads from the beginning. */
export function createLeadership(options: LeadershipOptions): Leadership {
  const { settings, client, connection, log, now, onChange } = options;
  const name = leaseName(options.name, settings.shardSelector);
  if (!settings.leaderElect) {
    onChange(name, true);
    return { mayWrite: () => true, run: (stop, work) => work(stop) };
  }
  onChange(name, false);
  const { leaseDuration: leaseDurationMs } = settings;
  const untilMs = leaseDurationMs * heldShare;
  const standIn = startLeaseStandIn({
    connection,
    userAgent: options.name,
    // The main thread tries more than once before.
    afterMs: untilMs / 2,
    untilMs,
    longestSilenceMs: leaseDurationMs * busyLeases,
    log,
  });
  return createLeaderElection({
    client,
    namespace: settings.operatorNamespace,
    name,
    identity: `${settings.podName}_${randomUUID()}`,
    log,
    now,
    leaseDurationMs,
    standIn,
    metrics: { leading: (isLeading) => onChange(name, isLeading) },
  });
}

/** Shards don't compete: each has its own Lease, named after its selector, however that is written. */
export function leaseName(name: string, shard: LabelSelector | undefined): string {
  if (!shard) return name;
  return `${name}-${createHash('sha256').update(shard.canonical).digest('hex').slice(0, 10)}`;
}
