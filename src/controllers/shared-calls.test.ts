import { describe, expect, it } from 'vitest';
import { createSharedCalls, StillWaitingError } from './shared-calls.ts';

function setUp() {
  let now = 0;
  let calls = 0;
  const calm = new AbortController().signal;
  const made = createSharedCalls<string>({
    now: () => now,
    timeoutMs: 30_000,
    patienceMs: 50,
    failureAgeMs: (error, maxAgeMs) =>
      error instanceof RangeError ? Math.min(60_000, maxAgeMs * 60) : 5_000,
    kept: { maxBytesPerNamespace: 2 * 1_024, maxBytes: 4 * 1_024 },
    bytesOf: (text) => text.length - 1,
  });
  const shared = {
    of: (namespace: string) => made.of(namespace),
    get: (
      key: string,
      maxAgeMs: number,
      call: Parameters<typeof made.get>[2],
      signal = calm,
      requestedAtMs?: number,
    ) => made.get(key, maxAgeMs, call, signal, requestedAtMs),
  };
  return {
    shared,
    calls: () => calls,
    pass: (ms: number) => {
      now += ms;
    },
    answer: (value: string) => async () => {
      calls++;
      return value;
    },
    fail: (error: Error) => async () => {
      calls++;
      throw error;
    },
  };
}

describe('createSharedCalls', () => {
  it('makes one call for all who ask at once', async () => {
    const { shared, calls, answer } = setUp();
    const asked = Array.from({ length: 1000 }, () => shared.get('k', 1000, answer('a')));
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['a']));
    expect(calls()).toBe(1);
  });

  it('keeps a result as long as the caller accepts it', async () => {
    const { shared, calls, answer, pass } = setUp();
    await shared.get('k', 1000, answer('a'));
    pass(999);
    expect(await shared.get('k', 1000, answer('b'))).toBe('a');
    pass(1);
    expect(await shared.get('k', 1000, answer('b'))).toBe('b');
    expect(await shared.get('k', 0, answer('c'))).toBe('c');
    expect(calls()).toBe(3);
  });

  it('gives those who ask for a new result one of a call that began after they asked', async () => {
    const { shared, calls, answer, pass } = setUp();
    await shared.get('k', 1000, answer('old'));
    pass(100);
    const requestedAtMs = 50;
    for (let pass = 0; pass < 5; pass++)
      expect(await shared.get('k', 0, answer('new'), undefined, requestedAtMs)).toBe('new');
    expect(calls()).toBe(2);
    pass(100);
    expect(await shared.get('k', 0, answer('newer'), undefined, 150)).toBe('newer');
    expect(calls()).toBe(3);
  });

  it('gives them a verdict, too, and a passing failure for a moment only', async () => {
    const { shared, calls, answer, fail, pass } = setUp();
    pass(100);
    const verdict = new RangeError('bad');
    await expect(shared.get('k', 0, fail(verdict), undefined, 50)).rejects.toBe(verdict);
    pass(30_000);
    await expect(shared.get('k', 0, answer('a'), undefined, 50)).rejects.toBe(verdict);
    const blip = new Error('blip');
    await expect(shared.get('l', 0, fail(blip), undefined, 50)).rejects.toBe(blip);
    pass(5_001);
    expect(await shared.get('l', 0, answer('b'), undefined, 50)).toBe('b');
    expect(calls()).toBe(3);
  });

  it('lets a failure stand for its own time and then asks again', async () => {
    const { shared, calls, answer, fail, pass } = setUp();
    const error = new RangeError('bad');
    await expect(shared.get('k', 1000, fail(error))).rejects.toBe(error);
    pass(59_999);
    await expect(shared.get('k', 1000, answer('a'))).rejects.toBe(error);
    pass(1);
    expect(await shared.get('k', 1000, answer('a'))).toBe('a');
    expect(calls()).toBe(2);
  });

  it('shows the call the last good result', async () => {
    const { shared, answer } = setUp();
    await shared.get('k', 1000, answer('a'));
    expect(await shared.get('k', 0, async (_signal, lastGood) => `after ${lastGood}`)).toBe('after a');
  });

  it('lets one caller give up without taking the result from the others', async () => {
    const { shared } = setUp();
    const { promise, resolve } = Promise.withResolvers<string>();
    const impatient = new AbortController();
    const first = shared.get('k', 1000, () => promise, impatient.signal);
    const second = shared.get('k', 1000, () => promise);
    impatient.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    resolve('a');
    expect(await second).toBe('a');
  });

  it('lets no one wait for long, and has the result for anyone who asks later', async () => {
    const { shared, calls, answer } = setUp();
    const { promise, resolve } = Promise.withResolvers<string>();
    await expect(shared.get('k', 1000, () => promise)).rejects.toThrow(StillWaitingError);
    // Who asks while the same call goes on does not start its wait again.
    const second = shared.get('k', 1000, answer('b')).catch((error: unknown) => error);
    const atOnce = new Promise((done) => void setTimeout(done, 0, 'later'));
    expect(await Promise.race([second, atOnce])).toBeInstanceOf(StillWaitingError);
    resolve('a');
    await promise;
    expect(await shared.get('k', 1000, answer('b'))).toBe('a');
    expect(calls()).toBe(0);
  });

  it('keeps keys apart and forgets the least recently used', async () => {
    const { shared, calls, answer } = setUp();
    for (const key of ['a', 'b', 'a', 'c']) await shared.get(key, 1000, answer(key));
    expect(calls()).toBe(3);
    expect(await shared.get('a', 1000, answer('x'))).toBe('a');
    expect(await shared.get('b', 1000, answer('new'))).toBe('new');
  });

  it('forgets what a namespace has too much of, and nothing of others', async () => {
    const { shared, calls, answer } = setUp();
    await shared.of('victim').get('theirs', 1000, answer('a'), new AbortController().signal);
    for (let index = 0; index < 20; index++) {
      const ofAttacker = shared.of('attacker');
      await ofAttacker.get(
        `key-${index}`,
        1000,
        answer('x'.repeat(1 + 1_024 * (index % 2))),
        AbortSignal.timeout(1_000),
      );
    }
    const before = calls();
    expect(await shared.get('theirs', 1000, answer('b'))).toBe('a');
    expect(await shared.get('key-19', 1000, answer('y'))).toHaveLength(1_025);
    expect(calls()).toBe(before);
    await shared.get('key-17', 1000, answer('y'));
    expect(calls()).toBe(before + 1);
  });
});
