import { type Clock, sleep, systemClock } from '../lib/clock.ts';
import { orAbort } from '../lib/deadline.ts';
import { durations } from '../lib/durations.ts';
import { type Backoff, createBackoff } from './backoff.ts';
import type { KubeClient, Selection, WatchEvent } from './client.ts';
import { isForbidden, isGone, KubeStatusError, KubeTransportError } from './errors.ts';
import { errorFields, type Log } from './log.ts';
import type { KubeObject, Resource } from './object.ts';

/** Receives a kind's state. May throw: the reflector then lists again, so that nothing is lost. */
interface ReflectorSink {
  /** The whole state. */
  replace(items: KubeObject[]): void;
  put(object: KubeObject): void;
  remove(object: KubeObject): void;
}

/** What a reflector counts; every callback is optional. */
export interface ReflectorMetrics {
  listed?(resource: string, items: number, durationMs: number): void;
  watchEnded?(resource: string, reason: 'closed' | 'expired' | 'failed'): void;
  event?(resource: string, type: WatchEvent['type']): void;
}

/** Options for {@link createReflector}. */
export interface ReflectorOptions {
  client: Pick<KubeClient, 'list' | 'watch'>;
  resource: Resource;
  selection?: Selection;
  sink: ReflectorSink;
  /** Called each time the server says that this login lacks permission to list or watch here (403). */
  onRefused?: () => void;
  log: Log;
  metrics?: ReflectorMetrics;
  clock?: Clock;
  random?: () => number;
  /** Shortest life of a watch; each one lives up to twice as long, at random. Default 20; see docs/adr/0025. */
  watchSeconds?: number;
  /** How long past its life a silent watch is kept. Default 15 s. */
  graceMs?: number;
  /** Waits after failures. Default 0.8 s, doubling to 15 s, and up to as much again at random. */
  backoff?: Backoff;
}

/** Copies what the server has of one kind into a store, by list and watch. */
export interface Reflector {
  /** Lists, watches, and starts over, forever. Never rejects; resolves once the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Lists once more, with a request that is sent after this call. Resolves when the sink has it, or when the server
   * says that this login lacks permission to list (403). @throws the signal's reason
   */
  refresh(signal: AbortSignal): Promise<void>;
  /** Milliseconds since the server last answered, even with an error; Infinity before the first answer. */
  contactAgeMs(): number;
}

/** A watch that ends this soon is not opened again at once, and counts as refused if it brought nothing. */
const shortWatchMs = durations.kube.shortWatchMs;

/** After so many of those in a row the resource version is taken for expired. */
const maxShortWatches = 3;

/**
 * Keeps a sink in step with one kind on the server, whatever happens: lists once, then follows watches from
 * where the last one ended, and lists again only when the server forgot that point. The rules are those of
 * client-go's reflector. https://github.com/kubernetes/client-go/blob/master/tools/cache/reflector.go
 */
export function createReflector(options: ReflectorOptions): Reflector {
  const { client, resource, selection = {}, sink, log, metrics } = options;
  const {
    clock = systemClock,
    random = Math.random,
    watchSeconds = durations.kube.watchMs / 1000,
    graceMs = durations.kube.watchGraceMs,
  } = options;
  const backoff =
    options.backoff ??
    createBackoff({
      baseMs: durations.kube.firstRelistMs,
      maxMs: durations.kube.longestRelistMs,
      jitter: 1,
      random,
    });
  /** Where to go on from; `''` means list again. */
  let resourceVersion = '';
  let contactAt = Number.NEGATIVE_INFINITY;
  let shortWatches = 0;
  let wasExpired = false;
  let wasRefused = false;
  /** Set while a caller waits for a list. */
  let wanted: PromiseWithResolvers<void> | undefined;
  /** Ends what the loop is at. */
  let interrupt = (): void => {};

  function satisfy(): void {
    wanted?.resolve();
    wanted = undefined;
  }

  async function list(signal: AbortSignal): Promise<void> {
    const started = clock.now();
    const listed = await client.list(resource, { ...selection, signal });
    sink.replace(listed.items);
    wasRefused = false;
    resourceVersion = listed.resourceVersion;
    contactAt = clock.now();
    satisfy();
    metrics?.listed?.(resource.plural, listed.items.length, contactAt - started);
    log.debug({ items: listed.items.length }, 'Listed.');
  }

  function handle(event: WatchEvent): void {
    contactAt = clock.now();
    metrics?.event?.(resource.plural, event.type);
    switch (event.type) {
      case 'BOOKMARK':
        resourceVersion = event.resourceVersion;
        return;
      case 'ERROR':
        throw event.error;
      case 'DELETED':
        sink.remove(event.object);
        break;
      case 'ADDED':
      case 'MODIFIED':
        sink.put(event.object);
        break;
    }
    // Only after the sink took it: when it throws, the next round lists.
    resourceVersion = event.object.metadata.resourceVersion;
    backoff.reset();
    wasExpired = false;
    wasRefused = false;
  }

  async function watch(signal: AbortSignal): Promise<void> {
    const started = clock.now();
    const timeoutSeconds = Math.ceil(watchSeconds * (1 + random()));
    const events = client.watch(resource, { ...selection, resourceVersion, timeoutSeconds, graceMs, signal });
    let count = 0;
    for await (const event of events) {
      count++;
      handle(event);
    }
    contactAt = clock.now();
    metrics?.watchEnded?.(resource.plural, 'closed');
    await afterClose(count, contactAt - started, signal);
  }

  /**
   * Some servers close the watch of an expired resource version without a word
   * (https://github.com/kubernetes/kubernetes/issues/137089), and to come back at once would be a hot loop.
   */
  async function afterClose(events: number, lifeMs: number, signal: AbortSignal): Promise<void> {
    shortWatches = events > 0 || lifeMs >= shortWatchMs ? 0 : shortWatches + 1;
    // It lived and was ended in good order, so the server works.
    if (lifeMs >= shortWatchMs) return backoff.reset();
    if (shortWatches >= maxShortWatches) {
      shortWatches = 0;
      resourceVersion = '';
      log.warn({}, 'The server closes each watch at once; listing again.');
    }
    await sleep(backoff.next(), signal, clock);
  }

  /** Decides where to go on, and waits: also before a list, so that replicas and kinds don't list in step. */
  async function recover(error: unknown, signal: AbortSignal): Promise<void> {
    const expired = isGone(error);
    // A server that answers 410 is up again, so the waits of its outage count no more; only 410s in a row do.
    if (expired && !wasExpired) backoff.reset();
    wasExpired = expired;
    const refusedAgain = isForbidden(error) && wasRefused;
    wasRefused = isForbidden(error);
    if (wasRefused) options.onRefused?.();
    metrics?.watchEnded?.(resource.plural, expired ? 'expired' : 'failed');
    if (expired || !isPassing(error)) resourceVersion = '';
    // A refusal is an answer: a restart of the process does not bring a lost permission back.
    if (error instanceof KubeStatusError) contactAt = clock.now();
    if (isForbidden(error)) satisfy();
    const retryAfterMs = error instanceof KubeStatusError ? (error.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(retryAfterMs, backoff.next());
    const fields = { ...errorFields(error), waitMs: Math.round(waitMs) };
    if (expired) log.info(fields, 'The server forgot the resource version; listing again.');
    // A namespace that is gone refuses for as long as it is named, which is logged once.
    else if (refusedAgain) log.debug(fields, 'List or watch is still refused; trying again.');
    else log.warn(fields, 'List or watch failed; retrying.');
    await sleep(waitMs, signal, clock);
  }

  return {
    async run(parent) {
      while (!parent.aborted) {
        const turn = new AbortController();
        interrupt = () => turn.abort(parent.reason);
        parent.addEventListener('abort', interrupt, { once: true });
        try {
          if (resourceVersion === '' || wanted !== undefined) await list(turn.signal);
          else await watch(turn.signal);
        } catch (error) {
          if (!turn.signal.aborted) await recover(error, turn.signal);
        } finally {
          parent.removeEventListener('abort', interrupt);
        }
      }
    },
    refresh(signal) {
      wanted ??= Promise.withResolvers();
      interrupt();
      return orAbort(wanted.promise, signal);
    },
    contactAgeMs: () => clock.now() - contactAt,
  };
}

/**
 * Whether the watch may go on from where it was. After a fault of the sink, or an answer that can't be read, only
 * a list makes sure that nothing is missing.
 */
function isPassing(error: unknown): boolean {
  return (
    error instanceof KubeStatusError || (error instanceof KubeTransportError && error.kind !== 'Protocol')
  );
}
