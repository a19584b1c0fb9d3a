import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createHostSlots, type HostSlots } from './host-slots.ts';

const host = 'git.example.com';
let slots: HostSlots;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  slots = createHostSlots({ perHost: 2, patienceMs: 1000, now: () => Date.now() });
});
afterEach(() => void vi.useRealTimers());

/** Takes a slot and notes when it was given, by the name of the one who asked. */
const given: string[] = [];
beforeEach(() => void (given.length = 0));

async function take(name: string, signal?: AbortSignal): Promise<(() => void) | undefined> {
  const release = await slots.take(host, signal);
  given.push(`${name} ${release === undefined ? 'refused' : 'given'} at ${Date.now()}`);
  return release;
}

it('gives out two for each host', async () => {
  await take('a');
  await take('b');
  await expect(slots.take('other.example.com')).resolves.toBeTypeOf('function');
  void take('c');
  await vi.advanceTimersByTimeAsync(0);
  expect(given).toEqual(['a given at 0', 'b given at 0']);
});

it('passes them on in the order of asking', async () => {
  const [a, b] = [await take('a'), await take('b')];
  const rest = [take('c'), take('d'), take('e')];
  await vi.advanceTimersByTimeAsync(300);
  a?.();
  b?.();
  await vi.advanceTimersByTimeAsync(0);
  (await rest[0])?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(given.slice(2)).toEqual(['c given at 300', 'd given at 300', 'e given at 300']);
});

it('refuses who would wait for a host that does not get on', async () => {
  await take('a');
  await vi.advanceTimersByTimeAsync(400);
  await take('b');
  void take('c');
  await vi.advanceTimersByTimeAsync(5000);
  await take('d');
  expect(given.slice(2)).toEqual(['c refused at 1400', 'd refused at 5400']);
});

it('lets them wait as long as the host gets on, even if one of its requests hangs', async () => {
  await take('hanging');
  let running = await take('quick 0');
  const waiting = [take('quick 1'), take('quick 2'), take('quick 3')];
  for (const next of waiting) {
    await vi.advanceTimersByTimeAsync(900);
    running?.();
    running = await next;
  }
  expect(given.slice(2)).toEqual(['quick 1 given at 900', 'quick 2 given at 1800', 'quick 3 given at 2700']);
});

it('lets a waiting one go when its signal aborts, and keeps no slot for it', async () => {
  const [a, b] = [await take('a'), await take('b')];
  const abort = new AbortController();
  const refused = take('c', abort.signal).catch((error: unknown) => error);
  abort.abort(new Error('enough'));
  a?.();
  b?.();
  expect(await refused).toEqual(new Error('enough'));
  await take('d');
  await take('e');
  expect(given.slice(2)).toEqual(['d given at 0', 'e given at 0']);
});

it('gives nothing to a signal that has aborted before', async () => {
  await expect(slots.take(host, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});
