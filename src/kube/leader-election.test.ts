import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock, settle } from '../../test/harness/manual-clock.ts';
import { KubeStatusError } from './errors.ts';
import { createLeaderElection, type LeaderElection, LeadershipLostError } from './leader-election.ts';
import type { LeaseClient } from './lease.ts';
import { silentLog } from './log.ts';
import type { KubeObject } from './object.ts';

/** A server that holds one Lease and checks its resourceVersion. */
interface LeaseServer extends LeaseClient {
  /** The spec it holds. */
  spec(): unknown;
  put(spec: object): void;
  remove(): void;
  /** Successful writes. */
  readonly writes: number;
}

/** The way of one replica to the server. While `fault` is set, its calls do that first. */
interface Link extends LeaseClient {
  fault: (() => Promise<void>) | undefined;
}

let clock: ManualClock;
let server: LeaseServer;
let stops: (() => Promise<void>)[];

function startLeaseServer(): LeaseServer {
  let writes = 0;
  let held: KubeObject | undefined;
  const store = (spec: unknown): KubeObject => {
    writes++;
    const metadata = { name: 'op', namespace: 'ns', uid: 'u', creationTimestamp: '' };
    held = { metadata: { ...metadata, resourceVersion: String(writes) }, spec };
    return held;
  };
  const conflict = (): Error => new KubeStatusError('update', { code: 409, reason: 'Conflict' });
  return {
    get writes() {
      return writes;
    },
    spec: () => held?.['spec'],
    put: (spec) => void store(spec),
    remove() {
      held = undefined;
    },
    get: () => Promise.resolve(held),
    async create(_, object) {
      if (held !== undefined) throw conflict();
      return store(object['spec']);
    },
    async replace(_, object) {
      if (object.metadata.resourceVersion !== held?.metadata.resourceVersion) throw conflict();
      return store(object['spec']);
    },
  };
}

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

const down = (): Promise<void> => Promise.reject(new Error('down'));
const hang = (): Promise<void> => new Promise(() => {});
const slow = (): Promise<void> => new Promise((resolve) => void clock.setTimer(resolve, 4500));

/** One replica, with what happened to it. */
function startReplica(identity: string, fault?: () => Promise<void>, leaseDurationMs = 15_000) {
  const link = linkToServer();
  link.fault = fault;
  const happened: string[] = [];
  const stop = new AbortController();
  const finish = Promise.withResolvers<void>();
  const election: LeaderElection = createLeaderElection({
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
  const end = async (): Promise<void> => {
    link.fault = undefined;
    stop.abort();
    finish.resolve();
    await clock.advance(20_000);
  };
  stops.push(end);
  return { election, happened, link, stop, finish };
}

beforeEach(() => {
  clock = createManualClock();
  server = startLeaseServer();
  stops = [];
});

afterEach(async () => {
  for (const end of stops) await end();
});

describe('taking the lease', () => {
  it('makes it when there is none', async () => {
    const { election, happened } = startReplica('a');
    await settle();
    expect(happened).toEqual(['leads']);
    expect(election.isLeading()).toBe(true);
    expect(server.spec()).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    });
  });

  it('only one of many gets it', async () => {
    const replicas = ['a', 'b', 'c', 'd'].map((identity) => startReplica(identity));
    await clock.advance(60_000);
    expect(replicas.map(({ happened }) => happened)).toEqual([['leads'], [], [], []]);
  });

  const other = { holderIdentity: 'other', leaseDurationSeconds: 15, leaseTransitions: 4 };
  it.each<{ name: string; spec: object }>([
    { name: 'was given back', spec: { ...other, holderIdentity: '', renewTime: 'x' } },
    { name: 'says nothing', spec: {} },
    { name: 'makes no sense', spec: { holderIdentity: 7 } },
  ])('takes one that $name at once', async ({ spec }) => {
    server.put(spec);
    const { happened } = startReplica('a');
    await settle();
    expect(happened).toEqual(['leads']);
  });

  it.each<{ name: string; renewTime: string }>([
    { name: 'now', renewTime: '2026-01-01T00:00:00.000000Z' },
    { name: 'in the far past', renewTime: '1999-01-01T00:00:00.000000Z' },
    { name: 'in the far future', renewTime: '2999-01-01T00:00:00.000000Z' },
  ])(
    'takes one whose holder is silent after a full duration, be it renewed $name by its clock',
    async ({ renewTime }) => {
      server.put({ ...other, renewTime });
      const { happened } = startReplica('a');
      await clock.advance(14_999);
      expect(happened).toEqual([]);
      await clock.advance(1);
      expect(happened).toEqual(['leads']);
      expect(server.spec()).toMatchObject({ holderIdentity: 'a', leaseTransitions: 5 });
    },
  );

  it('goes on trying while the API server is down', async () => {
    const { happened, link } = startReplica('a', down);
    await clock.advance(60_000);
    expect(happened).toEqual([]);
    link.fault = undefined;
    await clock.advance(2000);
    expect(happened).toEqual(['leads']);
  });
});

describe('holding the lease', () => {
  it('renews it every 2 s and keeps when it was acquired', async () => {
    startReplica('a');
    await clock.advance(20_000);
    expect(server.writes).toBe(11);
    expect(server.spec()).toMatchObject({
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:20.000000Z',
      leaseTransitions: 0,
    });
  });

  it('makes it again when somebody deleted it', async () => {
    const { happened } = startReplica('a');
    await settle();
    server.remove();
    await clock.advance(60_000);
    expect(happened).toEqual(['leads']);
    expect(server.spec()).toMatchObject({ holderIdentity: 'a' });
  });

  it.each<{ name: string; fault: (link: Link) => void; lostAfterMs: number }>([
    {
      name: 'it can not be renewed for 10 s',
      fault: (link) => (link.fault = down),
      lostAfterMs: 10_000,
    },
    {
      name: 'the API server hangs for 10 s',
      fault: (link) => (link.fault = hang),
      lostAfterMs: 10_000,
    },
    {
      name: 'another one took it',
      fault: () => server.put({ holderIdentity: 'other', leaseDurationSeconds: 15 }),
      lostAfterMs: 2000,
    },
  ])('is lost when $name', async ({ fault, lostAfterMs }) => {
    const { election, happened, link, finish } = startReplica('a');
    await settle();
    fault(link);
    await clock.advance(lostAfterMs - 1);
    expect(happened).toEqual(['leads']);
    await clock.advance(1);
    expect(happened).toEqual(['leads', 'lost', 'gave up']);
    expect(election.isLeading()).toBe(false);
    const { writes } = server;
    link.fault = undefined;
    finish.resolve();
    await settle();
    expect(server.writes).toBe(writes);
  });

  it('counts from before the request that took it, however long that one lasted', async () => {
    const { happened, link } = startReplica('a', slow);
    await clock.advance(9000);
    expect(happened).toEqual(['leads']);
    link.fault = down;
    await clock.advance(1000);
    expect(happened).toEqual(['leads', 'lost', 'gave up']);
  });

  it('is not lost by an outage shorter than that', async () => {
    const { happened, link } = startReplica('a');
    await clock.advance(4000);
    link.fault = down;
    await clock.advance(7000);
    link.fault = undefined;
    await clock.advance(60_000);
    expect(happened).toEqual(['leads']);
  });

  it('is lost before another one can take it', async () => {
    const holder = startReplica('a');
    await settle();
    const waiting = startReplica('b');
    await clock.advance(60_000);
    holder.link.fault = down;
    for (let ms = 0; ms < 30_000; ms += 100) {
      await clock.advance(100);
      expect(holder.election.isLeading() && waiting.election.isLeading()).toBe(false);
    }
    expect(holder.happened).toEqual(['leads', 'lost', 'gave up']);
    expect(waiting.happened).toEqual(['leads']);
  });
});

describe('writing', () => {
  it('is allowed to the leader only', async () => {
    const leader = startReplica('a');
    const standby = startReplica('b');
    expect(leader.election.mayWrite()).toBe(false);
    await settle();
    expect([leader, standby].map(({ election }) => election.mayWrite())).toEqual([true, false]);
    leader.finish.resolve();
    await settle();
    expect(leader.election.mayWrite()).toBe(false);
  });

  it('ends at two thirds of the lease for a process that was stopped, before anything else of it runs', async () => {
    const { election, happened } = startReplica('a');
    await settle();
    clock.stall(9999);
    expect(election.mayWrite()).toBe(true);
    clock.stall(1);
    expect(election.mayWrite()).toBe(false);
    expect(happened).toEqual(['leads']);
    await clock.advance(0);
    expect(happened).toEqual(['leads', 'lost', 'gave up']);
    expect(server.writes).toBe(1);
  });

  it('goes on with each renewal', async () => {
    const { election } = startReplica('a');
    for (let ms = 0; ms < 60_000; ms += 500) {
      await clock.advance(500);
      expect(election.mayWrite()).toBe(true);
    }
  });
});

describe('a lease of another length', () => {
  it.each<{ leaseDurationMs: number; renewals: number; lostAfterMs: number }>([
    { leaseDurationMs: 3000, renewals: 50, lostAfterMs: 2000 },
    { leaseDurationMs: 60_000, renewals: 10, lostAfterMs: 40_000 },
  ])(
    'of $leaseDurationMs ms is renewed and lost accordingly',
    async ({ leaseDurationMs, renewals, lostAfterMs }) => {
      const { happened, link } = startReplica('a', undefined, leaseDurationMs);
      await clock.advance(20_000);
      expect(server.writes).toBe(1 + renewals);
      expect(server.spec()).toMatchObject({ leaseDurationSeconds: leaseDurationMs / 1000 });
      link.fault = down;
      await clock.advance(lostAfterMs - 1);
      expect(happened).toEqual(['leads']);
      await clock.advance(1);
      expect(happened).toEqual(['leads', 'lost', 'gave up']);
    },
  );
});

describe('the stop', () => {
  it('goes on renewing while work ends, then gives the lease back for the next one to take at once', async () => {
    const { happened, stop, finish } = startReplica('a');
    await settle();
    const next = startReplica('b');
    stop.abort();
    await clock.advance(20_000);
    expect(happened).toEqual(['leads', 'stopped']);
    expect(next.happened).toEqual([]);
    finish.resolve();
    await settle();
    expect(happened).toEqual(['leads', 'stopped', 'ended']);
    expect(server.spec()).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await clock.advance(1000);
    expect(next.happened).toEqual(['leads']);
    expect(server.spec()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('while waiting resolves at once and writes nothing', async () => {
    server.put({ holderIdentity: 'other', leaseDurationSeconds: 15 });
    const { happened, stop } = startReplica('a');
    await settle();
    stop.abort();
    await settle();
    expect(happened).toEqual(['ended']);
    expect(server.writes).toBe(1);
  });

  it('work that fails gives the lease back too, and run fails with it', async () => {
    const { happened, finish } = startReplica('a');
    await settle();
    finish.reject(new Error('broken'));
    await settle();
    expect(happened).toEqual(['leads', 'failed']);
    expect(server.spec()).toMatchObject({ holderIdentity: '' });
  });
});
