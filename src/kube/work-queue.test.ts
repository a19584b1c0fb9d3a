import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock, settle } from '../../test/harness/manual-clock.ts';
import { createWorkQueue, type Lane, type WorkQueue, type WorkQueueOptions } from './work-queue.ts';

const open = new AbortController().signal;

function makeQueue(options: Partial<WorkQueueOptions> = {}): { queue: WorkQueue; clock: ManualClock } {
  const clock = createManualClock();
  return { clock, queue: createWorkQueue({ name: 'test', clock, random: () => 0, ...options }) };
}

/** Takes and finishes all keys that are ready. */
async function drain(queue: WorkQueue): Promise<string[]> {
  const taken: string[] = [];
  while (queue.depth > 0) {
    const key = await queue.get(open);
    if (key === undefined) break;
    taken.push(key);
    queue.done(key);
  }
  return taken;
}

describe('adding', () => {
  it.each<{ name: string; act: (queue: WorkQueue) => void; want: string[] }>([
    {
      name: 'keys come in the order they were added',
      act: (q) => ['a', 'b', 'c'].forEach((k) => q.add(k)),
      want: ['a', 'b', 'c'],
    },
    {
      name: 'a key added 1000 times runs once',
      act: (q) => Array.from({ length: 1000 }).forEach(() => q.add('a')),
      want: ['a'],
    },
    { name: 'high goes before low', act: (q) => (q.add('l', { lane: 'low' }), q.add('h')), want: ['h', 'l'] },
    {
      name: 'a key in low moves up when something changes, and runs once',
      act: (q) => (q.add('a', { lane: 'low' }), q.add('b', { lane: 'low' }), q.add('b')),
      want: ['b', 'a'],
    },
    {
      name: 'a key in high stays there when it is due for a check',
      act: (q) => (q.add('l', { lane: 'low' }), q.add('h'), q.add('h', { lane: 'low' })),
      want: ['h', 'l'],
    },
    { name: 'a delay of nothing is none', act: (q) => q.addAfter('a', 0), want: ['a'] },
  ])('$name', async ({ act, want }) => {
    const { queue } = makeQueue();
    act(queue);
    expect(await drain(queue)).toEqual(want);
    expect(queue.depth).toBe(0);
  });

  it('during a run leads to exactly one more run of the key, not at the same time', async () => {
    const { queue } = makeQueue();
    queue.add('a');
    expect(await queue.get(open)).toBe('a');
    for (let i = 0; i < 10; i++) queue.add('a', { lane: i % 2 ? 'high' : 'low' });
    expect(queue.depth).toBe(0);
    const next = queue.get(open);
    queue.add('b');
    expect(await next).toBe('b');
    queue.done('a');
    expect(await drain(queue)).toEqual(['a']);
  });

  it('wakes as many workers as there are keys', async () => {
    const { queue } = makeQueue();
    const workers = [queue.get(open), queue.get(open), queue.get(open)];
    queue.add('a');
    queue.add('b');
    expect(await Promise.race([workers[2], settle()])).toBeUndefined();
    expect(await Promise.all(workers.slice(0, 2))).toEqual(['a', 'b']);
    queue.shutDown();
    expect(await workers[2]).toBeUndefined();
  });
});

describe('lanes', () => {
  it('low goes on while high never ends: one in nine', async () => {
    const { queue } = makeQueue();
    for (let i = 0; i < 3; i++) queue.add(`low${i}`, { lane: 'low' });
    const order: string[] = [];
    for (let i = 0; i < 27; i++) {
      queue.add(`high${i}`);
      queue.add(`more${i}`);
      const key = (await queue.get(open)) ?? '';
      order.push(key);
      queue.done(key);
    }
    expect(order.flatMap((key, index) => (key.startsWith('low') ? [index] : []))).toEqual([8, 17, 26]);
  });
});

describe('namespaces', () => {
  const keys = (namespace: string, count: number) =>
    Array.from({ length: count }, (_, number) => `${namespace}/${number}`);
  const namespaceOf = (key: string | undefined) => key?.split('/')[0] ?? '';

  it.each(['high', 'low'] as const)('take turns in lane %s', async (lane) => {
    const { queue } = makeQueue();
    for (const key of [...keys('a', 100), ...keys('b', 2), ...keys('c', 1)]) queue.add(key, { lane });
    expect((await drain(queue)).slice(0, 6)).toEqual(['a/0', 'b/0', 'c/0', 'a/1', 'b/1', 'a/2']);
  });

  it('a new key waits for at most one run of each other namespace, whatever they add', async () => {
    const lane = fc.constantFrom<Lane>('high', 'low');
    const addition = fc.record({ namespace: fc.constantFrom('a', 'b', 'c', 'd'), number: fc.nat(50), lane });
    await fc.assert(
      fc.asyncProperty(
        fc.array(addition, { maxLength: 100 }),
        fc.array(fc.array(addition, { maxLength: 10 }), { minLength: 20, maxLength: 20 }),
        lane,
        async (before, meanwhile, own) => {
          const { queue } = makeQueue({ workers: 2 });
          const add = (each: typeof before): void => {
            for (const { namespace, number, lane } of each) queue.add(`${namespace}/${number}`, { lane });
          };
          add(before);
          queue.add('new/key', { lane: own });
          const seen: string[] = [];
          for (const more of meanwhile) {
            const key = (await queue.get(open)) ?? '';
            if (key === 'new/key') break;
            seen.push(namespaceOf(key));
            add(more);
            queue.done(key);
          }
          expect(seen).toHaveLength(new Set(seen).size);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('hold three quarters of the workers at most, and the rest is there for the next', async () => {
    const { queue } = makeQueue({ workers: 4 });
    for (const key of keys('a', 10)) queue.add(key);
    const workers = Array.from({ length: 4 }, () => queue.get(open));
    expect(await Promise.all(workers.slice(0, 3))).toEqual(['a/0', 'a/1', 'a/2']);
    expect(await Promise.race([workers[3], settle()])).toBeUndefined();
    queue.add('b/0');
    expect(await workers[3]).toBe('b/0');
  });

  it('have a sixteenth of what is left under way, parked runs included, and a new one always has room', async () => {
    const { queue } = makeQueue({ workers: 4, maxRunning: 64 });
    const stuck = Array.from({ length: 40 }, (_, number) => `stuck-${number}`);
    for (const namespace of stuck) for (const key of keys(namespace, 10)) queue.add(key);
    const running: string[] = [];
    for (;;) {
      const end = new AbortController();
      const key = await Promise.race([queue.get(end.signal), settle().then(settle)]);
      end.abort();
      if (key === undefined) break;
      queue.park(key);
      running.push(key);
    }
    const counts = stuck.map((name) => running.filter((key) => namespaceOf(key) === name).length);
    expect(Math.max(...counts)).toBeLessThanOrEqual(2);
    expect(running).toHaveLength(48);
    queue.add('new/key');
    expect(await queue.get(open)).toBe('new/key');
  });
});

describe('a parked run', () => {
  it('frees its worker and keeps its key', async () => {
    const { queue } = makeQueue({ workers: 1 });
    queue.add('a/1');
    queue.add('a/2');
    expect(await queue.get(open)).toBe('a/1');
    const next = queue.get(open);
    queue.add('a/1');
    queue.park('a/1');
    expect(await next).toBe('a/2');
    expect(queue.running().longestMs).toBe(0);
    queue.resume('a/1');
    queue.done('a/2');
    // It goes on first, and only then has the run that was asked for in the meantime.
    expect(await queue.get(open)).toBe('a/1');
    queue.done('a/1');
    expect(await drain(queue)).toEqual(['a/1']);
  });

  it('has its turn like those of others', async () => {
    const { queue } = makeQueue({ workers: 4 });
    for (const key of ['a/1', 'a/2', 'a/3']) {
      queue.add(key);
      await queue.get(open);
      queue.park(key);
    }
    for (const key of ['a/1', 'a/2', 'a/3']) queue.resume(key);
    queue.add('b/1');
    queue.add('b/2');
    // The namespace of the parked runs has just had three turns, so it is not its turn.
    const order = [await queue.get(open), await queue.get(open), await queue.get(open)];
    expect(order).toEqual(['b/1', 'a/1', 'b/2']);
  });

  it('that ends without going on leaves no turn behind', async () => {
    const { queue } = makeQueue();
    queue.add('a/1');
    await queue.get(open);
    queue.park('a/1');
    queue.resume('a/1');
    queue.done('a/1');
    queue.add('a/2');
    expect(await queue.get(open)).toBe('a/2');
  });
});

describe('delays', () => {
  it('a key comes when its time is up, and one timer serves all', async () => {
    const { queue, clock } = makeQueue();
    for (let i = 0; i < 1000; i++) queue.addAfter(`k${i}`, 1000 + i);
    expect(clock.timers).toBe(1);
    expect(queue.delayed).toBe(1000);
    await clock.advance(999);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await drain(queue)).toEqual(['k0']);
    await clock.advance(10_000);
    expect(queue.depth).toBe(999);
    expect(clock.timers).toBe(0);
  });

  it.each([
    { name: 'sooner', delays: [5000, 1000], want: 1000 },
    { name: 'later', delays: [1000, 5000], want: 1000 },
  ])('of two times the earliest counts: the second is $name', async ({ delays, want }) => {
    const { queue, clock } = makeQueue();
    for (const delay of delays) queue.addAfter('a', delay);
    await clock.advance(want - 1);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
    expect(queue.delayed).toBe(0);
  });

  it('a run drops the time that was set before it, and keeps one set during it', async () => {
    const { queue, clock } = makeQueue();
    queue.addAfter('a', 1000);
    queue.add('a');
    expect(await queue.get(open)).toBe('a');
    expect(queue.delayed).toBe(0);
    queue.addAfter('a', 3000);
    queue.done('a');
    await clock.advance(2999);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
  });

  it('one that is no number is refused, and does not set off the timer', () => {
    const { queue, clock } = makeQueue();
    expect(() => queue.addAfter('a', Number.NaN)).toThrow(RangeError);
    expect(clock.timers).toBe(0);
  });

  it('longer than a Node timer takes, a key still comes in time', async () => {
    const { queue, clock } = makeQueue();
    const days60 = 60 * 86_400_000;
    queue.addAfter('a', days60);
    await clock.advance(days60 - 1);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
  });
});

describe('failures', () => {
  it('delays double from 1 s to 15 min, and start over after a success', () => {
    const { queue } = makeQueue();
    const seconds = Array.from({ length: 12 }, () => queue.addRateLimited('a') / 1000);
    expect(seconds).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    expect(queue.failures('a')).toBe(12);
    queue.forget('a');
    expect(queue.failures('a')).toBe(0);
    expect(queue.addRateLimited('a')).toBe(1000);
  });

  it('jitter only lengthens, by a fifth at most', () => {
    const { queue } = makeQueue({ random: () => 1 });
    expect(queue.addRateLimited('a')).toBe(1200);
  });

  it('after 5000 failures the delay is still the longest one', () => {
    const { queue } = makeQueue();
    const delays = Array.from({ length: 5000 }, () => queue.addRateLimited('a'));
    expect(delays.at(-1)).toBe(900_000);
  });
});

describe('the end', () => {
  it('shutDown wakes the workers, drops what waits and ignores what comes', async () => {
    const { queue, clock } = makeQueue();
    const waiting = queue.get(open);
    queue.addAfter('later', 10);
    queue.shutDown();
    queue.add('a');
    queue.addAfter('a', 10);
    queue.addRateLimited('a');
    expect(await waiting).toBeUndefined();
    expect(await queue.get(open)).toBeUndefined();
    expect(clock.timers).toBe(0);
    await clock.advance(100);
    expect(queue.depth).toBe(0);
  });

  it('drain drops what it does not admit, and lets the rest come', async () => {
    const { queue, clock } = makeQueue();
    for (const key of ['a', 'b', 'c']) queue.add(key);
    queue.addAfter('later', 10);
    queue.drain((key) => key === 'b' || key === 'e');
    queue.add('d');
    queue.add('e');
    expect(await drain(queue)).toEqual(['b', 'e']);
    await clock.advance(10);
    expect(queue.depth).toBe(0);
  });

  it('a worker that stops waiting takes no key with it', async () => {
    const { queue } = makeQueue();
    const abort = new AbortController();
    const left = queue.get(abort.signal);
    abort.abort();
    expect(await left).toBeUndefined();
    queue.add('a');
    expect(await drain(queue)).toEqual(['a']);
  });
});

describe('metrics', () => {
  it('show depth, lanes, waits and retries', async () => {
    const seen: unknown[][] = [];
    const { queue, clock } = makeQueue({
      metrics: {
        depth: (_, depth) => seen.push(['depth', depth]),
        added: (_, lane) => seen.push(['added', lane]),
        waited: (_, lane, ms) => seen.push(['waited', lane, ms]),
        retried: (queueName) => seen.push(['retried', queueName]),
      },
    });
    queue.add('a');
    await clock.advance(50);
    await drain(queue);
    queue.addRateLimited('a');
    expect(seen).toEqual([
      ['added', 'high'],
      ['depth', 1],
      ['depth', 0],
      ['waited', 'high', 50],
      ['retried', 'test'],
    ]);
  });
});
