import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Answer,
  answerStatus,
  answerStream,
  eventLine,
  type FakeApiServer,
  startFakeApiServer,
} from '../../test/harness/fake-api-server.ts';
import { createManualClock, type ManualClock, settle } from '../../test/harness/manual-clock.ts';
import type { KubeClient } from './client.ts';
import { createInformer, type Informer } from './informer.ts';
import { silentLog } from './log.ts';
import { type KubeObject, keyOf, type Resource } from './object.ts';
import { createKubeClient } from './rest-client.ts';

const widgets: Resource = {
  group: 'test.io',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: false,
};
const minuteMs = 60_000;

let clock: ManualClock;
let server: FakeApiServer;
let client: KubeClient;
let stop: AbortController;
let informer: Informer;
let running: Promise<void>;
let changes: string[];

beforeEach(async () => {
  clock = createManualClock();
  server = await startFakeApiServer({ path: '/apis/test.io/v1/widgets', clock });
  client = createKubeClient({ connection: server.connection, userAgent: 'test', clock });
  stop = new AbortController();
  changes = [];
  running = Promise.resolve();
});

afterEach(async () => {
  stop.abort();
  await running;
  await client.close();
  await server.close();
});

/** Runs an informer as the operator does, but with the worst luck in everything that goes by chance. */
function start(): void {
  const random = (): number => 0.999;
  informer = createInformer({ client, resource: widgets, log: silentLog, clock, random });
  informer.onChange(({ type, object }) => changes.push(`${type} ${object.metadata.uid}`));
  running = informer.run(stop.signal);
}

/**
 * Goes forward in small steps until the check holds, and returns how far: milliseconds of the manual clock, or Infinity
 * when the limit came first. Between two steps there are many turns of the event loop. Server and client share it, so
 * that bytes between them arrive however busy the machine is.
 */
async function passUntil(check: () => boolean, limitMs: number): Promise<number> {
  for (let passedMs = 0; passedMs <= limitMs; passedMs += 100) {
    for (let turn = 0; turn < 20; turn++) await settle();
    if (check()) return passedMs;
    await clock.advance(100);
  }
  return Number.POSITIVE_INFINITY;
}

const pass = (ms: number): Promise<number> => passUntil(() => false, ms);

/** All that a fault may hide: a new object, a change, a deletion, and another object under a known name. */
function change(): void {
  server.put('added', { uid: 'added-1', spec: 'žluťoučký kůň 🐎' });
  server.put('changed', { spec: 2 });
  server.remove('deleted');
  server.remove('again');
  server.put('again', { uid: 'again-2' });
}

const contentOf = (objects: Iterable<KubeObject>): string[] =>
  [...objects].map((object) => JSON.stringify([keyOf(object), object['spec'], object.metadata])).toSorted();

/** What a client that starts now would have. */
async function freshList(): Promise<string[]> {
  const listed = client.list(widgets, { signal: stop.signal });
  return contentOf((await listed).items);
}

const lists = (): number => server.requests.filter(({ type }) => type === 'list').length;

/** Resets all connections and lets things happen before they can be made again. */
async function whileDown(work: () => void): Promise<void> {
  await server.stop();
  work();
  await server.start();
}

/** The next watch is answered like this; the one that was open is reset, and misses the changes. */
const nextWatch = (answer: Answer) => (): Promise<void> =>
  whileDown(() => {
    change();
    server.next('watch', answer);
  });

/** All requests are answered like this for a minute, after a reset. */
const forAMinute = (answer: Answer) => async (): Promise<void> => {
  await whileDown(change);
  for (const type of ['list', 'watch'] as const) server.always(type, answer);
  await pass(minuteMs);
  for (const type of ['list', 'watch'] as const) server.always(type, undefined);
};

/** The changes since the watch's version in pieces of one byte each, which cuts lines and characters alike. */
const inBytes: Answer = (response, request) => {
  const bytes = Buffer.from(server.linesSince(request.query.get('resourceVersion') ?? '').join(''));
  const pieces = [...bytes].map((byte) => Buffer.of(byte));
  answerStream(pieces, 'close')(response, request);
};

const bookmarkLine = (): string => {
  const metadata = { resourceVersion: server.resourceVersion, creationTimestamp: null };
  return eventLine('BOOKMARK', { metadata });
};

interface Fault {
  name: string;
  /** Breaks something, lets `change` happen unseen, and restores it. */
  happens: () => Promise<void> | void;
  /** Whether a whole list is needed after it, rather than a watch from where the last one was. */
  relists: boolean;
}

const relists = true;
const goesOn = false;
const busy = answerStatus(429, 'TooManyRequests', { 'retry-after': '7' });

const faults: Fault[] = [
  { name: '410 as a status', happens: nextWatch(answerStatus(410, 'Expired')), relists },
  {
    name: '410 as an event',
    happens: () =>
      whileDown(() => {
        change();
        server.compact();
      }),
    relists,
  },
  {
    name: 'a half-open connection: silent, and never ended',
    happens: () => {
      server.muteWatches();
      change();
    },
    relists: goesOn,
  },
  {
    name: 'a watch that is silent from its first byte on',
    happens: nextWatch(answerStream([], 'hang')),
    relists: goesOn,
  },
  {
    name: 'a reset in the middle of a line',
    happens: () => {
      server.breakWatches();
      change();
    },
    relists: goesOn,
  },
  {
    name: 'an end in the middle of a line',
    happens: nextWatch(answerStream(['{"type":"ADDED","obj'], 'close')),
    relists: goesOn,
  },
  { name: 'characters cut into bytes', happens: nextWatch(inBytes), relists: goesOn },
  {
    name: 'nothing but bookmarks, then a compaction up to the last of them',
    happens: async () => {
      for (let i = 0; i < 5; i++) {
        server.bookmark();
        await pass(5000);
      }
      server.bookmark();
      await pass(100);
      server.compact();
      await whileDown(change);
    },
    relists: goesOn,
  },
  { name: '429 with Retry-After, for watches', happens: nextWatch(busy), relists: goesOn },
  { name: '429 with Retry-After, for a minute', happens: forAMinute(busy), relists: goesOn },
  {
    name: '429 that asks for a day',
    happens: nextWatch(answerStatus(429, 'TooManyRequests', { 'retry-after': '86400' })),
    relists: goesOn,
  },
  { name: '500 for a minute', happens: forAMinute(answerStatus(500, 'InternalError')), relists: goesOn },
  { name: '500 as an event', happens: nextWatch(statusEvent(500)), relists: goesOn },
  { name: '401 for a minute', happens: forAMinute(answerStatus(401, 'Unauthorized')), relists: goesOn },
  { name: '403 for a minute', happens: forAMinute(answerStatus(403, 'Forbidden')), relists: goesOn },
  { name: 'HTML for a minute', happens: forAMinute(answerStream(['<html>\n'], 'close')), relists },
  { name: 'a line that is no object', happens: nextWatch(statusEvent(undefined)), relists },
  {
    name: 'watches that are closed at once, for a minute',
    happens: async () => {
      server.always('watch', answerStream([], 'close'));
      await whileDown(change);
      await pass(minuteMs);
      server.always('watch', undefined);
    },
    relists,
  },
  {
    name: 'watches that are closed after a bookmark, for a minute',
    happens: async () => {
      server.always('watch', (...args) => answerStream([bookmarkLine()], 'close')(...args));
      await pass(minuteMs);
      server.always('watch', undefined);
      change();
    },
    relists: goesOn,
  },
  {
    name: 'an outage of a minute',
    happens: async () => {
      await server.stop();
      change();
      await pass(minuteMs);
      await server.start();
    },
    relists: goesOn,
  },
  {
    name: 'an outage of a minute that the history does not survive',
    happens: async () => {
      await server.stop();
      change();
      server.compact();
      await pass(minuteMs);
      await server.start();
    },
    relists,
  },
];

function statusEvent(code: number | undefined): Answer {
  return answerStream([eventLine(code ? 'ERROR' : 'ADDED', { kind: 'Status', code, metadata: {} })], 'close');
}

describe('the age of the last contact', () => {
  it.each<{ name: string; answer: Answer; isOld: boolean }>([
    { name: 'grows while the server is silent', answer: () => {}, isOld: true },
    {
      name: 'stays small while it refuses, for a new process would fare no better',
      answer: answerStatus(403, 'Forbidden'),
      isOld: false,
    },
  ])('$name', async ({ answer, isOld }) => {
    start();
    await passUntil(() => server.watches === 1, minuteMs);
    for (const type of ['list', 'watch'] as const) server.always(type, answer);
    await server.stop();
    await server.start();
    await pass(10 * minuteMs);
    expect(informer.contactAgeMs() > 9 * minuteMs).toBe(isOld);
    expect(informer.contactAgeMs() < minuteMs).toBe(!isOld);
  });
});

describe('an informer after', () => {
  it.each(faults)('$name', async ({ happens, relists: wanted }) => {
    for (const name of ['kept', 'changed', 'deleted', 'again']) server.put(name, { uid: `${name}-1` });
    start();
    await passUntil(() => server.watches === 1, minuteMs);
    const before = { requests: server.requests.length, lists: lists() };

    await happens();
    const wantedContent = await freshList();
    before.lists += 1;
    const isInStep = (): boolean =>
      JSON.stringify(contentOf(informer.store.list())) === JSON.stringify(wantedContent);
    const tookMs = await passUntil(() => isInStep() && server.watches === 1, minuteMs);

    expect(contentOf(informer.store.list())).toEqual(wantedContent);
    expect(tookMs).toBeLessThanOrEqual(minuteMs);
    expect(server.watches).toBe(1);
    expect(server.mostWatches).toBe(1);
    expect(server.requests.length - before.requests).toBeLessThanOrEqual(15);
    expect(lists() > before.lists).toBe(wanted);
    expect(changes.slice(4).toSorted()).toEqual([
      'added added-1',
      'added again-2',
      'deleted again-1',
      'deleted deleted-1',
      'updated changed-1',
    ]);

    // And it is as good as new: a watch every 20 to 40 s, and what happens is seen.
    const { length } = server.requests;
    await pass(5 * minuteMs);
    expect(server.requests.length - length).toBeLessThanOrEqual(15);
    expect(server.mostWatches).toBe(1);
    server.put('later');
    expect(await passUntil(() => informer.store.get('later') !== undefined, minuteMs)).toBeLessThan(minuteMs);
  });
});
