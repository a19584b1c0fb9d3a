import { request } from 'node:https';
import { parentPort, workerData } from 'node:worker_threads';
import { microTime } from '../lib/time.ts';
import type { TlsSettings } from './connection.ts';
import type { KubeObject } from './object.ts';

/*
 * The thread that renews the Lease; see lease-stand-in.ts. It loads next to nothing, for it is there in each leader, and
 * has neither the client nor zod: what the API server answers is narrowed by hand.
 */

/** What the thread starts with. Times are in milliseconds. */
export interface ThreadOptions {
  /** Of the Lease. */
  url: string;
  /**
   * Two BigInt64 of `process.hrtime.bigint()`, which all threads share: when this thread renewed last, from before the
   * request, and when the main thread last had a turn.
   */
  times: SharedArrayBuffer;
  afterMs: number;
  untilMs: number;
  pollMs: number;
  /** A main thread that had no turn for so long is busy. */
  busyMs: number;
  /** A main thread that was silent for so long hangs, and its Lease is left to expire. */
  longestSilenceMs: number;
}

/** What the main thread reports after each of its renewals. */
export interface Renewal {
  /** The Lease as the API server returned it. */
  lease: KubeObject;
  headers: Record<string, string>;
  tls: TlsSettings;
  /** By `process.hrtime.bigint()`. */
  renewedAtNs: bigint;
}

// Both are of these types: lease-stand-in.ts sends them.
const options: ThreadOptions = workerData;
const times = new BigInt64Array(options.times);
const maxAnswerChars = 1024 * 1024;

let last: Renewal | undefined;
/** When either thread renewed. */
let renewedAtNs = 0n;
let isSending = false;

parentPort?.on('message', (renewal: Renewal) => {
  last = renewal;
  if (renewal.renewedAtNs > renewedAtNs) renewedAtNs = renewal.renewedAtNs;
});

const ageMs = (atNs: bigint): number => Number(process.hrtime.bigint() - atNs) / 1e6;

setInterval(() => {
  if (!last || isSending) return;
  const age = ageMs(renewedAtNs);
  const isDue = age >= options.afterMs && age < options.untilMs;
  const isBusy = ageMs(Atomics.load(times, 1)) > options.busyMs;
  const hangs = ageMs(last.renewedAtNs) > options.longestSilenceMs;
  if (!isDue || !isBusy || hangs) return;
  isSending = true;
  void renew(last, options.untilMs - age).finally(() => (isSending = false));
}, options.pollMs);

/** Never rejects: a failure goes to the main thread, and the next turn tries again. */
async function renew(from: Renewal, timeoutMs: number): Promise<void> {
  const sentAtNs = process.hrtime.bigint();
  const { code, text } = await put(from, timeoutMs).catch((error: unknown) => {
    parentPort?.postMessage(error instanceof Error ? error : new Error('The request failed.'));
    return { code: 0, text: '' };
  });
  // Another process or the main thread has written it. The main thread finds out which.
  if (code === 409) last = last === from ? undefined : last;
  else if (code !== 0 && code !== 200) parentPort?.postMessage(new Error(`The API server answered ${code}.`));
  if (code !== 200) return;
  renewedAtNs = sentAtNs;
  Atomics.store(times, 0, sentAtNs);
  const resourceVersion = resourceVersionOf(text);
  if (last !== from) return;
  last = resourceVersion === undefined ? undefined : withVersion(from, resourceVersion);
}

function withVersion(from: Renewal, resourceVersion: string): Renewal {
  const { lease } = from;
  return { ...from, lease: { ...lease, metadata: { ...lease.metadata, resourceVersion } } };
}

function put({ lease, headers, tls }: Renewal, timeoutMs: number): Promise<{ code: number; text: string }> {
  const spec = { ...Object(lease['spec']), renewTime: microTime(performance.timeOrigin + performance.now()) };
  const body = JSON.stringify({ ...lease, spec });
  return new Promise((resolve, reject) => {
    const sent = request(options.url, {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      ...tls,
      agent: false,
      signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > maxAnswerChars) response.destroy(new Error('The answer is too long.'));
      });
      response.on('error', reject);
      response.on('end', () => resolve({ code: response.statusCode ?? 0, text }));
    });
    sent.end(body);
  });
}

function resourceVersionOf(text: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== 'object' || answer === null || !('metadata' in answer)) return undefined;
    const { metadata } = answer;
    if (typeof metadata !== 'object' || metadata === null || !('resourceVersion' in metadata))
      return undefined;
    return typeof metadata.resourceVersion === 'string' ? metadata.resourceVersion : undefined;
  } catch {
    return undefined;
  }
}
