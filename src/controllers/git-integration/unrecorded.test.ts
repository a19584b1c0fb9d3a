import { describe, expect, it } from 'vitest';
import type { Registration } from '../../api/v1alpha1/git-integration-status.ts';
import type { KubeObject } from '../../kube/object.ts';
import { createStore } from '../../kube/store.ts';
import { createUnrecorded } from './unrecorded.ts';

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
const write = { connectionUID: 'connection', claim: 'name' };

describe('createUnrecorded', () => {
  it('gives a name to the object that is written for until the status says so', () => {
    const unrecorded = createUnrecorded(createStore());
    unrecorded.note(acme);
    unrecorded.begin(key, write);
    expect(unrecorded.writing('name')).toEqual([acme]);
    expect([...unrecorded.claims(acme)]).toEqual(['name']);
    expect([...unrecorded.connections(acme)]).toEqual(['connection']);
    expect(unrecorded.through('connection')).toEqual([acme]);
    unrecorded.forget(key);
    expect([unrecorded.writing('name'), unrecorded.through('connection')]).toEqual([[], []]);
  });

  it('takes a refused write back, unless an earlier one may have been carried out', () => {
    const unrecorded = createUnrecorded(createStore());
    unrecorded.note(acme);
    unrecorded.begin(key, write)();
    expect(unrecorded.writing('name')).toEqual([]);
    unrecorded.begin(key, write);
    unrecorded.begin(key, write)();
    expect(unrecorded.writing('name')).toEqual([acme]);
  });

  it('keeps a name that was written through two connections until both are taken back', () => {
    const unrecorded = createUnrecorded(createStore());
    unrecorded.note(acme);
    const first = unrecorded.begin(key, write);
    const second = unrecorded.begin(key, { ...write, connectionUID: 'other' });
    first();
    expect(unrecorded.writing('name')).toEqual([acme]);
    second();
    expect(unrecorded.writing('name')).toEqual([]);
  });

  it('knows nothing of an object of the same name that came later', () => {
    const unrecorded = createUnrecorded(createStore());
    unrecorded.note(acme);
    unrecorded.begin(key, write);
    const later = object('acme', 'another');
    expect([...unrecorded.claims(later)]).toEqual([]);
    expect(unrecorded.other(key, 'another')).toBe(acme);
    expect(unrecorded.other(key, acme.metadata.uid)).toBeUndefined();
    unrecorded.note(later);
    expect(unrecorded.writing('name')).toEqual([]);
  });

  it('keeps what is recorded until the cache shows it', () => {
    const cache = createStore();
    cache.put(acme);
    const unrecorded = createUnrecorded(cache);
    unrecorded.note(acme);
    unrecorded.begin(key, write);
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
    unrecorded.recorded(key, registration);
    expect(unrecorded.writing('name')).toEqual([acme]);
    expect(unrecorded.through('connection')).toEqual([acme]);
    expect(unrecorded.holders('codemie.example.com:/api', 'row')).toEqual([acme.metadata.uid]);
    cache.put({ ...acme, metadata: { ...acme.metadata, resourceVersion: '2' }, status: { registration } });
    expect(unrecorded.writing('name')).toEqual([]);
    expect(unrecorded.holders('codemie.example.com:/api', 'row')).toEqual([]);
  });

  it('does not clean up after an object whose status was written', () => {
    const unrecorded = createUnrecorded(createStore());
    unrecorded.note(acme);
    unrecorded.begin(key, write);
    unrecorded.recorded(key, {
      id: 'row',
      project: 'demo',
      alias: 'acme',
      scope: 'Project',
      connectionUID: 'connection',
      server: 'https://codemie.example.com',
      origin: 'Created',
    });
    expect(unrecorded.other(key, undefined)).toBeUndefined();
    expect(unrecorded.writing('name')).toEqual([]);
  });
});
