import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLimiter, type Limiter } from './limits.ts';

const { signal } = new AbortController();

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

function limiterWith(concurrency: number, requestsPerSecond: number): Limiter {
  return createLimiter({
    concurrency,
    requestsPerSecond,
  });
}

describe('createLimiter', () => {
  it('runs no more at the same time than allowed, in the order they came', async () => {
    const limiter = limiterWith(2, 1000);
    const order: number[] = [];
    let running = 0;
    let most = 0;
    const work = Array.from({ length: 10 }, (_, index) =>
      limiter.run(async () => {
        order.push(index);
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => void setTimeout(resolve, 50));
        running -= 1;
      }, signal),
    );
    await vi.runAllTimersAsync();
    await Promise.all(work);
    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('starts no more per second than allowed, after a first few at once', async () => {
    const limiter = limiterWith(4, 10);
    const starts: number[] = [];
    const work = Array.from({ length: 10 }, () =>
      limiter.run(async () => void starts.push(Date.now()), signal),
    );
    await vi.runAllTimersAsync();
    await Promise.all(work);
    expect(starts).toEqual([0, 0, 0, 0, 100, 200, 300, 400, 500, 600]);
  });

  it('frees the place of a task that failed', async () => {
    const limiter = limiterWith(1, 1000);
    await expect(limiter.run(() => Promise.reject(new Error('failed')), signal)).rejects.toThrow('failed');
    const next = limiter.run(async () => 'done', signal);
    await vi.runAllTimersAsync();
    await expect(next).resolves.toBe('done');
  });

  it('lets one that waits leave, and does not run it', async () => {
    const limiter = limiterWith(1, 1000);
    const first = Promise.withResolvers<void>();
    const running = limiter.run(() => first.promise, signal);
    const leaving = new AbortController();
    const task = vi.fn<() => Promise<void>>(async () => {});
    const left = limiter.run(task, leaving.signal);
    const next = limiter.run(async () => 'done', signal);
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    first.resolve();
    await running;
    await vi.runAllTimersAsync();
    await expect(next).resolves.toBe('done');
    expect(task).not.toHaveBeenCalled();
  });

  it('does not queue one that has left already', async () => {
    await expect(limiterWith(1, 1).run(async () => {}, AbortSignal.abort(new Error('gone')))).rejects.toThrow(
      'gone',
    );
  });

  it('lets tenants take turns, and leaves room next to one of them', async () => {
    const limiter = limiterWith(4, 1000);
    const order: string[] = [];
    const ask = (tenant: string, count: number) =>
      Array.from({ length: count }, () =>
        limiter.of(tenant).run(async () => {
          order.push(tenant);
          await new Promise((resolve) => void setTimeout(resolve, 50));
        }, signal),
      );
    const work = [...ask('a', 8), ...ask('b', 2)];
    await vi.advanceTimersByTimeAsync(10);
    expect(order).toEqual(['a', 'a', 'a', 'b']);
    await vi.runAllTimersAsync();
    await Promise.all(work);
    expect(order.slice(4, 7).toSorted()).toEqual(['a', 'a', 'b']);
  });

  it('one tenant whose tasks hang does not stop the others, nor what is done for all', async () => {
    const limiter = limiterWith(4, 1000);
    for (let task = 0; task < 100; task++) void limiter.of('evil').run(() => new Promise(() => {}), signal);
    const done = [limiter.of('good').run(async () => 'good', signal), limiter.run(async () => 'all', signal)];
    await vi.runAllTimersAsync();
    expect(await Promise.all(done)).toEqual(['good', 'all']);
  });

  it('with room for one, the tenants take turns', async () => {
    const limiter = limiterWith(1, 1000);
    const order: string[] = [];
    const ask = (tenant: string) => limiter.of(tenant).run(async () => void order.push(tenant), signal);
    const work = ['a', 'a', 'a', 'b'].map(ask);
    await vi.runAllTimersAsync();
    await Promise.all(work);
    expect(order).toEqual(['a', 'b', 'a', 'a']);
  });

  it('reports for how long nothing has run', async () => {
    const limiter = limiterWith(1, 1000);
    expect(limiter.calmMs()).toBe(Number.POSITIVE_INFINITY);
    const work = limiter.run(() => new Promise<void>((resolve) => void setTimeout(resolve, 50)), signal);
    await vi.advanceTimersByTimeAsync(10);
    expect(limiter.calmMs()).toBe(0);
    await vi.runAllTimersAsync();
    await work;
    await vi.advanceTimersByTimeAsync(7);
    expect(limiter.calmMs()).toBe(7);
  });
});
