import { describe, expect, it } from 'vitest';
import { missedTicks } from '../../test/harness/hostile/longest-block.ts';
import { bounds } from '../lib/bounds.ts';
import type { Resource } from './object.ts';
import { type Slimming, slimText } from './slim.ts';
import { parseEvent, parseObject, parsePage } from './wire.ts';

const projection = { labels: ['shard'], annotations: ['asked'], finalizers: ['own'] };

function slim(object: object, slimming: Slimming): unknown {
  const bytes = Buffer.from(JSON.stringify(object));
  return JSON.parse(slimText(bytes, { start: 0, end: bytes.length }, slimming));
}

const identity = { name: 'a', namespace: 'b', uid: 'u', resourceVersion: '1', creationTimestamp: 't' };

describe('slimText', () => {
  it.each<{ name: string; object: object; slimming: Slimming; left: object }>([
    {
      name: 'all but managedFields, for what is written back',
      object: { metadata: { ...identity, labels: { a: 'b' }, managedFields: [{ f: {} }] }, spec: { x: 1 } },
      slimming: {},
      left: { metadata: { ...identity, labels: { a: 'b' } }, spec: { x: 1 } },
    },
    {
      name: 'the metadata alone',
      object: { apiVersion: 'v1', metadata: identity, data: { x: 'y' } },
      slimming: { metadataOnly: true },
      left: { metadata: identity },
    },
    {
      name: 'labels, annotations and finalizers that are read',
      object: {
        metadata: {
          ...identity,
          generation: 3,
          deletionTimestamp: 'd',
          labels: { shard: 'a', constructor: 'x', other: 'b' },
          annotations: { asked: 'now', other: 'z'.repeat(9_000) },
          finalizers: ['other', 'own'],
          ownerReferences: [{}],
          managedFields: [{}],
        },
        spec: {},
      },
      slimming: { projection },
      left: {
        metadata: {
          ...identity,
          generation: 3,
          deletionTimestamp: 'd',
          labels: { shard: 'a' },
          annotations: { asked: 'now' },
          finalizers: ['other', 'own'],
        },
        spec: {},
      },
    },
    {
      name: 'all labels where any may be asked for',
      object: { metadata: { ...identity, labels: { a: 'b' }, annotations: { c: 'd' } } },
      slimming: { projection: { annotations: [], finalizers: [] } },
      left: { metadata: { ...identity, labels: { a: 'b' }, annotations: {} } },
    },
    {
      name: 'the beginning of a long annotation',
      object: { metadata: { ...identity, annotations: { asked: '"é'.repeat(50_000) } } },
      slimming: { projection },
      left: { metadata: { ...identity, annotations: { asked: '"é'.repeat(128) } } },
    },
    {
      name: 'one entry of data',
      object: {
        metadata: identity,
        data: { token: 'x', other: 'y' },
        binaryData: { z: 'z' },
        type: 'Opaque',
      },
      slimming: { dataKey: 'token' },
      left: { metadata: identity, data: { token: 'x', other: '' }, binaryData: { z: '' }, type: 'Opaque' },
    },
    {
      name: 'no entry of data that is not there, whatever it is called',
      object: { metadata: identity, data: { token: 'x' } },
      slimming: { dataKey: '__proto__' },
      left: { metadata: identity, data: { token: '' } },
    },
  ])('keeps $name', ({ object, slimming, left }) => {
    expect(slim(object, slimming)).toEqual(left);
  });

  it('never makes a list of finalizers look empty, and keeps our own of any number', () => {
    const finalizers = [...Array.from({ length: 500 }, (_, index) => `f${index}`), 'own'];
    const left = slim({ metadata: { ...identity, finalizers } }, { projection });
    const expected = [...finalizers.slice(0, bounds.objectMetadata.finalizers), 'own'];
    expect(left).toEqual({ metadata: { ...identity, finalizers: expected } });
  });
});

describe('objects as large as the API server takes them', () => {
  const resource: Resource = { group: '', version: 'v1', plural: 'x', kind: 'X', namespaced: true };
  const expected = { what: 'list x', resource, projection };
  const megabytes = 1.5 * 1024 * 1024;
  const entries = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, '']));
  const labels = entries(megabytes / 12);
  const managedFields = [{ manager: 'x', fieldsV1: { 'f:metadata': { 'f:labels': entries(50_000) } } }];
  const objects = [
    { name: 'labels', object: { metadata: { ...identity, labels } } },
    { name: 'managed fields', object: { metadata: { ...identity, managedFields } } },
    {
      name: 'finalizers',
      object: { metadata: { ...identity, finalizers: Array.from({ length: 100_000 }, (_, i) => `f${i}`) } },
    },
    {
      name: 'a long annotation',
      object: { metadata: { ...identity, annotations: { asked: '\u0001'.repeat(250_000) } } },
    },
  ];

  it.each(objects)('full of $name: no block', async ({ object }) => {
    const bytes = Buffer.from(JSON.stringify(object));
    const line = Buffer.from(JSON.stringify({ type: 'MODIFIED', object }));
    expect(await missedTicks(() => parseObject(bytes, expected))).toBe(0);
    expect(await missedTicks(() => parseEvent(line, expected))).toBe(0);
    const items = Array.from(
      { length: Math.floor(bounds.kubeListPage.maxBytes / bytes.length) },
      () => object,
    );
    const page = Buffer.from(JSON.stringify({ metadata: { resourceVersion: '1' }, items }));
    expect(await missedTicks(() => parsePage(page, expected))).toBe(0);
  });

  it('full of data: one entry is read without a block', async () => {
    const object = { metadata: identity, data: { ...entries(megabytes / 12), token: 'x' } };
    const bytes = Buffer.from(JSON.stringify(object));
    const read = () => parseObject(bytes, { ...expected, dataKey: 'token' });
    expect(read()['data']).toMatchObject({ token: 'x' });
    expect(Object.keys(Object(read()['data']))).toHaveLength(bounds.objectMetadata.dataNames + 1);
    expect(await missedTicks(read)).toBe(0);
  });
});
