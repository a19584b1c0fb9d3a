import type { Dispatcher } from 'undici';

/**
 * Refuses requests that come to their connection while `holdsBack` says so.
 *
 * The question is asked at the last moment, when the connection stands and the bytes are about to be written. Asked
 * before, a process that was stopped for a while in the middle of a TLS handshake would go on with a stale answer, when
 * another replica leads.
 *
 * @param refusal makes the error that the request fails with
 */
export function fence(
  holdsBack: (method: string) => boolean,
  refusal: (origin: string | URL | undefined) => Error,
): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    // undici creates a handler for each request, so no other request is affected.
    const start = handler.onRequestStart?.bind(handler);
    handler.onRequestStart = (controller, context) => {
      if (holdsBack(options.method)) throw refusal(options.origin);
      start?.(controller, context);
    };
    return dispatch(options, handler);
  };
}
