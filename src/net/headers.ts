import { bounds } from '../lib/bounds.ts';
import { NetError } from './net-error.ts';

/** The headers of an answer; names in lower case. */
export interface HttpHeaders {
  get(name: string): string | undefined;
  entries(): Iterable<[name: string, value: string]>;
}

/** What is filled in where the caller gave nothing. */
export interface HeaderDefaults {
  host: string;
  userAgent: string;
  accept?: string;
  contentType?: string;
}

const tokenName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// Of RFC 9110, field values: visible characters, blanks and tabs, and the bytes above ASCII.
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Set by the connection; from a caller they could smuggle a second request or name another host. */
const ownedByConnection = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'te',
  'upgrade',
  'expect',
]);

/**
 * Completes and checks the headers of a request. A value with a line break or another control character is refused here,
 * without quoting it: undici would refuse it too, but with the value, maybe a token, in its message.
 *
 * @throws {NetError} `Other`, with the name of the header.
 */
export function requestHeaders(
  given: Iterable<[name: string, value: string]>,
  defaults: HeaderDefaults,
): [name: string, value: string][] {
  const headers = new Map<string, string>([['user-agent', defaults.userAgent]]);
  if (defaults.accept !== undefined) headers.set('accept', defaults.accept);
  if (defaults.contentType !== undefined) headers.set('content-type', defaults.contentType);
  for (const [name, value] of given) {
    const key = name.toLowerCase();
    const problem = problemOf(key, value);
    if (problem !== undefined) throw badHeader(defaults.host, problem);
    headers.set(key, value);
  }
  return [...headers];
}

function problemOf(name: string, value: string): string | undefined {
  if (!tokenName.test(name)) return 'A header has a name that HTTP does not allow.';
  if (ownedByConnection.has(name)) return `The header ${name} can't be set by a caller.`;
  if (!fieldValue.test(value))
    return `The value of the header ${name} has characters that HTTP does not allow.`;
  return undefined;
}

function badHeader(host: string, message: string): NetError {
  const hint = 'Check the value that is sent, above all for line breaks.';
  return new NetError({ kind: 'Other', message, hint, host, requestSent: false });
}

/** The headers of an answer without those that are longer than anything that is read from one. */
export function boundedHeaders(headers: Iterable<[name: string, value: string]>): Headers {
  const { maxValueBytes } = bounds.responseHeaders;
  return new Headers([...headers].filter(([, value]) => value.length <= maxValueBytes));
}

/** Gives the headers of an answer their small interface. */
export function responseHeaders(headers: Headers): HttpHeaders {
  return { get: (name) => headers.get(name) ?? undefined, entries: () => headers.entries() };
}
