import { setImmediate } from 'node:timers/promises';
import { bounds } from '../lib/bounds.ts';
import { jsonExcess } from '../lib/json-bytes.ts';
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

/** Answers up to this length are cheap whatever they consist of. */
const smallBytes = 64 * 1024;

/**
 * Refuses JSON that would take long to parse, whatever its length, see {@link bounds.answer}.
 *
 * @throws {NetError} `TooLarge`.
 */
export async function requireCheapJson(incoming: Incoming): Promise<void> {
  const { bytes, url } = incoming;
  if (bytes.length <= smallBytes || !isJson(incoming)) return;
  const excess = jsonExcess(bytes, bounds.answer.json);
  if (excess !== undefined) throw tooCostly(hostOf(url), excess);
  // The parser has its own turn.
  await setImmediate();
}

/**
 * The parsed body; undefined if it is empty or, in an answer that is not a success, not JSON.
 *
 * @throws {NetError} `NotJson` for a success that can't be parsed; `TooLarge` as {@link requireCheapJson}.
 */
export async function parseJson(incoming: Incoming): Promise<unknown> {
  requireJson(incoming);
  if (!isJson(incoming)) return undefined;
  await requireCheapJson(incoming);
  const parsed = parseOrRefuse(incoming);
  if (incoming.bytes.length > smallBytes) await setImmediate();
  return parsed;
}

function parseOrRefuse(incoming: Incoming): unknown {
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

function tooCostly(host: string, excess: 'values' | 'depth'): NetError {
  const { maxValues, maxDepth } = bounds.answer.json;
  return new NetError({
    kind: 'TooLarge',
    message:
      excess === 'values'
        ? `The answer of ${host} has more than ${maxValues} values.`
        : `The answer of ${host} is nested more than ${maxDepth} levels deep.`,
    hint: 'Check that the URL leads to the API.',
    host,
    requestSent: true,
  });
}
