import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * What may be wrong with an identity provider.
 * - `down`: the ingress before it answers 503 with a page of HTML.
 * - `slow`: every answer waits until `until` is settled.
 * - `clock`: its clock is wrong by so many seconds, in `Date` and in the tokens it signs.
 * - `invalidClient`: it knows none of its clients any more.
 * - `answer`: it, or a proxy before it, answers this to everything; a string goes out as HTML.
 */
export type OidcFault =
  | { readonly kind: 'down' }
  | { readonly kind: 'slow'; readonly until: Promise<unknown> }
  | { readonly kind: 'clock'; readonly offsetSeconds: number }
  | { readonly kind: 'invalidClient' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    };

/** Plays the fault on one request; true when that was the answer. */
export async function playFault(
  fault: OidcFault | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (fault?.kind === 'down') {
    response.writeHead(503, { 'content-type': 'text/html' });
    response.end('<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>');
    return true;
  }
  if (fault?.kind === 'invalidClient') {
    response.writeHead(401, { 'content-type': 'application/json' });
    response.end(
      '{"error":"invalid_client","error_description":"Invalid client or Invalid client credentials"}',
    );
    return true;
  }
  if (fault?.kind === 'answer') {
    const isText = typeof fault.body === 'string';
    response.writeHead(fault.status, {
      'content-type': isText ? 'text/html' : 'application/json',
      ...fault.headers,
    });
    response.end(isText ? fault.body : JSON.stringify(fault.body));
    return true;
  }
  if (fault?.kind === 'clock') {
    response.setHeader('date', new Date(Date.now() + fault.offsetSeconds * 1_000).toUTCString());
  }
  if (fault?.kind === 'slow') {
    await fault.until;
  }
  return request.destroyed;
}
