import { describe, expect, it } from 'vitest';
import { leases, readLease } from '../../src/kube/lease.ts';
import { rowsOf } from '../cluster/objects.ts';
import { kinds } from '../harness/cluster.ts';
import { startRelay } from '../harness/relay.ts';
import { closeGate, connectionCount, createsBy, type Replica, useReplicas } from './replicas.ts';

const suite = useReplicas();

/** Long enough that a busy machine does not lose it by itself. */
const lease = ['--leader-elect=true', '--lease-duration=6s'];
/** So long that a test can't wait for its end: who takes over has been given it. */
const longLease = ['--leader-elect=true', '--lease-duration=10m'];

/** Starts the leader, then the one that stands by. */
async function startPair(args: string[]): Promise<[Replica, Replica]> {
  const first = await suite.start('first', args);
  await suite.leader('first');
  return [first, await suite.start('second', args)];
}

/** Nobody worked on what the other one was at: one create each, and the second began when the first was silent. */
function expectNoOverlap(first: Replica, second: Replica, keys: string[]): void {
  expect([...createsBy(first), ...createsBy(second)].toSorted()).toEqual(keys.toSorted());
  expect(keys.map((key) => rowsOf(suite.world, key).length)).toEqual(keys.map(() => 1));
  const times = (replica: Replica): string[] => replica.internet.requests.map(({ at }) => at);
  expect(times(first).at(-1)! < times(second)[0]!).toBe(true);
}

describe('two replicas', { timeout: 120_000 }, () => {
  it('a leader that is stopped for longer than its lease ends without another word', async () => {
    const { world, cluster } = suite;
    const [first, second] = await startPair(lease);
    const gate = closeGate(world);
    const keys = await suite.createIntegrations(24);
    await cluster.waitFor('creates to be under way', async () => gate.waiting() === connectionCount);

    process.kill(first.pid, 'SIGSTOP');
    // What it has sent is carried out. It will find the answers, and a queue full of work, when it goes on.
    gate.open();
    await suite.leader('second');
    await suite.allReady();
    const sent = first.internet.requests.length;
    const versions = await versionsOf(suite.team);
    process.kill(first.pid, 'SIGCONT');

    expect(await first.exited).toEqual({ code: 1, signal: null });
    expect(first.output()).toContain('LeadershipLostError');
    expect(first.internet.requests).toHaveLength(sent);
    expect(await versionsOf(suite.team)).toEqual(versions);
    expectNoOverlap(first, second, keys);
  });

  it('a leader that the API server can not hear stops before the other one starts', async () => {
    const { world, cluster } = suite;
    const relay = await startRelay(suite.kubeconfig);
    const first = await suite.start('first', lease, { kubeconfig: relay.kubeconfigPath });
    await suite.leader('first');
    const second = await suite.start('second', lease);
    const gate = closeGate(world);
    const keys = await suite.createIntegrations(24);
    await cluster.waitFor('creates to be under way', async () => gate.waiting() === connectionCount);

    relay.hold();
    expect(await first.exited).toEqual({ code: 1, signal: null });
    gate.open();
    await suite.leader('second');
    await suite.allReady();
    expectNoOverlap(first, second, keys);
    await relay.close();
  });

  it('a leader that is killed is replaced when its lease has ended', async () => {
    const { world, cluster } = suite;
    const [first, second] = await startPair(lease);
    const gate = closeGate(world);
    const keys = await suite.createIntegrations(24);
    await cluster.waitFor('creates to be under way', async () => gate.waiting() === connectionCount);
    expect(await first.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    gate.open();
    await suite.leader('second');
    await suite.allReady();
    expectNoOverlap(first, second, keys);
  });

  it('a leader that is asked to stop ends its work and hands over', async () => {
    const { world, cluster } = suite;
    const [first, second] = await startPair(longLease);
    const gate = closeGate(world);
    const keys = await suite.createIntegrations(24);
    await cluster.waitFor('creates to be under way', async () => gate.waiting() === connectionCount);

    const stopped = first.stop();
    await cluster.waitFor('the stop', async () => first.output().includes('"Stopping"'));
    gate.open();
    expect(await stopped).toEqual({ code: 0, signal: null });
    const done = createsBy(first);
    expect(done.length).toBeGreaterThanOrEqual(connectionCount);
    await Promise.all(done.map((key) => cluster.waitForConditions(key, { Registered: 'True/Registered' })));
    await suite.leader('second');
    await suite.allReady();
    expectNoOverlap(first, second, keys);
    // What the first one ended, the second one has left alone.
    expect(writesBy(second)).toHaveLength(keys.length - done.length);
  });

  it('one that stands by knows all, says nothing, and leads by no clock of the wall', async () => {
    const { cluster } = suite;
    const preload = import.meta.resolve('../harness/clock-step.ts');
    const first = await suite.start('first', lease, { preload });
    await suite.leader('first');
    const second = await suite.start('second', lease, { preload });
    await suite.createIntegrations(3);
    await suite.allReady();

    process.kill(first.pid, 'SIGUSR2');
    process.kill(second.pid, 'SIGUSR2');
    process.kill(second.pid, 'SIGUSR2');
    const before = await leaseOf();
    await cluster.waitFor('a few renewals', async () => {
      const now = await leaseOf();
      return Date.parse(now.renewTime) - Date.parse(before.renewTime) > 3_600_000 + 3000;
    });
    expect(await leaseOf()).toMatchObject({ holder: before.holder, transitions: 0 });

    expect(await first.metrics()).toContain('leader_election_master_status{name="codemie-git-operator"} 1\n');
    const metrics = await second.metrics();
    expect(metrics).toContain('leader_election_master_status{name="codemie-git-operator"} 0\n');
    expect(metrics).toMatch(/codemie_cache_objects\{resource="gitintegrations"\} [3-9]/);
    expect(metrics).not.toMatch(/workqueue_depth\{[^}]*\} [1-9]/);
    expect(second.internet.requests).toEqual([]);
  });
});

async function versionsOf(namespace: string): Promise<(string | undefined)[]> {
  const objects = await suite.cluster.list(kinds.integration, namespace);
  return objects.map(({ metadata }) => metadata.resourceVersion);
}

async function leaseOf() {
  const found = await suite.cluster.get(leases, `${suite.system}/codemie-git-operator`);
  if (!found) throw new Error('There is no Lease.');
  return readLease(found);
}

function writesBy({ internet }: Replica): string[] {
  return internet.requests
    .filter(({ method, host }) => method !== 'GET' && host === 'codemie.example.com')
    .map(({ method, path }) => `${method} ${path}`);
}
