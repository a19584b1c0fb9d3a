import { describe, expect, it } from 'vitest';
import { type LeaseRecord, leases, readLease } from '../../src/kube/lease.ts';
import { rowsOf } from '../cluster/objects.ts';
import { kinds } from '../harness/cluster.ts';
import { stretched } from '../harness/pace.ts';
import { startRelay } from '../harness/relay.ts';
import { closeGate, connectionCount, createsBy, openStage, type Replica, type Stage } from './replicas.ts';
import { startStopwatch } from './stopwatch.ts';

/** Long enough that this machine does not lose it just by being busy. Whole seconds. */
const leaseMs = Math.ceil(stretched(8) / 4) * 4000;
const lease = ['--leader-elect=true', `--lease-duration=${leaseMs / 1000}s`];
/** So long that a test can't wait for its end: the next leader gets it on release. */
const longLease = ['--leader-elect=true', '--lease-duration=10m'];
/** Longest time between two checks of a standby: a second and a fifth, less where the lease is short. */
const longestWaitMs = (of: number): number => Math.min(1200, (of / 15) * 1.2);

/** Starts the leader, then the standby, and work that stays in the middle until the gate is opened. */
async function startPair(stage: Stage, args: string[], options: Parameters<Stage['start']>[2] = {}) {
  const first = await stage.start('first', args, options);
  await stage.leader('first');
  const second = await stage.start('second', args);
  const gate = closeGate(stage.world);
  // One for each connection first: in whatever order they come, each connection is at work.
  const keys = await stage.createIntegrations(connectionCount);
  await stage.cluster.waitFor('creates to be under way', async () => gate.waiting() === connectionCount);
  keys.push(...(await stage.createIntegrations(2 * connectionCount, connectionCount)));
  return { first, second, gate, keys };
}

/** No process worked on what the other one was at: one create each, and the second began when the first was silent. */
function expectNoOverlap({ world }: Stage, first: Replica, second: Replica, keys: string[]): void {
  expect([...createsBy(first), ...createsBy(second)].toSorted()).toEqual(keys.toSorted());
  expect(keys.map((key) => rowsOf(world, key).length)).toEqual(keys.map(() => 1));
  const [begun] = second.internet.requests;
  // One that had to create something has sent something; where the first one had finished all, there may be nothing.
  expect(begun !== undefined || createsBy(first).length === keys.length).toBe(true);
  const late = first.internet.requests.filter(({ at }) => begun && at >= begun.at);
  expect(late.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
}

// Side by side, for most of it is waiting.
describe.concurrent('two replicas', () => {
  it('a leader that is stopped for longer than its lease ends without another word', async (context) => {
    const stage = await openStage(context);
    const { first, second, gate, keys } = await startPair(stage, lease);

    process.kill(first.pid, 'SIGSTOP');
    // What it has sent is carried out. It will find the answers, and a queue full of work, when it goes on.
    gate.open();
    await stage.leader('second');
    await stage.allReady();
    const sent = first.internet.requests.length;
    const versions = await versionsOf(stage);
    process.kill(first.pid, 'SIGCONT');

    expect(await first.exited).toEqual({ code: 1, signal: null });
    expect(first.output()).toContain('LeadershipLostError');
    expect(first.internet.requests).toHaveLength(sent);
    expect(await versionsOf(stage)).toEqual(versions);
    expectNoOverlap(stage, first, second, keys);
  });

  it('a leader that the API server can not hear stops before the other one starts', async (context) => {
    const stage = await openStage(context);
    const relay = await startRelay(stage.kubeconfig);
    const { first, second, gate, keys } = await startPair(stage, lease, { kubeconfig: relay.kubeconfigPath });

    relay.hold();
    expect(await first.exited).toEqual({ code: 1, signal: null });
    gate.open();
    await stage.leader('second');
    await stage.allReady();
    expectNoOverlap(stage, first, second, keys);
    await relay.close();
  });

  it('a leader that is killed is replaced when its lease has expired', async (context) => {
    const stage = await openStage(context);
    const { first, second, gate, keys } = await startPair(stage, lease);
    const stopwatch = startStopwatch(() => leaseOf(stage));

    expect(await first.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    gate.open();
    await stage.leader('second');
    const { before, taken } = await handOver(stage, 'second');
    expect(before.holder).toMatch(/^first_/);
    const silenceMs = Date.parse(taken.acquireTime) - Date.parse(before.renewTime);
    // Others count the lease from when they saw the last renewal, so never less than all of it.
    expect(silenceMs).toBeGreaterThanOrEqual(leaseMs);
    // One check that saw the renewal, one that found the lease free, and the process itself may be as late.
    expect(silenceMs).toBeLessThanOrEqual(leaseMs + longestWaitMs(leaseMs) + 3 * stopwatch.longestLookMs());
    await stage.allReady();
    expectNoOverlap(stage, first, second, keys);
  });

  it('a leader whose main thread is busy for longer than its lease keeps it', async (context) => {
    const stage = await openStage(context);
    const preload = import.meta.resolve('../harness/busy-thread.ts');
    const first = await stage.start('first', lease, { preload, env: { BUSY_MS: String(1.5 * leaseMs) } });
    await stage.leader('first');
    await stage.start('second', lease);
    // The second thread begins with the first renewal.
    const renewals = stage.leaseHistory.length;
    await stage.cluster.waitFor('renewals', async () => stage.leaseHistory.length > renewals + 2);

    process.kill(first.pid, 'SIGUSR2');
    await stage.cluster.waitFor('the end', async () => first.output().includes('Was busy.'), 2 * leaseMs);
    const held = stage.leaseHistory.slice(renewals);
    expect(held.every(({ holder, transitions }) => holder.startsWith('first_') && transitions === 0)).toBe(
      true,
    );
    await stage.createIntegrations(2);
    await stage.allReady();
    expect(await stage.leader()).toBe('first');
    expect(createsBy(first)).toHaveLength(2);
  });

  it('a leader that is asked to stop ends its work and hands over in less than 3 s', async (context) => {
    const stage = await openStage(context);
    const { cluster } = stage;
    const { first, second, gate, keys } = await startPair(stage, longLease);
    const stopwatch = startStopwatch(() => leaseOf(stage));

    const stopped = first.stop();
    await cluster.waitFor('the stop', async () => first.output().includes('"Stopping"'));
    // From the signal on, and not only when the work is done.
    expect(await first.isReady()).toBe(false);
    expect(await second.isReady()).toBe(true);
    gate.open();
    expect(await stopped).toEqual({ code: 0, signal: null });
    const done = createsBy(first);
    expect(done.length).toBeGreaterThanOrEqual(connectionCount);
    await Promise.all(done.map((key) => cluster.waitForConditions(key, { Registered: 'True/Registered' })));
    await stage.leader('second');
    const { before, taken } = await handOver(stage, 'second');
    expect(before.holder).toBe('');
    const idleMs = Date.parse(taken.acquireTime) - Date.parse(before.renewTime);
    expect(idleMs).toBeLessThanOrEqual(3000 + 2 * stopwatch.longestLookMs());

    await stage.allReady();
    expectNoOverlap(stage, first, second, keys);
    // What the first one finished, the second one has not touched.
    expect(writesBy(second)).toHaveLength(keys.length - done.length);
  });

  it('a standby knows all, says nothing, and does not lead by the wall clock', async (context) => {
    const stage = await openStage(context);
    const { cluster } = stage;
    const preload = import.meta.resolve('../harness/clock-step.ts');
    const first = await stage.start('first', lease, { preload });
    await stage.leader('first');
    const second = await stage.start('second', lease, { preload });
    await stage.createIntegrations(3);
    await stage.allReady();

    process.kill(first.pid, 'SIGUSR2');
    process.kill(second.pid, 'SIGUSR2');
    process.kill(second.pid, 'SIGUSR2');
    const before = await leaseOf(stage);
    await cluster.waitFor('a few renewals', async () => {
      const now = await leaseOf(stage);
      return Date.parse(now.renewTime) - Date.parse(before.renewTime) > 3_600_000 + 3000;
    });
    expect(await leaseOf(stage)).toMatchObject({ holder: before.holder, transitions: 0 });

    expect(await first.metrics()).toContain('leader_election_master_status{name="codemie-git-operator"} 1\n');
    const metrics = await second.metrics();
    expect(metrics).toContain('leader_election_master_status{name="codemie-git-operator"} 0\n');
    expect(metrics).toMatch(/codemie_cache_objects\{resource="gitintegrations"\} [3-9]/);
    expect(metrics).not.toMatch(/workqueue_depth\{[^}]*\} [1-9]/);
    expect(second.internet.requests).toEqual([]);
  });
});

async function versionsOf({ cluster, team }: Stage): Promise<(string | undefined)[]> {
  const objects = await cluster.list(kinds.integration, team);
  return objects.map(({ metadata }) => metadata.resourceVersion);
}

async function leaseOf({ cluster, system }: Stage): Promise<LeaseRecord> {
  const found = await cluster.get(leases, `${system}/codemie-git-operator`);
  if (!found) throw new Error('There is no Lease.');
  return readLease(found);
}

/** What the Lease said when that Pod first held it, and the word before that. */
async function handOver(
  { cluster, leaseHistory }: Stage,
  name: string,
): Promise<{ before: LeaseRecord; taken: LeaseRecord }> {
  return cluster.waitFor(`the Lease of ${name}`, async () => {
    const at = leaseHistory.findIndex(({ holder }) => holder.startsWith(`${name}_`));
    const [before, taken] = [leaseHistory[at - 1], leaseHistory[at]];
    return before && taken && { before, taken };
  });
}

function writesBy({ internet }: Replica): string[] {
  return internet.requests
    .filter(({ method, host }) => method !== 'GET' && host === 'codemie.example.com')
    .map(({ method, path }) => `${method} ${path}`);
}
