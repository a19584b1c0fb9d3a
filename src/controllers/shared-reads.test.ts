import { beforeEach, describe, expect, it } from 'vitest';
import { type KubeObject, secrets } from '../kube/object.ts';
import { createSharedReads } from './shared-reads.ts';

const { signal } = new AbortController();
const key = 'team-a/token';

let nowMs: number;
let cachedVersion: string | undefined;
let asked: { answer: (object: KubeObject | undefined) => void; fail: () => void }[];
let reads: ReturnType<typeof createSharedReads>;

const secret = (resourceVersion: string): KubeObject => ({
  metadata: { name: 'token', namespace: 'team-a', uid: 'u', creationTimestamp: '', resourceVersion },
});

beforeEach(() => {
  nowMs = 0;
  cachedVersion = '1';
  asked = [];
  reads = createSharedReads({
    kube: {
      get: () =>
        new Promise((answer, reject) => void asked.push({ answer, fail: () => reject(new Error('down')) })),
    },
    stores: { secrets: { get: () => (cachedVersion === undefined ? undefined : secret(cachedVersion)) } },
    now: () => nowMs,
  });
});

/** Asks, and lets the read that it needs end. */
async function read(): Promise<KubeObject | undefined> {
  const asking = reads.get(secrets, key, signal);
  asked.at(-1)?.answer(secret(cachedVersion ?? 'unknown'));
  return asking;
}

describe('createSharedReads', () => {
  it('reads once more for all who ask to see what there is now, and then for no one', async () => {
    await read();
    nowMs = 100;
    const fresh = Array.from({ length: 1000 }, () => reads.since(50).get(secrets, key, signal));
    expect(asked).toHaveLength(2);
    asked[1]?.answer(secret('2'));
    expect(new Set((await Promise.all(fresh)).map((object) => object?.metadata.resourceVersion))).toEqual(
      new Set(['2']),
    );
    void reads.since(100).get(secrets, key, signal);
    expect(asked).toHaveLength(3);
  });

  it('reads a version once, for those who ask in the meantime and soon after', async () => {
    const together = [reads.get(secrets, key, signal), reads.get(secrets, key, signal)];
    asked[0]?.answer(secret('1'));
    expect(await Promise.all(together)).toEqual([secret('1'), secret('1')]);
    nowMs = 9_999;
    expect(await read()).toEqual(secret('1'));
    expect(asked).toHaveLength(1);
  });

  it.each([
    { name: 'there is another version', before: () => void (cachedVersion = '2') },
    { name: 'ten seconds have passed', before: () => void (nowMs = 10_000) },
    { name: 'the cache of metadata does not know it', before: () => void (cachedVersion = undefined) },
  ])('reads again when $name', async ({ before }) => {
    await read();
    before();
    await read();
    expect(asked).toHaveLength(2);
  });

  it('remembers no failure', async () => {
    const failing = reads.get(secrets, key, signal);
    asked[0]?.fail();
    await expect(failing).rejects.toThrow('down');
    expect(await read()).toEqual(secret('1'));
  });

  it('lets one leave without ending the read of the others', async () => {
    const leaving = new AbortController();
    const left = reads.get(secrets, key, leaving.signal);
    const stayed = reads.get(secrets, key, signal);
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    asked[0]?.answer(secret('1'));
    expect(await stayed).toEqual(secret('1'));
  });
});
