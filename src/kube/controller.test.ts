import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock, settle } from '../../test/harness/manual-clock.ts';
import {
  type ControllerOptions,
  createController,
  type Reconcile,
  type ReconcileOutcome,
} from './controller.ts';
import { KubeStatusError, RetryAfterError } from './errors.ts';
import { silentLog } from './log.ts';
import { createWorkQueue, type WorkQueue } from './work-queue.ts';

let clock: ManualClock;
let queue: WorkQueue;
let stop: AbortController;
let running: Promise<void>;
let outcomes: ReconcileOutcome[];

beforeEach(() => {
  clock = createManualClock();
  queue = createWorkQueue({ name: 'test', clock, random: () => 0 });
  stop = new AbortController();
  running = Promise.resolve();
  outcomes = [];
});

afterEach(async () => {
  stop.abort();
  await clock.advance(60_000);
  await running;
});

function start(reconcile: Reconcile, options: Partial<ControllerOptions> = {}): void {
  const metrics = { reconciled: (_: string, outcome: ReconcileOutcome) => void outcomes.push(outcome) };
  const controller = createController({
    name: 'test',
    queue,
    workers: 2,
    log: silentLog,
    clock,
    random: () => 0,
    metrics,
    reconcile,
    ...options,
  });
  running = controller.run(stop.signal);
}

/** A promise that settles with the signal, as a well-behaved I/O call does. */
function heeding(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

describe('many runs in a row', () => {
  it('that wait for nothing let the rest of the process have its turn', async () => {
    let turns = 0;
    let ended = 0;
    const count = (): void => {
      turns++;
      if (ended < 100) setImmediate(count);
    };
    for (let index = 0; index < 100; index++) queue.add(`key-${index}`);
    start(() => {
      ended++;
      return Promise.resolve({});
    });
    setImmediate(count);
    do await settle();
    while (queue.depth > 0);
    expect(turns).toBeGreaterThan(20);
  });
});

describe('the end of a run', () => {
  const hour = 3_600_000;
  it.each<{
    name: string;
    end: () => { requeueAfterMs?: number };
    outcome: ReconcileOutcome;
    againMs: number | undefined;
  }>([
    { name: 'success', end: () => ({}), outcome: 'success', againMs: undefined },
    {
      name: 'come back in an hour',
      end: () => ({ requeueAfterMs: hour }),
      outcome: 'requeueAfter',
      againMs: hour,
    },
    {
      name: 'a known time to wait',
      end: () => {
        throw new RetryAfterError('rate limit', 40_000);
      },
      outcome: 'retryAfter',
      againMs: 40_000,
    },
    {
      name: 'a time to wait that is none',
      end: () => {
        throw new RetryAfterError('rate limit', Date.parse('soon'));
      },
      outcome: 'error',
      againMs: 1000,
    },
    {
      name: 'come back at a time that is none',
      end: () => ({ requeueAfterMs: Date.parse('soon') }),
      outcome: 'error',
      againMs: 1000,
    },
    {
      name: 'the API server asks to wait',
      end: () => {
        throw new KubeStatusError('get x', { code: 429, reason: 'TooManyRequests', retryAfterMs: 7000 });
      },
      outcome: 'retryAfter',
      againMs: 7000,
    },
    {
      name: 'any other error',
      end: () => {
        throw new Error('broken');
      },
      outcome: 'error',
      againMs: 1000,
    },
    {
      name: 'something that is no error',
      end: () => {
        // oxlint-disable-next-line typescript/only-throw-error -- what a careless dependency may do
        throw 'text';
      },
      outcome: 'error',
      againMs: 1000,
    },
  ])('$name', async ({ end, outcome, againMs }) => {
    let runs = 0;
    start(() => {
      runs++;
      return Promise.resolve(end());
    });
    queue.add('a');
    await settle();
    expect({ runs, outcomes }).toEqual({ runs: 1, outcomes: [outcome] });
    await clock.advance((againMs ?? 10 * hour) - 1);
    expect(runs).toBe(1);
    await clock.advance(1);
    expect(runs).toBe(againMs === undefined ? 1 : 2);
  });

  it('failures in a row wait longer each time, and the run knows which try it is', async () => {
    const attempts: number[] = [];
    start((_, { attempt }) => {
      attempts.push(attempt);
      return attempts.length === 4 ? Promise.resolve({}) : Promise.reject(new Error('broken'));
    });
    queue.add('a');
    await clock.advance(6999);
    expect(attempts).toEqual([1, 2, 3]);
    await clock.advance(1);
    queue.add('a');
    await settle();
    expect(attempts).toEqual([1, 2, 3, 4, 1]);
  });

  it('a time to wait is never shortened by jitter', async () => {
    let runs = 0;
    start(() => Promise.resolve({ requeueAfterMs: runs++ === 0 ? 1000 : 1e9 }), { random: () => 1 });
    queue.add('a');
    await clock.advance(1099);
    expect(runs).toBe(1);
    await clock.advance(1);
    expect(runs).toBe(2);
  });
});

describe('workers', () => {
  it('run different keys side by side, as many as there are workers, and one key never twice', async () => {
    const busy = new Set<string>();
    let most = 0;
    const gate = Promise.withResolvers<object>();
    start((key) => {
      expect(busy.has(key)).toBe(false);
      busy.add(key);
      most = Math.max(most, busy.size);
      return gate.promise.finally(() => busy.delete(key));
    });
    for (const key of ['a', 'b', 'c', 'a']) queue.add(key);
    await settle();
    queue.add('a');
    expect([...busy]).toEqual(['a', 'b']);
    gate.resolve({});
    await settle();
    expect(most).toBe(2);
    expect(outcomes).toHaveLength(4);
  });
});

describe('a run that waits aside', () => {
  it('leaves its worker to others, and goes on when it is its turn', async () => {
    const answer = Promise.withResolvers<string>();
    const steps: string[] = [];
    start(
      async (key, { aside }) => {
        steps.push(`${key} starts`);
        const got = key === 'team/waiting' ? await aside(() => answer.promise) : 'nothing';
        steps.push(`${key} got ${got}`);
        return {};
      },
      { workers: 1 },
    );
    for (const key of ['team/waiting', 'team/quick']) queue.add(key);
    await settle();
    queue.add('team/waiting');
    await settle();
    expect(steps).toEqual(['team/waiting starts', 'team/quick starts', 'team/quick got nothing']);
    answer.resolve('it');
    await settle();
    await settle();
    expect(steps.slice(3)).toEqual(['team/waiting got it', 'team/waiting starts', 'team/waiting got it']);
  });

  it('gets what the work throws', async () => {
    const caught: unknown[] = [];
    start(async (_, { aside }) => {
      await aside(() => Promise.reject(new Error('broken'))).catch((error: unknown) => caught.push(error));
      return {};
    });
    queue.add('a');
    await settle();
    await settle();
    expect([caught, outcomes]).toEqual([[new Error('broken')], ['success']]);
  });

  it('still has its deadline', async () => {
    start((_, { signal, aside }) => aside(() => heeding(signal)), { deadlineMs: 30_000 });
    queue.add('a');
    await clock.advance(30_000);
    expect(outcomes).toEqual(['timeout']);
  });

  it('and ignores its deadline is left behind, with its key', async () => {
    const stuck = Promise.withResolvers<object>();
    let runs = 0;
    start(
      (_, { aside }) => {
        runs++;
        return aside(() => stuck.promise);
      },
      { deadlineMs: 30_000, workers: 1 },
    );
    queue.add('a/1');
    await clock.advance(35_000);
    queue.add('a/1');
    await settle();
    expect(runs).toBe(1);
    stuck.resolve({});
    await settle();
    await settle();
    expect(runs).toBe(2);
  });

  it('ends before the controller does, also after all workers had nothing else to do', async () => {
    const answer = Promise.withResolvers<object>();
    start((_, { aside }) => aside(() => answer.promise));
    queue.add('a');
    await settle();
    stop.abort();
    await clock.advance(10_000);
    expect(await Promise.race([running.then(() => 'ended'), settle()])).toBeUndefined();
    answer.resolve({});
    await running;
    expect(outcomes).toEqual(['success']);
  });

  it('is aborted with the rest, and goes on without a worker', async () => {
    start((_, { signal, aside }) => aside(() => heeding(signal)));
    queue.add('a');
    await settle();
    stop.abort();
    await clock.advance(20_000);
    await running;
    expect(outcomes).toEqual(['error']);
  });
});

describe('the deadline', () => {
  it('aborts a run, which is then tried again', async () => {
    start((_, { signal }) => heeding(signal), { deadlineMs: 30_000 });
    queue.add('a');
    await clock.advance(29_999);
    expect(outcomes).toEqual([]);
    await clock.advance(1);
    expect(outcomes).toEqual(['timeout']);
    expect(queue.delayed).toBe(1);
  });

  it('frees the worker of a run that ignores it, and keeps the key from running twice', async () => {
    const stuck = Promise.withResolvers<object>();
    const started: string[] = [];
    start(
      (key) => {
        started.push(key);
        return key === 'stuck' ? stuck.promise : Promise.resolve({});
      },
      { deadlineMs: 30_000, workers: 1 },
    );
    queue.add('stuck');
    await settle();
    queue.add('stuck');
    queue.add('other');
    await clock.advance(34_999);
    expect(started).toEqual(['stuck']);
    await clock.advance(1);
    expect(started).toEqual(['stuck', 'other']);
    stuck.resolve({});
    await settle();
    expect(started).toEqual(['stuck', 'other', 'stuck']);
  });
});

describe('the stop', () => {
  it('takes no more keys, lets running work end, and then resolves', async () => {
    const gate = Promise.withResolvers<object>();
    const started: string[] = [];
    start(
      (key) => {
        started.push(key);
        return gate.promise;
      },
      { workers: 1 },
    );
    queue.add('a');
    queue.add('b');
    await settle();
    stop.abort();
    await clock.advance(19_999);
    gate.resolve({});
    await running;
    expect(started).toEqual(['a']);
    expect(outcomes).toEqual(['success']);
    expect(clock.timers).toBe(0);
  });

  it('still ends what a run has begun, when the key is woken, and nothing else', async () => {
    const started: string[] = [];
    start(
      (key) => {
        const isFirst = !started.includes(key);
        started.push(key);
        return Promise.resolve(isFirst ? { unfinished: true, requeueAfterMs: 120_000 } : {});
      },
      { workers: 1 },
    );
    for (const key of ['a', 'b']) queue.add(key);
    await settle();
    queue.add('b');
    queue.add('c');
    stop.abort();
    await settle();
    expect(started).toEqual(['a', 'b', 'b']);
    queue.add('d');
    queue.add('a');
    await settle();
    await running;
    expect(started).toEqual(['a', 'b', 'b', 'a']);
    expect(clock.timers).toBe(0);
  });

  it('waits for what was begun no longer than for running work', async () => {
    start(() => Promise.resolve({ unfinished: true, requeueAfterMs: 120_000 }));
    queue.add('a');
    await settle();
    stop.abort();
    await clock.advance(19_999);
    expect(await Promise.race([running.then(() => 'ended'), settle()])).toBeUndefined();
    await clock.advance(1);
    await running;
    expect(outcomes).toEqual(['requeueAfter']);
  });

  it('aborts work that does not end in 20 s', async () => {
    start((_, { signal }) => heeding(signal));
    queue.add('a');
    await settle();
    stop.abort();
    await clock.advance(19_999);
    expect(outcomes).toEqual([]);
    await clock.advance(1);
    await running;
    expect(outcomes).toEqual(['error']);
  });

  it('resolves even when work never ends', async () => {
    start(() => new Promise(() => {}));
    queue.add('a');
    await settle();
    stop.abort();
    await clock.advance(25_000);
    await running;
    expect(outcomes).toEqual([]);
  });
});
