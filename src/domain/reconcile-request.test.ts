import { describe, expect, it } from 'vitest';
import { type HandledRequests, reconcileRequests } from './reconcile-request.ts';

const own = (value: string) => ({ 'codemie.ai/reconcile-requested-at': value });
const flux = (value: string) => ({ 'reconcile.fluxcd.io/requestedAt': value });
const handled = (last?: string, other?: string): HandledRequests => ({
  ...(last !== undefined && { lastHandledReconcileAt: last }),
  ...(other !== undefined && { otherHandledReconcileAt: other }),
});

describe('reconcileRequests', () => {
  it.each<[string, Record<string, string> | undefined, HandledRequests, boolean, HandledRequests]>([
    ['nobody asks', undefined, {}, false, {}],
    ['ours is new', own('1'), {}, true, handled('1')],
    ["Flux's is new", flux('1'), {}, true, handled('1')],
    ['it was handled', own('1'), handled('1'), false, handled('1')],
    ['it has another value', own('2'), handled('1'), true, handled('2')],
    ['it was taken away', {}, handled('1'), false, handled('1')],
    ['both are new', { ...own('1'), ...flux('2') }, {}, true, handled('1', '2')],
    ['both were handled', { ...own('1'), ...flux('2') }, handled('1', '2'), false, handled('1', '2')],
    ['Flux asks too', { ...own('1'), ...flux('2') }, handled('1'), true, handled('2', '1')],
    [
      'both were handled, the other way',
      { ...own('1'), ...flux('2') },
      handled('2', '1'),
      false,
      handled('2', '1'),
    ],
    ['ours asks again', { ...own('3'), ...flux('2') }, handled('2', '1'), true, handled('3', '2')],
    ['both say the same', { ...own('1'), ...flux('1') }, {}, true, handled('1')],
    ['the last one was taken away', own('1'), handled('2', '1'), false, handled('2', '1')],
    ['the value is too long', own('x'.repeat(300)), {}, true, handled('x'.repeat(253))],
    [
      'the long value was handled',
      own('x'.repeat(300)),
      handled('x'.repeat(253)),
      false,
      handled('x'.repeat(253)),
    ],
  ])('%s', (_name, annotations, before, isNew, after) => {
    const fresh = isNew ? after.lastHandledReconcileAt : undefined;
    expect(reconcileRequests(annotations, before)).toEqual({ fresh, handled: after });
  });
});
