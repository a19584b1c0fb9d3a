import { beforeEach, describe, expect, it } from 'vitest';
import type { Registration } from '../api/v1alpha1/git-integration-status.ts';
import type { ConfirmedWrite } from '../domain/registration-plan.ts';
import type { KubeObject } from '../kube/object.ts';
import { createStore } from '../kube/store.ts';
import { createMemory, type Memory, readCurrent } from './memory.ts';

const cached = (resourceVersion: string) => ({
  metadata: {
    name: 'a',
    namespace: 'n',
    uid: 'u',
    resourceVersion,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
});

describe('versions', () => {
  it.each([
    ['nothing was written', [], '1', false],
    ['the cache is behind the write', [['1', '2']], '1', true],
    ['the cache shows the write', [['1', '2']], '2', false],
    ['another client wrote after us', [['1', '2']], '3', false],
    [
      'the cache shows the first of two',
      [
        ['1', '2'],
        ['2', '3'],
      ],
      '2',
      true,
    ],
    ['the write changed nothing', [['1', '1']], '1', false],
  ] as const)('%s', (_, writes, version, expected) => {
    const memory = createMemory(createStore(), () => 0);
    for (const [before, after] of writes) memory.replacedVersion('n/a', before, after);
    expect(memory.isBehind(cached(version))).toBe(expected);
  });

  it('keeps objects apart, and forgets what is gone from the cache', () => {
    const memory = createMemory(createStore(), () => 0);
    memory.replacedVersion('n/b', '1', '2');
    expect(memory.isBehind(cached('1'))).toBe(false);
    memory.replacedVersion('n/a', '1', '2');
    memory.goneFromCache('n/a');
    expect(memory.isBehind(cached('1'))).toBe(false);
  });
});

describe('readCurrent', () => {
  const things = { group: 'test.io', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };

  it.each([
    { name: 'the cache, which shows our write', held: '2', stored: undefined, read: '2' },
    { name: 'the API server, while the cache is behind', held: '1', stored: '2', read: '2' },
    { name: 'nothing that is gone since', held: '1', stored: undefined, read: undefined },
    { name: 'nothing that the cache does not hold', held: undefined, stored: '2', read: undefined },
  ])('returns $name', async ({ held, stored, read }) => {
    const store = createStore();
    if (held) store.replace([cached(held)]);
    const memory = createMemory(createStore(), () => 0);
    memory.replacedVersion('n/a', '1', '2');
    const get = async (): Promise<KubeObject | undefined> => (stored ? cached(stored) : undefined);
    const current = await readCurrent(
      things,
      'n/a',
      { kube: { get }, store, memory },
      new AbortController().signal,
    );
    expect(current?.metadata.resourceVersion).toBe(read);
  });
});

const confirmed = { digest: 'd', adopted: false };

describe('the last change', () => {
  let nowMs: number;
  let memory: Memory;

  beforeEach(() => {
    nowMs = 0;
    memory = createMemory(createStore(), () => nowMs);
  });

  const wrote = (key: string, more: { confirmed?: ConfirmedWrite; requestedAt?: string } = { confirmed }) =>
    memory.rowsChanged(key, { kind: 'written', connectionUID: 'uid', atMs: nowMs, ...more });

  it('is known for the connection that it went through', () => {
    wrote('a');
    expect(memory.lastChange('a', 'uid')).toMatchObject({ atMs: 0, confirmed });
    expect(memory.lastChange('a', 'another')).toBeUndefined();
    expect(memory.lastChange('b', 'uid')).toBeUndefined();
  });

  it('has the request that the write was made for, until the status records it', () => {
    wrote('a', { confirmed, requestedAt: 'now' });
    expect(memory.handledRequest('a')).toBe('now');
    memory.statusWritten('a', undefined);
    expect(memory.handledRequest('a')).toBeUndefined();
  });

  it('counts what is confirmed and not recorded, each object once', () => {
    wrote('a');
    wrote('a');
    wrote('b', {});
    expect(memory.unrecordedWrites).toBe(1);
    memory.forgetChange('a');
    memory.forgetChange('b');
    expect(memory.unrecordedWrites).toBe(0);
  });

  it('is kept for no longer than listings are in use', () => {
    wrote('a');
    nowMs = 10 * 60_000;
    wrote('b');
    expect(memory.lastChange('a', 'uid')).toBeUndefined();
    expect(memory.unrecordedWrites).toBe(1);
  });
});

const object = (name: string, uid = `uid-of-${name}`): KubeObject => ({
  metadata: {
    name,
    namespace: 'team-a',
    uid,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
});
const acme = object('acme');
const key = 'team-a/acme';
const write = { connectionUID: 'connection', server: 'server', claim: 'name' };

describe('claims', () => {
  it('give a name to the object that is written for until its finalizer is removed', () => {
    const memory = createMemory(createStore(), () => 0);
    memory.finalizerAdded(acme);
    memory.beginWrite(key, write);
    expect(memory.writersUnder('name')).toEqual([acme]);
    expect([...memory.claimsOf(acme)]).toEqual(['name']);
    expect([...memory.connectionsOf(acme)]).toEqual(['connection']);
    expect(memory.writersThrough('connection')).toEqual([acme]);
    memory.finalizerRemoved(key);
    expect([memory.writersUnder('name'), memory.writersThrough('connection')]).toEqual([[], []]);
  });

  it('lose a refused write, unless an earlier one may have been carried out', () => {
    const memory = createMemory(createStore(), () => 0);
    memory.finalizerAdded(acme);
    memory.beginWrite(key, write)();
    expect(memory.writersUnder('name')).toEqual([]);
    memory.beginWrite(key, write);
    memory.beginWrite(key, write)();
    expect(memory.writersUnder('name')).toEqual([acme]);
  });

  it('keep a name that was written through two connections until both are taken back', () => {
    const memory = createMemory(createStore(), () => 0);
    memory.finalizerAdded(acme);
    const first = memory.beginWrite(key, write);
    const second = memory.beginWrite(key, { ...write, connectionUID: 'other' });
    first();
    expect(memory.writersUnder('name')).toEqual([acme]);
    second();
    expect(memory.writersUnder('name')).toEqual([]);
  });

  it('have what was written elsewhere, until that is left', () => {
    const memory = createMemory(createStore(), () => 0);
    memory.finalizerAdded(acme);
    const here = { connectionUID: 'connection', server: 'server' };
    const moved = { ...write, connectionUID: 'other', claim: 'name there' };
    const sameConnection = { ...write, server: 'another server', claim: 'name on it' };
    for (const each of [write, moved, sameConnection]) memory.beginWrite(key, each);
    expect(memory.writesElsewhere(acme, here)).toEqual([moved, sameConnection]);
    expect(memory.writesElsewhere(object('acme', 'another'), here)).toEqual([]);
    memory.writeLeft(key, moved);
    expect(memory.writesElsewhere(acme, here)).toEqual([sameConnection]);
    expect(memory.writersUnder('name there')).toEqual([]);
    expect(memory.writersUnder('name')).toEqual([acme]);
  });

  it('are not those of an object of the same name that came later', () => {
    const memory = createMemory(createStore(), () => 0);
    memory.finalizerAdded(acme);
    memory.beginWrite(key, write);
    const recreated = object('acme', 'another');
    expect([...memory.claimsOf(recreated)]).toEqual([]);
    expect(memory.unrecordedOther(key, 'another')).toBe(acme);
    expect(memory.unrecordedOther(key, acme.metadata.uid)).toBeUndefined();
    memory.finalizerAdded(recreated);
    expect(memory.writersUnder('name')).toEqual([]);
  });

  it('last until the cache shows the status that records them', () => {
    const cache = createStore();
    cache.put(acme);
    const memory = createMemory(cache, () => 0);
    memory.finalizerAdded(acme);
    memory.beginWrite(key, write);
    const registration: Registration = {
      id: 'row',
      project: 'demo',
      alias: 'acme',
      scope: 'Project',
      connectionUID: 'connection',
      server: 'https://codemie.example.com/api/',
      origin: 'Created',
      signature: 'hmac-sha256:0123456789abcdef',
    };
    memory.statusWritten(key, registration);
    expect(memory.writersUnder('name')).toEqual([acme]);
    expect(memory.writersThrough('connection')).toEqual([acme]);
    expect(memory.recordedHolders('codemie.example.com:/api', 'row')).toEqual([acme.metadata.uid]);
    cache.put({ ...acme, metadata: { ...acme.metadata, resourceVersion: '2' }, status: { registration } });
    expect(memory.writersUnder('name')).toEqual([]);
    expect(memory.recordedHolders('codemie.example.com:/api', 'row')).toEqual([]);
  });

  it('are no reason to clean up after an object whose status was written', () => {
    const memory = createMemory(createStore(), () => 0);
    memory.finalizerAdded(acme);
    memory.beginWrite(key, write);
    memory.statusWritten(key, {
      id: 'row',
      project: 'demo',
      alias: 'acme',
      scope: 'Project',
      connectionUID: 'connection',
      server: 'https://codemie.example.com',
      origin: 'Created',
    });
    expect(memory.unrecordedOther(key, undefined)).toBeUndefined();
    expect(memory.writersUnder('name')).toEqual([]);
  });
});

describe('one event ends one part', () => {
  const place = { connectionUID: 'connection' };
  const registration: Registration = {
    id: 'row',
    project: 'demo',
    alias: 'acme',
    scope: 'Project',
    ...place,
    server: 'https://codemie.example.com',
    origin: 'Created',
    signature: 'hmac-sha256:0123456789abcdef',
  };
  const parts = (memory: Memory) => ({
    versions: memory.isBehind(acme),
    change: memory.lastChange(key, 'connection') !== undefined,
    claims: memory.writersUnder('name').length > 0,
  });

  it.each<{ name: string; event: (memory: Memory) => void; left: Partial<ReturnType<typeof parts>> }>([
    { name: 'nothing', event: () => {}, left: { versions: true, change: true, claims: true } },
    {
      name: 'the cache has no such object any more',
      event: (memory) => memory.goneFromCache(key),
      left: { change: true, claims: true },
    },
    {
      name: 'the next reconcile takes CodeMie as it is',
      event: (memory) => memory.forgetChange(key),
      left: { versions: true, claims: true },
    },
    {
      name: 'the status is written, and the cache does not show it',
      event: (memory) => memory.statusWritten(key, registration),
      left: { versions: true, claims: true },
    },
    {
      name: 'the finalizer is removed: an object created next must not see old rows',
      event: (memory) => memory.finalizerRemoved(key),
      left: { versions: true, change: true },
    },
    { name: 'another process works on it', event: (memory) => memory.forget(key), left: {} },
  ])('$name', ({ event, left }) => {
    const memory = createMemory(createStore(), () => 0);
    memory.replacedVersion(key, '1', '2');
    memory.finalizerAdded(acme);
    memory.beginWrite(key, write);
    memory.rowsChanged(key, { kind: 'written', ...place, atMs: 0, confirmed });
    event(memory);
    expect(parts(memory)).toEqual({ versions: false, change: false, claims: false, ...left });
  });
});
