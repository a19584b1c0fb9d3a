import { Worker } from 'node:worker_threads';
import { type Clock, systemClock } from '../lib/clock.ts';
import { durations } from '../lib/durations.ts';
import { basePathOf, type KubeConnection, type KubeCredentials } from './connection.ts';
import { leases } from './lease.ts';
import type { Renewal, ThreadOptions } from './lease-stand-in-thread.ts';
import { errorFields, type Log } from './log.ts';
import { type KubeObject, keyOf } from './object.ts';
import { objectPath } from './wire.ts';

/**
 * Renews the Lease from a second thread while the main thread computes without a pause. OpenSSL checks all that a
 * server presents in one go, so servers of tenants can hold the main thread up for seconds, and on a machine that is
 * busy for longer than the Lease lasts. Another replica would gain nothing: it meets the same servers.
 */
export interface LeaseStandIn {
  /**
   * Takes what the main thread wrote last. The thread renews by the `resourceVersion` of the last write that it knows,
   * so that it never takes back a Lease that another replica has had.
   *
   * @param renewedAt by the clock, from before the request
   */
  renewed(lease: KubeObject, renewedAt: number): void;
  /** When the thread has renewed it last, by the clock, from before the request; the past when it has not. */
  renewedAt(): number;
  /** Ends the thread. The Lease is not renewed by it after that, but for a request that is under way. */
  stop(): void;
}

/** Options for {@link startLeaseStandIn}. */
export interface LeaseStandInOptions {
  connection: KubeConnection;
  userAgent: string;
  /** When the last renewal is older than this, the thread renews. */
  afterMs: number;
  /** When it is older than this, it is lost: nothing may be sent any more. */
  untilMs: number;
  /** A main thread that is busy for so long hangs, and its Lease is left to expire. */
  longestSilenceMs: number;
  log: Log;
  clock?: Clock;
}

/**
 * Starts the thread with the first renewal that is reported. If the kubeconfig names a proxy or an address without TLS,
 * no thread is started.
 */
export function startLeaseStandIn(options: LeaseStandInOptions): LeaseStandIn {
  const { connection, userAgent, afterMs, untilMs, longestSilenceMs, log, clock = systemClock } = options;
  const shared = new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT);
  const times = new BigInt64Array(shared);
  const pollMs = Math.min(durations.kube.leaseStandInPollMs, untilMs / 10);
  let thread: Worker | undefined;
  let isOver = connection.proxyUrl !== undefined || connection.server.protocol !== 'https:';
  let stopBeating = (): void => {};

  const end = (): void => {
    isOver = true;
    stopBeating();
    void thread?.terminate();
    thread = undefined;
  };
  const giveUp = (error: unknown): void => {
    log.warn(errorFields(error), 'Only the main thread renews the Lease from now on.');
    end();
  };

  function beat(): void {
    Atomics.store(times, 1, process.hrtime.bigint());
    stopBeating = clock.setTimer(beat, pollMs);
  }

  function start(lease: KubeObject): Worker {
    const { server } = connection;
    const url = server.origin + basePathOf(server) + objectPath(leases, keyOf(lease));
    const limits = { afterMs, untilMs, longestSilenceMs, pollMs, busyMs: busyPolls * pollMs };
    const workerData: ThreadOptions = { url, times: shared, ...limits };
    const program = `./lease-stand-in-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.mjs'}`;
    const worker = new Worker(new URL(program, import.meta.url), { workerData, ...small });
    worker.unref();
    worker.on('message', (error) => {
      log.warn(errorFields(error), 'The second thread could not renew the Lease.');
    });
    worker.on('error', giveUp);
    beat();
    return worker;
  }

  return {
    renewed(lease, renewedAt) {
      if (isOver) return;
      const sinceNs = BigInt(Math.round((clock.now() - renewedAt) * 1e6));
      const at = process.hrtime.bigint() - sinceNs;
      const report = ({ headers, tls }: KubeCredentials): void => {
        if (isOver) return;
        const message: Renewal = {
          lease,
          headers: { ...headers, 'user-agent': userAgent },
          tls,
          renewedAtNs: at,
        };
        thread ??= start(lease);
        thread.postMessage(message);
      };
      // Credentials that can't be read fail the main thread's own request, too, which says so.
      connection
        .credentials()
        .then(report, () => {})
        .catch(giveUp);
    },
    renewedAt() {
      const at = Atomics.load(times, 0);
      if (at === 0n) return Number.NEGATIVE_INFINITY;
      return clock.now() - Number(process.hrtime.bigint() - at) / 1e6;
    },
    stop: end,
  };
}

/** The main thread marks each poll interval in which it has a turn; without so many of them it is busy. */
const busyPolls = 2;

/** It makes one request at a time. Nothing of the environment, such as a proxy, applies to the API server. */
const small = {
  env: {},
  execArgv: [],
  resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
};
