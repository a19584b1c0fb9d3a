import { hostOf } from './egress-policy.ts';
import type { Incoming } from './exchange.ts';
import { NetError } from './net-error.ts';

/** Whether the answer has a body that claims to be JSON (`application/json`, `application/problem+json`, …). */
function isJson({ headers, bytes }: Incoming): boolean {
  const type = (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  return bytes.length > 0 && (/^(application|text)\/json$/.test(type) || type.endsWith('+json'));
}

/**
 * Refuses a success that has a body but not JSON. A sign-in page or a gateway in front of an API answers 200 with HTML
 * (https://github.com/ezbz/gitlabber/issues/80), and client libraries hand that on as data.
 *
 * @throws {NetError} `NotJson`.
 */
export function requireJson(incoming: Incoming): void {
  if (isSuccess(incoming.status) && incoming.bytes.length > 0 && !isJson(incoming)) throw notJson(incoming);
}

/**
 * The parsed body; undefined if it is empty or, in an answer that is not a success, not JSON.
 *
 * @throws {NetError} `NotJson` for a success that can't be parsed.
 */
export function parseJson(incoming: Incoming): unknown {
  requireJson(incoming);
  if (!isJson(incoming)) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(incoming.bytes));
  } catch {
    // The parser's message quotes the text, so it is not kept.
    if (isSuccess(incoming.status)) throw notJson(incoming);
    return undefined;
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function notJson({ url }: Incoming): NetError {
  const host = hostOf(url);
  return new NetError({
    kind: 'NotJson',
    message: `${host} answered with something else than JSON.`,
    hint: 'Check the URL: it may lead to a web page, or a sign-in page may stand before the API.',
    host,
    requestSent: true,
  });
}
