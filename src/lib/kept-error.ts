/**
 * Makes an error fit to be kept, and returns it. Until the stack of an error is read, V8 holds the functions on it, and
 * with them their variables: such as the answer of two megabytes that the error is about.
 * https://v8.dev/docs/stack-trace-api
 */
export function keptError<T>(error: T): T {
  let link: unknown = error;
  for (let depth = 0; link instanceof Error && depth < 8; depth++) {
    Reflect.get(link, 'stack');
    link = link.cause;
  }
  return error;
}
