import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LeaseServer } from '../../test/harness/lease-server.ts';
import { type ManualClock, settle } from '../../test/harness/manual-clock.ts';
import {
  createReplicaStage,
  type ElectedReplica,
  type ReplicaStage,
} from '../../test/harness/replica-stage.ts';

let stage: ReplicaStage;
let clock: ManualClock;
let server: LeaseServer;

beforeEach(() => {
  stage = createReplicaStage();
  ({ clock, server } = stage);
});

afterEach(() => stage.end());

const down = (): Promise<void> => Promise.reject(new Error('down'));
const hang = (): Promise<void> => new Promise(() => {});
const slow = (): Promise<void> => new Promise((resolve) => void clock.setTimer(resolve, 4500));

describe('holding the lease', () => {
  it('renews it every 2 s and keeps when it was acquired', async () => {
    stage.start('a');
    await clock.advance(20_000);
    expect(server.writes).toBe(11);
    expect(server.spec()).toMatchObject({
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:20.000000Z',
      leaseTransitions: 0,
    });
  });

  it('creates it again when someone deleted it', async () => {
    const { happened } = stage.start('a');
    await settle();
    server.remove();
    await clock.advance(60_000);
    expect(happened).toEqual(['leads']);
    expect(server.spec()).toMatchObject({ holderIdentity: 'a' });
  });

  it.each<{ name: string; fault: (link: ElectedReplica['link']) => void; lostAfterMs: number }>([
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
    const { election, happened, link, finish } = stage.start('a');
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
    const { happened, link } = stage.start('a', slow);
    await clock.advance(9000);
    expect(happened).toEqual(['leads']);
    link.fault = down;
    await clock.advance(1000);
    expect(happened).toEqual(['leads', 'lost', 'gave up']);
  });

  it('is not lost by an outage shorter than that', async () => {
    const { happened, link } = stage.start('a');
    await clock.advance(4000);
    link.fault = down;
    await clock.advance(7000);
    link.fault = undefined;
    await clock.advance(60_000);
    expect(happened).toEqual(['leads']);
  });

  it('is lost before another one can take it', async () => {
    const holder = stage.start('a');
    await settle();
    const waiting = stage.start('b');
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
    const leader = stage.start('a');
    const standby = stage.start('b');
    expect(leader.election.mayWrite()).toBe(false);
    await settle();
    expect([leader, standby].map(({ election }) => election.mayWrite())).toEqual([true, false]);
    leader.finish.resolve();
    await settle();
    expect(leader.election.mayWrite()).toBe(false);
  });

  it('ends at two thirds of the lease for a process that was stopped, before anything else of it runs', async () => {
    const { election, happened } = stage.start('a');
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
    const { election } = stage.start('a');
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
      const { happened, link } = stage.start('a', undefined, leaseDurationMs);
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
