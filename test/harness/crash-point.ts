/**
 * A preload (`node --import`) that kills its process at a chosen point of its traffic, so that a test can try
 * every point at which a real crash could come.
 *
 * Points are the moments at which a request made with undici is
 * - `created`: nothing has been sent,
 * - `sent`: handed to the kernel; it is open whether the server acts on it,
 * - `answered`: status and headers are here; the server has acted, and the client doesn't know it yet,
 * - `finished`: the whole answer is here, and the caller has not seen its end yet.
 * The moment just before the bytes leave (`undici:client:sendHeaders`) is no point: nothing happened since `created`.
 *
 * Variables:
 * - `CRASH_LOG`: a file. A line of JSON ({@link CrashPoint}) is appended for the point of death, or for each
 *   point when there is to be no death.
 * - `CRASH_AT`: the number of the point to die at, from 1. Not set: none.
 * - `CRASH_COUNT_FROM`: a regular expression. Counting begins with the first request that matches. Not set: at once.
 * - `CRASH_IGNORE`: a regular expression. Requests that match have no points.
 * - `CRASH_ONLY`: a regular expression. From where the counting begins on, others than those that match have no points.
 * All are matched with `METHOD origin/path`, without the query. Watches and the CONNECTs to a proxy never have
 * points, because how many of them there are depends on timing.
 *
 * The channels: https://undici.nodejs.org/#/docs/api/DiagnosticsChannel
 */
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { z } from 'zod';

const channels = {
  created: 'undici:request:create',
  sent: 'undici:request:bodySent',
  answered: 'undici:request:headers',
  finished: 'undici:request:trailers',
} as const;

/** One line of `CRASH_LOG`. */
export interface CrashPoint {
  /** From 1. */
  point: number;
  phase: keyof typeof channels;
  method: string;
  host: string;
  /** Without the query. */
  path: string;
}

const pattern = z.string().transform((source) => new RegExp(source));

const settingsSchema = z.object({
  CRASH_LOG: z.string(),
  CRASH_AT: z.coerce.number().int().min(1).optional(),
  CRASH_COUNT_FROM: pattern.prefault(''),
  CRASH_IGNORE: pattern.optional(),
  CRASH_ONLY: pattern.prefault(''),
});

/** What undici publishes with every message. */
const messageSchema = z.object({
  request: z.custom<{ origin: unknown; method: string; path: string }>(
    (request) => z.looseObject({ method: z.string(), path: z.string() }).safeParse(request).success,
  ),
});

function watchForCrashPoints(settings: z.infer<typeof settingsSchema>): void {
  // A request is the same object in all of its messages.
  const counted = new WeakMap<object, Pick<CrashPoint, 'method' | 'host' | 'path'>>();
  let counting = false;
  let point = 0;

  const reach = (phase: CrashPoint['phase'], request: object): void => {
    const about = counted.get(request);
    if (about === undefined) return;
    point += 1;
    const dies = point === settings.CRASH_AT;
    if (dies || settings.CRASH_AT === undefined) {
      const line: CrashPoint = { point, phase, ...about };
      appendFileSync(settings.CRASH_LOG, `${JSON.stringify(line)}\n`);
    }
    if (dies) process.kill(process.pid, 'SIGKILL');
  };

  subscribe(channels.created, (message) => {
    const { request } = messageSchema.parse(message);
    const url = new URL(request.path, String(request.origin));
    if (request.method === 'CONNECT' || url.searchParams.has('watch')) return;
    const text = `${request.method} ${url.origin}${url.pathname}`;
    if (settings.CRASH_IGNORE?.test(text) === true) return;
    counting ||= settings.CRASH_COUNT_FROM.test(text);
    if (!counting || !settings.CRASH_ONLY.test(text)) return;
    counted.set(request, { method: request.method, host: url.host, path: url.pathname });
    reach('created', request);
  });
  for (const phase of ['sent', 'answered', 'finished'] as const) {
    subscribe(channels[phase], (message) => reach(phase, messageSchema.parse(message).request));
  }
}

// A preload is imported for its effect, and configured by its environment.
watchForCrashPoints(settingsSchema.parse(process.env));
