import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LeaseServer } from '../../test/harness/lease-server.ts';
import { type ManualClock, settle } from '../../test/harness/manual-clock.ts';
import { createReplicaStage, type ReplicaStage } from '../../test/harness/replica-stage.ts';

let stage: ReplicaStage;
let clock: ManualClock;
let server: LeaseServer;

beforeEach(() => {
  stage = createReplicaStage();
  ({ clock, server } = stage);
});

afterEach(() => stage.end());

const down = (): Promise<void> => Promise.reject(new Error('down'));

describe('taking the lease', () => {
  it('makes it when there is none', async () => {
    const { election, happened } = stage.start('a');
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
    const replicas = ['a', 'b', 'c', 'd'].map((identity) => stage.start(identity));
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
    const { happened } = stage.start('a');
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
      const { happened } = stage.start('a');
      await clock.advance(14_999);
      expect(happened).toEqual([]);
      await clock.advance(1);
      expect(happened).toEqual(['leads']);
      expect(server.spec()).toMatchObject({ holderIdentity: 'a', leaseTransitions: 5 });
    },
  );

  it('goes on trying while the API server is down', async () => {
    const { happened, link } = stage.start('a', down);
    await clock.advance(60_000);
    expect(happened).toEqual([]);
    link.fault = undefined;
    await clock.advance(2000);
    expect(happened).toEqual(['leads']);
  });
});

describe('the stop', () => {
  it('goes on renewing while work ends, then gives the lease back for the next one to take at once', async () => {
    const { happened, stop, finish } = stage.start('a');
    await settle();
    const next = stage.start('b');
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
    const { happened, stop } = stage.start('a');
    await settle();
    stop.abort();
    await settle();
    expect(happened).toEqual(['ended']);
    expect(server.writes).toBe(1);
  });

  it('work that fails gives the lease back too, and run fails with it', async () => {
    const { happened, finish } = stage.start('a');
    await settle();
    finish.reject(new Error('broken'));
    await settle();
    expect(happened).toEqual(['leads', 'failed']);
    expect(server.spec()).toMatchObject({ holderIdentity: '' });
  });
});
