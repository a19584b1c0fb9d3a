import {
  createLeaderElection,
  type LeaderElection,
  LeadershipLostError,
} from '../../src/kube/leader-election.ts';
import type { LeaseClient } from '../../src/kube/lease.ts';
import { silentLog } from '../../src/kube/log.ts';
import { type LeaseServer, startLeaseServer } from './lease-server.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';

/** The way of one replica to the server. While `fault` is set, its calls do that first. */
interface Link extends LeaseClient {
  fault: (() => Promise<void>) | undefined;
}

/** A replica, and what happened to it: `leads`, `stopped`, `lost`, `ended`, `gave up`, `failed`. */
export interface ElectedReplica {
  election: LeaderElection;
  happened: string[];
  link: Link;
  stop: AbortController;
  /** Ends its work. */
  finish: PromiseWithResolvers<void>;
}

/** One Lease, one clock that stands still, and any number of replicas. */
export interface ReplicaStage {
  clock: ManualClock;
  server: LeaseServer;
  start(identity: string, fault?: () => Promise<void>, leaseDurationMs?: number): ElectedReplica;
  /** Ends all replicas. */
  end(): Promise<void>;
}

/** Sets a stage on which nothing goes by chance or by real time. Epoch time begins with the year 2026. */
export function createReplicaStage(): ReplicaStage {
  const clock = createManualClock();
  const server = startLeaseServer();
  const ends: (() => Promise<void>)[] = [];

  function linkToServer(): Link {
    const through = async <T>(call: () => Promise<T>): Promise<T> => {
      await link.fault?.();
      return call();
    };
    const link: Link = {
      fault: undefined,
      get: (...args) => through(() => server.get(...args)),
      create: (...args) => through(() => server.create(...args)),
      replace: (...args) => through(() => server.replace(...args)),
    };
    return link;
  }

  return {
    clock,
    server,
    start(identity, fault, leaseDurationMs = 15_000) {
      const link = linkToServer();
      link.fault = fault;
      const happened: string[] = [];
      const stop = new AbortController();
      const finish = Promise.withResolvers<void>();
      const election = createLeaderElection({
        client: link,
        namespace: 'ns',
        name: 'op',
        identity,
        log: silentLog,
        now: () => Date.parse('2026-01-01T00:00:00Z') + clock.now(),
        clock,
        random: () => 0,
        leaseDurationMs,
      });
      const running = election.run(stop.signal, (signal) => {
        happened.push('leads');
        signal.addEventListener('abort', () => {
          happened.push(signal.reason instanceof LeadershipLostError ? 'lost' : 'stopped');
        });
        return finish.promise;
      });
      void running.then(
        () => happened.push('ended'),
        (error: unknown) => happened.push(error instanceof LeadershipLostError ? 'gave up' : 'failed'),
      );
      ends.push(async () => {
        link.fault = undefined;
        stop.abort();
        finish.resolve();
        await clock.advance(20_000);
      });
      return { election, happened, link, stop, finish };
    },
    async end() {
      for (const end of ends) await end();
    },
  };
}
