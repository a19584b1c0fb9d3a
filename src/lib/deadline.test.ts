import { describe, expect, it } from 'vitest';
import { orAbort } from './deadline.ts';

const over = new Error('It is over.');

describe('orAbort', () => {
  it('gives the result of work that ends first', async () => {
    expect(await orAbort(Promise.resolve(1), new AbortController().signal)).toBe(1);
  });

  it('rejects with the reason of a signal that aborts first', async () => {
    const controller = new AbortController();
    const waiting = orAbort(new Promise(() => {}), controller.signal);
    controller.abort(over);
    await expect(waiting).rejects.toBe(over);
  });

  it('leaves no rejection unhandled when the signal has aborted already', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): unknown => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const failing = new Promise<never>((_, reject) => {
      setImmediate(() => reject(new Error('The work failed.')));
    });
    await expect(orAbort(failing, AbortSignal.abort(over))).rejects.toBe(over);
    // Node.js reports it after the microtasks of the turn in which the work failed.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});
