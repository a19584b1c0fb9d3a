import { fetch, type Response } from 'undici';
import { type Deadline, startDeadline } from '../lib/deadline.ts';
import { toNetError } from './classify-error.ts';
import type { Dispatchers, Route } from './dispatchers.ts';
import { checkUrl, type EgressPolicy, hostOf } from './egress-policy.ts';
import { boundedHeaders } from './headers.ts';
import { NetError } from './net-error.ts';
import { limitWire, readBody } from './read-body.ts';

/** A request, ready to be sent. */
export interface Outgoing {
  method: string;
  url: URL;
  headers: [name: string, value: string][];
  body?: string | Uint8Array;
  signal?: AbortSignal;
  /** Over the whole exchange: name, connection, redirects and body. */
  timeoutMs: number;
  /** Counted after decompression. */
  maxBodyBytes: number;
  maxRedirects: number;
}

/** A complete answer of any status. */
export interface Incoming {
  status: number;
  headers: Headers;
  /** Where it came from, after redirects. */
  url: URL;
  bytes: Uint8Array;
}

const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a request and reads its answer.
 *
 * Redirects are followed for GET and HEAD only and within the same origin only, so credentials never reach another
 * server. A GET or HEAD is sent once more when the connection breaks: a server may close a kept connection at the very
 * moment we use it (https://github.com/nodejs/undici/issues/3492).
 *
 * @throws {NetError} if there is no complete, acceptable answer.
 */
export async function exchange(
  request: Outgoing,
  policy: EgressPolicy,
  dispatchers: Dispatchers,
): Promise<Incoming> {
  const deadline = startDeadline(request.timeoutMs, { parent: request.signal });
  try {
    return await follow(request, policy, dispatchers, deadline);
  } finally {
    deadline.stop();
  }
}

async function follow(
  request: Outgoing,
  policy: EgressPolicy,
  dispatchers: Dispatchers,
  deadline: Deadline,
): Promise<Incoming> {
  const repeatable = request.method === 'GET' || request.method === 'HEAD';
  let url = request.url;
  let redirectsLeft = repeatable ? request.maxRedirects : 0;
  let mayRepeat = repeatable;
  for (;;) {
    checkUrl(url, policy);
    let viaProxy = false;
    try {
      const route = dispatchers.routeTo(url);
      ({ viaProxy } = route);
      const response = await send(request, url, route, deadline);
      if (!redirects.has(response.status)) {
        const bytes = await readBody(response, request.maxBodyBytes, hostOf(url));
        return { status: response.status, headers: boundedHeaders(response.headers), url, bytes };
      }
      await response.body?.cancel();
      url = nextUrl(response, url, { left: redirectsLeft, repeatable, allowed: request.maxRedirects });
      redirectsLeft -= 1;
    } catch (error) {
      const failure = toNetError(error, {
        host: hostOf(url),
        viaProxy,
        ownCa: dispatchers.ownCa,
        ended: deadline.ended(),
      });
      if (failure.kind !== 'Reset' || !mayRepeat) throw failure;
      mayRepeat = false;
    }
  }
}

function send(request: Outgoing, url: URL, route: Route, deadline: Deadline): Promise<Response> {
  return fetch(url, {
    method: request.method,
    headers: request.headers,
    redirect: 'manual',
    signal: deadline.signal,
    dispatcher: route.dispatcher.compose(limitWire(request.maxBodyBytes, hostOf(url))),
    ...(request.body === undefined ? {} : { body: request.body }),
  });
}

/** Where a redirect leads, or why it is not followed. The address comes from outside, so that no sentence shows it. */
function nextUrl(
  response: Response,
  from: URL,
  { left, allowed, repeatable }: { left: number; allowed: number; repeatable: boolean },
): URL {
  const location = response.headers.get('location');
  const to = location !== null && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const isSame = to?.origin === from.origin && to.username === '' && to.password === '';
  if (isSame && repeatable && left > 0) return to;
  const host = hostOf(from);
  const { where, hint } = refusedRedirect(to, from, isSame, repeatable && allowed > 0);
  throw new NetError({
    kind: 'RedirectRefused',
    message: `${host} answered with a redirect${where}, which is not followed.`,
    hint,
    host,
    requestSent: true,
  });
}

function refusedRedirect(
  to: URL | undefined,
  from: URL,
  isSame: boolean,
  isFollowed: boolean,
): { where: string; hint: string } {
  if (to === undefined)
    return { where: ' without a usable address', hint: 'Check the URL, and what is in front of the server.' };
  if (
    /\b(login|log-in|log_in|signin|sign-in|sign_in|sso|saml2?|oauth2?|authorize|adfs|cas)\b/i.test(
      to.pathname,
    )
  )
    return {
      where: ' to what looks like a sign-in page',
      hint: 'Check the URL; if a sign-in page or access gateway is in front of the API, let the requests of the operator pass there.',
    };
  if (isSame && !isFollowed)
    return {
      where: '',
      hint: 'Check the URL: give the address that the server redirects to, often one with or without a slash or a path.',
    };
  if (isSame)
    return {
      where: ' after several others',
      hint: 'Check the URL, and the rules of the proxy in front of the server.',
    };
  if (to.username !== '' || to.password !== '')
    return {
      where: ' to an address with a login in it',
      hint: 'Check the URL, and what is in front of the server.',
    };
  if (to.protocol === 'http:' && from.protocol === 'https:')
    return {
      where: ' to plain http',
      hint: "Correct the server's own external URL to https, or have the proxy in front of it pass on X-Forwarded-Proto.",
    };
  return {
    where: to.hostname === from.hostname ? ' to another port of it' : ' to another host',
    hint: 'Check the URL: give the address that the server knows itself by; else a sign-in page may stand before the API.',
  };
}
