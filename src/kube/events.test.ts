import { beforeEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../test/harness/manual-clock.ts';
import type { JsonPatchOp, NewObject } from './client.ts';
import { KubeStatusError, KubeTransportError } from './errors.ts';
import { createEventRecorder, type EventDetails, type EventRecorder } from './events.ts';
import { silentLog } from './log.ts';
import type { KubeObject, Resource } from './object.ts';

const started = Date.parse('2026-01-01T00:00:00Z');
const signal = new AbortController().signal;
const news: EventDetails = {
  type: 'Warning',
  reason: 'Expired',
  action: 'Validate',
  note: 'The token expired.',
};

let clock: ManualClock;
let created: NewObject[];
let patched: { key: string; operations: JsonPatchOp[] }[];
let failures: (number | Error)[];
let dropped: number;
let isBusy: boolean;
let recorder: EventRecorder;

beforeEach(() => {
  clock = createManualClock();
  created = [];
  patched = [];
  failures = [];
  dropped = 0;
  isBusy = false;
  const answer = (): Promise<KubeObject> => {
    const failure = failures.shift();
    if (failure instanceof Error) return Promise.reject(failure);
    if (failure !== undefined) return Promise.reject(status(failure));
    return Promise.resolve(object('event'));
  };
  recorder = createEventRecorder({
    client: {
      create: (_: Resource, event: NewObject) => {
        created.push(event);
        return answer();
      },
      patchJson: (_: Resource, key: string, operations: JsonPatchOp[]) => {
        patched.push({ key, operations });
        return answer();
      },
    },
    component: 'codemie.ai/git-operator',
    instance: 'pod-1',
    log: silentLog,
    busy: () => isBusy,
    now: () => started + clock.now(),
    metrics: { dropped: () => dropped++ },
    clock,
  });
});

function status(code: number, reason = ''): KubeStatusError {
  return new KubeStatusError('write', { code, reason });
}

function object(name: string, namespace?: string): KubeObject {
  const metadata = { name, uid: `uid-${name}`, resourceVersion: '3', creationTimestamp: '' };
  return {
    apiVersion: 'codemie.ai/v1alpha1',
    kind: 'GitIntegration',
    metadata: namespace === undefined ? metadata : { ...metadata, namespace },
  };
}

describe('many events at once', () => {
  it('go out evenly after the first few, and all at once when no time is left', async () => {
    for (let index = 0; index < 200; index++) recorder.record(object(`a${index}`, 'ns'), news);
    await clock.advance(0);
    expect(created.length).toBeLessThan(40);
    const before = created.length;
    await clock.advance(1000);
    expect(created.length - before).toBe(50);
    await recorder.flush(signal);
    expect(created).toHaveLength(200);
  });

  it('go out slowly while there is work that waits', async () => {
    isBusy = true;
    for (let index = 0; index < 200; index++) recorder.record(object(`a${index}`, 'ns'), news);
    await clock.advance(2000);
    const before = created.length;
    await clock.advance(2000);
    expect(created.length - before).toBe(10);
    isBusy = false;
    await clock.advance(2000);
    expect(created.length - before).toBeGreaterThan(50);
    await recorder.flush(signal);
  });
});

describe('an event', () => {
  it('has all that the API demands', async () => {
    recorder.record(object('a', 'team-a'), news);
    await recorder.flush(signal);
    expect(created).toEqual([
      {
        metadata: { name: expect.stringMatching(/^a\.[0-9a-f]+$/), namespace: 'team-a' },
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'codemie.ai/git-operator',
        reportingInstance: 'pod-1',
        type: 'Warning',
        reason: 'Expired',
        action: 'Validate',
        note: 'The token expired.',
        regarding: {
          apiVersion: 'codemie.ai/v1alpha1',
          kind: 'GitIntegration',
          namespace: 'team-a',
          name: 'a',
          uid: 'uid-a',
          resourceVersion: '3',
        },
      },
    ]);
  });

  it('of a cluster-scoped object goes to namespace default', async () => {
    recorder.record(object('a'), news);
    await recorder.flush(signal);
    expect(created[0]?.metadata.namespace).toBe('default');
    expect(created[0]?.['regarding']).not.toHaveProperty('namespace');
  });

  it('has a note of 1 KiB at most, cut between characters', async () => {
    recorder.record(object('a', 'ns'), { ...news, note: '🐎'.repeat(1000) });
    await recorder.flush(signal);
    const note = String(created[0]?.['note']);
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(note).toMatch(/^(🐎)+…$/u);
  });

  it('has a name of 253 characters at most', async () => {
    recorder.record(object('n'.repeat(253), 'ns'), news);
    await recorder.flush(signal);
    expect(created[0]?.metadata.name.length).toBeLessThanOrEqual(253);
  });
});

describe('the same news again', () => {
  it('is counted, and the count is written once a minute', async () => {
    for (let i = 0; i < 5; i++) recorder.record(object('a', 'ns'), news);
    await clock.advance(59_999);
    for (let i = 0; i < 5; i++) recorder.record(object('a', 'ns'), news);
    await clock.advance(1);
    recorder.record(object('a', 'ns'), news);
    await recorder.flush(signal);
    expect(created).toHaveLength(1);
    expect(patched.map(({ operations }) => operations)).toEqual([
      [{ op: 'add', path: '/series', value: { count: 11, lastObservedTime: '2026-01-01T00:01:00.000000Z' } }],
    ]);
    expect(patched[0]?.key).toBe(`ns/${created[0]?.metadata.name}`);
  });

  it('is written at the end, when it was counted but not yet written', async () => {
    recorder.record(object('a', 'ns'), news);
    await clock.advance(1000);
    recorder.record(object('a', 'ns'), news);
    await Promise.all([recorder.flush(signal), recorder.flush(signal)]);
    expect(patched).toHaveLength(1);
    await recorder.flush(signal);
    expect(patched).toHaveLength(1);
  });

  it.each([
    { name: 'after more than ten minutes of silence', again: news, afterMs: 600_001, name2: 'a' },
    { name: 'of another object', again: news, afterMs: 0, name2: 'b' },
    { name: 'with another reason', again: { ...news, reason: 'Revoked' }, afterMs: 0, name2: 'a' },
    { name: 'with another note', again: { ...news, note: 'Other.' }, afterMs: 0, name2: 'a' },
  ])('$name is a new event', async ({ again, afterMs, name2 }) => {
    recorder.record(object('a', 'ns'), news);
    await clock.advance(afterMs);
    recorder.record(object(name2, 'ns'), again);
    await recorder.flush(signal);
    expect(created).toHaveLength(2);
    expect(new Set(created.map(({ metadata }) => metadata.name)).size).toBe(2);
  });

  it('is a new event when the server forgot the first', async () => {
    recorder.record(object('a', 'ns'), news);
    await clock.advance(60_000);
    failures = [404];
    recorder.record(object('a', 'ns'), news);
    await recorder.flush(signal);
    recorder.record(object('a', 'ns'), news);
    await recorder.flush(signal);
    expect(created).toHaveLength(2);
  });
});

describe('when the API server fails', () => {
  it('an event is tried three times, then dropped and counted', async () => {
    failures = [500, 500, 500];
    recorder.record(object('a', 'ns'), news);
    await clock.advance(10_000);
    expect(created).toHaveLength(3);
    expect(dropped).toBe(1);
  });

  it.each([
    { name: 'are forbidden', failure: status(403, 'Forbidden') },
    { name: 'belongs into a namespace that is gone', failure: status(404, 'NotFound') },
    { name: 'breaks a rule', failure: status(422, 'Invalid') },
    { name: 'comes after the lease', failure: new KubeTransportError('create events', 'Fenced') },
  ])('an event that $name is dropped at once, and holds up nothing', async ({ failure }) => {
    failures = [failure];
    recorder.record(object('a', 'ns'), news);
    recorder.record(object('b', 'ns'), news);
    await recorder.flush(signal);
    expect(created.map(({ metadata }) => metadata.name[0])).toEqual(['a', 'b']);
    expect(dropped).toBe(1);
    expect(clock.timers).toBe(0);
  });

  it('an event whose answer was lost is not made twice', async () => {
    failures = [new KubeTransportError('create events', 'Reset'), status(409, 'AlreadyExists')];
    recorder.record(object('a', 'ns'), news);
    await clock.advance(1000);
    await recorder.flush(signal);
    expect(new Set(created.map(({ metadata }) => metadata.name)).size).toBe(1);
    expect(dropped).toBe(0);
    recorder.record(object('a', 'ns'), news);
    await recorder.flush(signal);
    expect(patched[0]?.operations).toMatchObject([{ value: { count: 2 } }]);
  });

  it('a burst beyond the bound is dropped, and record returns at once', async () => {
    for (let i = 0; i < 12_000; i++) recorder.record(object(`n${i}`, 'ns'), news);
    expect(dropped).toBeGreaterThan(1900);
    await recorder.flush(signal);
    expect(created.length + dropped).toBe(12_000);
  });

  it('flush ends with its signal', async () => {
    failures = [500];
    recorder.record(object('a', 'ns'), news);
    const abort = new AbortController();
    const flushed = recorder.flush(abort.signal);
    abort.abort();
    await expect(flushed).resolves.toBeUndefined();
  });
});

describe('namespaces', () => {
  const written = () => created.map(({ metadata }) => metadata.namespace);

  it('take turns: the news of one is not held up by that of another', async () => {
    for (let index = 0; index < 1_000; index++)
      recorder.record(object('noisy', 'a'), { ...news, note: `${index}` });
    recorder.record(object('quiet', 'b'), news);
    await clock.advance(0);
    expect(written().slice(0, 6)).toContain('b');
  });

  it('lose their own news when they have too much', async () => {
    recorder.record(object('quiet', 'b'), news);
    for (let index = 0; index < 15_000; index++)
      recorder.record(object('noisy', `a${index % 10}`), { ...news, note: `${index}` });
    recorder.record(object('late', 'c'), news);
    expect(dropped).toBeGreaterThan(4_900);
    await clock.advance(2_000);
    expect(written().slice(0, 20)).toEqual(expect.arrayContaining(['b', 'c']));
  });

  it('do not make the recorder forget the news of others', async () => {
    recorder.record(object('quiet', 'b'), news);
    for (let index = 0; index < 5_000; index++)
      recorder.record(object('noisy', `a${index % 10}`), { ...news, note: `${index}` });
    await clock.advance(300_000);
    recorder.record(object('quiet', 'b'), news);
    await clock.advance(300_000);
    expect(patched.map(({ key }) => key.split('/')[0])).toContain('b');
  });
});
