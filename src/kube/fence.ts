import type { Dispatcher } from 'undici';

/** The `code` of the error that a refused request fails with. */
export const FENCED = 'FENCED';

/**
 * Refuses every request that would change something and comes to its connection while `mayWrite` says no.
 *
 * The question is asked at the last moment, when the connection stands and the bytes are about to be written: a
 * process may be stopped at any point before that, and go on when another replica leads.
 */
export function fence(mayWrite: () => boolean): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    if (options.method === 'GET') return dispatch(options, handler);
    // undici makes a handler for each request, so that nobody else's is changed here.
    const start = handler.onRequestStart?.bind(handler);
    handler.onRequestStart = (controller, context) => {
      if (!mayWrite()) throw Object.assign(new Error('Refused by the fence.'), { code: FENCED });
      start?.(controller, context);
    };
    return dispatch(options, handler);
  };
}
