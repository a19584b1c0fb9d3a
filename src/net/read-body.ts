import type { Dispatcher, Response } from 'undici';
import { NetError } from './net-error.ts';

/**
 * Reads a whole body, at most `maxBytes` of it. undici decompresses as we read, and stops reading from the network
 * while we don't, so a small compressed answer can't grow in memory beyond the limit either.
 *
 * @throws {NetError} `TooLarge`.
 */
export async function readBody(response: Response, maxBytes: number, host: string): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop by an exception cancels the stream and, with it, the connection.
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(host);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/**
 * Ends a request whose answer has more bytes on the wire than that, headers aside. Compression makes an answer shorter,
 * but one that a server made for us to decompress may have no end and no content.
 */
export function limitWire(maxBytes: number, host: string): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    let size = 0;
    // undici creates a handler for each request, so no other request is affected.
    const receive = handler.onResponseData?.bind(handler);
    handler.onResponseData = (controller, chunk) => {
      size += chunk.byteLength;
      if (size > maxBytes) controller.abort(tooLarge(host));
      else receive?.(controller, chunk);
    };
    return dispatch(options, handler);
  };
}

function tooLarge(host: string): NetError {
  return new NetError({
    kind: 'TooLarge',
    message: `The answer of ${host} is larger than accepted.`,
    hint: 'Check that the URL leads to the API.',
    host,
    requestSent: true,
  });
}
