import type { Dispatcher } from 'undici';
import { NetError } from './net-error.ts';

/**
 * Holds back every request that comes to its connection while `maySend` says no.
 *
 * The question is asked at the last moment, when the connection stands and the bytes are about to be written. Asked
 * before, a process that was stopped for a while in the middle of a TLS handshake would go on with a stale answer.
 */
export function fence(maySend: () => boolean): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    // undici makes a handler for each request, so that nobody else's is changed here.
    const start = handler.onRequestStart?.bind(handler);
    handler.onRequestStart = (controller, context) => {
      if (!maySend()) throw heldBack(options.origin);
      start?.(controller, context);
    };
    return dispatch(options, handler);
  };
}

function heldBack(origin: string | URL | undefined): NetError {
  const host = URL.parse(String(origin))?.hostname ?? '';
  return new NetError({
    kind: 'Aborted',
    message: `The request to ${host} was held back, because another replica may be at work by now.`,
    hint: 'The other replica goes on.',
    host,
    requestSent: false,
  });
}
