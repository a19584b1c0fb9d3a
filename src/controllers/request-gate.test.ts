import { beforeEach, describe, expect, it } from 'vitest';
import { RECONCILE_REQUESTED_ANNOTATION } from '../api/group.ts';
import type { KubeObject } from '../kube/object.ts';
import { createRequestGate, type RequestGate } from './request-gate.ts';

let now: number;
let gate: RequestGate;

beforeEach(() => {
  now = 1_800_000_000_000;
  gate = createRequestGate(() => now);
});

function object(request?: string, { name = 'a', handled = '' } = {}): KubeObject {
  return {
    metadata: {
      name,
      namespace: 'team-a',
      uid: name,
      resourceVersion: '1',
      creationTimestamp: '',
      ...(request !== undefined && { annotations: { [RECONCILE_REQUESTED_ANNOTATION]: request } }),
    },
    status: { lastHandledReconcileAt: handled },
  };
}

/** Asks with a different value each time, and gives what became of it. */
function ask(times: number): number[] {
  return Array.from({ length: times }, (_, index) => {
    const admission = gate.admit(object(), `${now} ${index}`);
    return 'waitMs' in admission ? admission.waitMs : 0;
  });
}

describe('of one object', () => {
  it('a few are acted on at once, then one every ten seconds', () => {
    expect(ask(7)).toEqual([0, 0, 0, 0, 0, 10_000, 10_000]);
    now += 9_999;
    expect(ask(1)).toEqual([1]);
    now += 1;
    expect(ask(2)).toEqual([0, 10_000]);
  });

  it('one that was admitted stays so, and counts once', () => {
    for (let pass = 0; pass < 20; pass++)
      expect(gate.admit(object(), 'same')).toEqual({ requestedAtMs: now });
    expect(ask(5)).toEqual([0, 0, 0, 0, 10_000]);
  });

  it('after a while without, there is a burst again and no more', () => {
    ask(5);
    now += 3_600_000;
    expect(ask(6)).toEqual([0, 0, 0, 0, 0, 10_000]);
  });

  it('a clock that was set back holds nothing up for longer than usual', () => {
    ask(5);
    now -= 3_600_000;
    expect(ask(1)).toEqual([10_000]);
  });

  it('the others have their own', () => {
    ask(6);
    expect(gate.admit(object(undefined, { name: 'b' }), 'x')).toEqual({ requestedAtMs: now });
  });
});

describe('what is noticed', () => {
  it('has asked since then, not since its pass', () => {
    const asking = object('x');
    const noticedMs = now;
    expect(gate.notice(asking)).toBe(0);
    now += 5_000;
    expect(gate.notice(asking)).toBe(0);
    expect(gate.admit(asking, 'x')).toEqual({ requestedAtMs: noticedMs });
  });

  it('says how long it has to wait', () => {
    ask(5);
    now += 4_000;
    expect(gate.notice(object('x'))).toBe(6_000);
  });

  it('is nothing for an object that does not ask, or whose request was handled', () => {
    ask(5);
    expect(gate.notice(object())).toBe(0);
    expect(gate.notice(object('x', { handled: 'x' }))).toBe(0);
  });

  it('a status of another shape does not matter', () => {
    expect(gate.notice({ ...object('x'), status: { lastHandledReconcileAt: 5 } })).toBe(0);
    expect(gate.notice({ ...object('x'), status: 'none' })).toBe(0);
  });
});
