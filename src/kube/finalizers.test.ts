import { describe, expect, it } from 'vitest';
import type { JsonPatchOp } from './client.ts';
import { KubeStatusError } from './errors.ts';
import { addFinalizer, removeFinalizer } from './finalizers.ts';
import type { KubeObject, Resource } from './object.ts';

const widgets: Resource = {
  group: 'test.io',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
};
const signal = new AbortController().signal;
const ours = 'test.io/ours';

function widget(
  finalizers: string[] | undefined,
  fields: { uid?: string; deletionTimestamp?: string } = {},
): KubeObject {
  const given = finalizers === undefined ? {} : { finalizers };
  const metadata = { name: 'a', namespace: 'ns', uid: 'u', resourceVersion: '7', creationTimestamp: '' };
  return { metadata: { ...metadata, ...given, ...fields } };
}

/** A server that holds one object, answers its first patches as given, and remembers them. */
function startServer(held: KubeObject | undefined, codes: number[] = []) {
  const patches: JsonPatchOp[][] = [];
  const client = {
    get: () => Promise.resolve(held),
    patchJson: (_: Resource, __: string, operations: JsonPatchOp[]) => {
      patches.push(operations);
      const code = held === undefined ? 404 : codes.shift();
      if (code !== undefined) return Promise.reject(new KubeStatusError('patch', { code, reason: '' }));
      return Promise.resolve(widget(['patched']));
    },
  };
  return { client, patches };
}

const sameObject = { op: 'test', path: '/metadata/uid', value: 'u' };

describe('the patch', () => {
  it.each<{ name: string; change: typeof addFinalizer; before: KubeObject; want: object[] }>([
    {
      name: 'add makes the list when there is none, if nothing changed',
      change: addFinalizer,
      before: widget(undefined),
      want: [
        sameObject,
        { op: 'test', path: '/metadata/resourceVersion', value: '7' },
        { op: 'add', path: '/metadata/finalizers', value: [ours] },
      ],
    },
    {
      name: 'add appends to the list it knows',
      change: addFinalizer,
      before: widget(['theirs']),
      want: [
        sameObject,
        { op: 'test', path: '/metadata/finalizers', value: ['theirs'] },
        { op: 'add', path: '/metadata/finalizers/-', value: ours },
      ],
    },
    {
      name: 'remove takes out its own',
      change: removeFinalizer,
      before: widget(['theirs', ours], { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      want: [
        sameObject,
        { op: 'test', path: '/metadata/finalizers', value: ['theirs', ours] },
        { op: 'remove', path: '/metadata/finalizers/1' },
      ],
    },
  ])('$name', async ({ change, before, want }) => {
    const { client, patches } = startServer(before);
    await change(client, widgets, before, ours, signal);
    expect(patches).toEqual([want]);
  });
});

describe('nothing is written', () => {
  it.each([
    { name: 'add when it is there', change: addFinalizer, before: widget([ours]), gone: false },
    {
      name: 'add when the object is being deleted',
      change: addFinalizer,
      before: widget([], { deletionTimestamp: 'x' }),
      gone: true,
    },
    { name: 'remove when it is not there', change: removeFinalizer, before: widget(['theirs']), gone: false },
  ])('$name', async ({ change, before, gone }) => {
    const { client, patches } = startServer(before);
    expect(await change(client, widgets, before, ours, signal)).toBe(gone ? undefined : before);
    expect(patches).toEqual([]);
  });
});

describe('when the copy was old', () => {
  it('the patch is made again from what the server has', async () => {
    const { client, patches } = startServer(widget(['theirs']), [422]);
    await addFinalizer(client, widgets, widget(undefined), ours, signal);
    expect(patches[1]?.[1]).toEqual({ op: 'test', path: '/metadata/finalizers', value: ['theirs'] });
  });

  it.each([
    { name: 'is gone', held: undefined },
    { name: 'was made again under its name', held: widget([ours], { uid: 'other' }) },
  ])('an object that $name is not touched', async ({ held }) => {
    const { client, patches } = startServer(held, [422]);
    expect(await removeFinalizer(client, widgets, widget([ours]), ours, signal)).toBeUndefined();
    expect(patches).toHaveLength(1);
  });

  it('it gives up after three tries, and at once for another failure', async () => {
    const busy = startServer(widget([]), [422, 422, 422]);
    await expect(addFinalizer(busy.client, widgets, widget([]), ours, signal)).rejects.toMatchObject({
      code: 422,
    });
    expect(busy.patches).toHaveLength(3);
    const forbidden = startServer(widget([]), [403]);
    await expect(addFinalizer(forbidden.client, widgets, widget([]), ours, signal)).rejects.toMatchObject({
      code: 403,
    });
    expect(forbidden.patches).toHaveLength(1);
  });
});
