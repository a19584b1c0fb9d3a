import type { RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import type { AccessAnswer, MetricsAccess } from './metrics-access.ts';

/** What the probes ask. Each answers at once: a probe that waits is a probe that fails. */
export interface Health {
  /** False: the process is beyond help and should be restarted. */
  alive: () => boolean;
  /** False: not yet, or not any more, at work. */
  ready: () => boolean;
}

/** Answers `/healthz` and `/readyz` with 200 `ok` or 503 `not ok`, as the kubelet expects. */
export function probeHandler(health: Health): RequestListener {
  const checks = new Map([
    ['/healthz', health.alive],
    ['/readyz', health.ready],
  ]);
  return (request, response) => {
    const check = checks.get(pathOf(request.url));
    if (!check) return void response.writeHead(404).end();
    const good = check();
    response.writeHead(good ? 200 : 503, { 'content-type': 'text/plain' }).end(good ? 'ok' : 'not ok');
  };
}

/** Scrapes that are answered at the same time. Prometheus comes with one or two replicas. */
const mostScrapes = 8;

/** Options for {@link metricsHandler}. */
export interface MetricsHandlerOptions {
  contentType: string;
  /** The text in pieces. */
  text: () => AsyncIterable<string>;
  /** Who may read it. Without: everyone who reaches the port. */
  access?: MetricsAccess;
}

/**
 * Answers `/metrics`, compressed for those who can read that, as Prometheus can. 401 and 403 as the API server would
 * answer; 503 where access can't be checked or too many ask at the same time.
 */
export function metricsHandler({ contentType, text, access }: MetricsHandlerOptions): RequestListener {
  let scrapes = 0;
  const send = (response: ServerResponse, compresses: boolean): void => {
    if (scrapes >= mostScrapes) return refuse(response, 'unavailable');
    scrapes += 1;
    response.once('close', () => {
      scrapes -= 1;
    });
    response.setHeader('content-type', contentType);
    if (compresses) response.setHeader('content-encoding', 'gzip');
    const gzip = createGzip({ level: constants.Z_BEST_SPEED });
    const sent = compresses
      ? pipeline(Readable.from(text()), gzip, response)
      : pipeline(Readable.from(text()), response);
    // The scraper went away, or the text could not be made: the connection is closed, so that the scraper notices.
    sent.catch(() => response.destroy());
  };
  return (request, response) => {
    if (pathOf(request.url) !== '/metrics') return void response.writeHead(404).end();
    if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405).end();
    const compresses = /\bgzip\b/.test(String(request.headers['accept-encoding']));
    if (!access) return send(response, compresses);
    void access.check(request.headers.authorization).then((answer) => {
      if (response.destroyed) return;
      if (answer === 'allowed') send(response, compresses);
      else refuse(response, answer);
    });
  };
}

const statuses: Record<Exclude<AccessAnswer, 'allowed'>, number> = {
  unauthenticated: 401,
  forbidden: 403,
  unavailable: 503,
};

function refuse(response: ServerResponse, answer: Exclude<AccessAnswer, 'allowed'>): void {
  response.setHeader('content-type', 'text/plain');
  if (answer === 'unauthenticated') response.setHeader('www-authenticate', 'Bearer');
  if (answer === 'unavailable') response.setHeader('retry-after', '1');
  response.writeHead(statuses[answer]).end(`${answer}\n`);
}

function pathOf(url = ''): string {
  return url.split('?', 1)[0] ?? '';
}
