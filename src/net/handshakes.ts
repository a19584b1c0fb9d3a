import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import { bounds } from '../lib/bounds.ts';
import { systemClock } from '../lib/clock.ts';
import { NetError } from './net-error.ts';

type Connector = buildConnector.connector;

/**
 * Bounds what TLS handshakes compute. OpenSSL checks all certificates that a server sends, up to 100 KiB of whatever kind
 * and length, on the main thread and in one go: a hostile chain takes about a second, and Node.js has no setting for that.
 * So a tenant has few handshakes at a time and pays for what those that fail compute: one that has used up more than a
 * small share of the time asks no server that it has not connected to before until that is paid back. What other tenants
 * compute at the same time counts, too, which is why a handshake that succeeds costs nothing.
 */
export interface Handshakes {
  /** Does work for a tenant: connections that it makes count for that tenant. */
  for<T>(tenant: string, work: () => Promise<T>): Promise<T>;
  /** The same way to connect, within the bounds. Its failures are NetErrors `HostBusy` and `HostPaused`. */
  bound(connect: Connector): Connector;
  close(): void;
}

/** Options for {@link createHandshakes}. */
export interface HandshakesOptions {
  /** Epoch milliseconds. */
  now: () => number;
  /** What this thread has computed so far, in microseconds. */
  threadCpuUs?: () => number;
}

/** One connection that is being made. */
interface Attempt {
  /** What the thread had computed when the TCP connection, or the tunnel, was there. */
  beganUs: number;
}

/** What a tenant has under way, and what it owes. */
interface Account {
  running: number;
  waiting: Set<() => void>;
  /** Milliseconds, as of `atMs`. */
  debtMs: number;
  atMs: number;
  /** Servers with which the last handshake succeeded, by host and port. */
  proven: Set<string>;
}

/** Published right before the handshake through a proxy: https://undici.nodejs.org/#/docs/api/DiagnosticsChannel */
const proxyConnected = 'undici:proxy:connected';
/** The first secret of TLS 1.3 is there when the server's certificates are about to be read (RFC 8446, section 7.1). */
const firstSecret = /^(CLIENT|SERVER)_HANDSHAKE_TRAFFIC_SECRET /;

const { atOnce, burstMs, share, longestWaitMs, usualMs, maxProven } = bounds.handshakes;
/** So many accounts are looked through for those that are settled. */
const manyAccounts = 1_000;

/** Creates the bounds for all clients of the process. */
export function createHandshakes({ now, threadCpuUs = cpuOfThread }: HandshakesOptions): Handshakes {
  const tenants = new AsyncLocalStorage<string>();
  const attempts = new AsyncLocalStorage<Attempt>();
  const accounts = new Map<string, Account>();
  const begin = (attempt: Attempt | undefined): void => {
    if (attempt) attempt.beganUs = threadCpuUs();
  };
  const onProxyConnected = (): void => begin(attempts.getStore());
  subscribe(proxyConnected, onProxyConnected);

  /** What is owed by now. */
  function payBack(account: Account): void {
    account.debtMs = Math.max(0, account.debtMs - Math.max(0, now() - account.atMs) * share);
    account.atMs = now();
  }

  function accountOf(tenant: string): Account {
    const existing = accounts.get(tenant);
    if (existing) {
      payBack(existing);
      return existing;
    }
    if (accounts.size >= manyAccounts) dropSettled();
    const account = {
      running: 0,
      waiting: new Set<() => void>(),
      debtMs: 0,
      atMs: now(),
      proven: new Set<string>(),
    };
    accounts.set(tenant, account);
    return account;
  }

  function dropSettled(): void {
    for (const [tenant, account] of accounts) {
      payBack(account);
      if (account.debtMs === 0 && account.running + account.waiting.size === 0) accounts.delete(tenant);
    }
  }

  /** Calls `start` when the tenant has room for one more; with false when it had none for too long. */
  function whenFree(account: Account, start: (isFree: boolean) => void): void {
    if (account.running < atOnce) {
      start(true);
      return;
    }
    const leave = (isFree: boolean) => (): void => {
      cancelTimer();
      account.waiting.delete(go);
      start(isFree);
    };
    const go = leave(true);
    const cancelTimer = systemClock.setTimer(leave(false), longestWaitMs);
    account.waiting.add(go);
  }

  function connectFor(account: Account, connect: Connector, ...[options, callback]: Parameters<Connector>) {
    const attempt: Attempt = { beganUs: threadCpuUs() };
    const end: typeof callback = (...outcome) => {
      const [error] = outcome;
      const server = serverOf(options);
      account.running--;
      payBack(account);
      account.proven.delete(server);
      if (error) account.debtMs += Math.max(0, (threadCpuUs() - attempt.beganUs) / 1_000 - usualMs);
      else if (account.proven.size < maxProven) account.proven.add(server);
      callback(...outcome);
      const [next] = account.waiting;
      next?.();
    };
    account.running++;
    try {
      const socket: unknown = attempts.run(attempt, () => connect(options, end));
      if (!(socket instanceof Socket)) return;
      socket.once('connect', () => begin(attempt));
      socket.once('keylog', (line) => {
        if (firstSecret.test(line.toString('latin1', 0, 40))) begin(attempt);
      });
    } catch (error) {
      // Options that Node.js does not take.
      setImmediate(end, error instanceof Error ? error : new Error('No connection could be made.'), null);
    }
  }

  return {
    for: (tenant, work) => tenants.run(tenant, work),
    bound: (connect) => (options, callback) => {
      if (options.protocol !== 'https:') {
        connect(options, callback);
        return;
      }
      const account = accountOf(tenants.getStore() ?? '');
      // undici expects to be called back later.
      const fail = (error: NetError): void => void setImmediate(callback, error, null);
      whenFree(account, (isFree) => {
        payBack(account);
        const isCostly = account.debtMs > burstMs && !account.proven.has(serverOf(options));
        if (isCostly) fail(tooCostly(options.hostname, now() + (account.debtMs - burstMs) / share));
        else if (isFree) connectFor(account, connect, options, callback);
        else fail(stillConnecting(options.hostname));
      });
    },
    close: () => void unsubscribe(proxyConnected, onProxyConnected),
  };
}

function serverOf({ hostname, port }: buildConnector.Options): string {
  return `${hostname}:${port}`;
}

function cpuOfThread(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function tooCostly(host: string, retryAtMs: number): NetError {
  return new NetError({
    kind: 'HostPaused',
    message: `${host} is not connected to for now, because failed TLS handshakes of this namespace have taken too much computing time.`,
    hint: 'The operator retries within minutes; let the servers send usual chains, with RSA keys of up to 4096 bits or P-256.',
    host,
    requestSent: false,
    retryAtMs,
  });
}

function stillConnecting(host: string): NetError {
  return new NetError({
    kind: 'HostBusy',
    message: `Other servers have not finished their TLS handshakes yet, so ${host} is not connected to for now.`,
    hint: 'The operator retries; if this persists, check the other servers that this namespace or connection uses.',
    host,
    requestSent: false,
  });
}
