/**
 * The logger that the runtime writes to. A pino logger fits as it is: fields first, then one sentence.
 */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A logger that adds these fields to every line. */
  child(fields: Record<string, unknown>): Log;
}

/** A logger that writes nothing. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};

interface ErrorFields {
  error: string;
  message?: string;
  code?: string;
  cause?: ErrorFields;
}

/**
 * What may be logged of an error: its name, message and code, and those of up to three causes. The raw error
 * object is never logged, because libraries hang requests, headers and bodies on it. A SyntaxError loses its
 * message as well: `JSON.parse` quotes the text it could not read.
 */
export function errorFields(error: unknown, depth = 3): ErrorFields {
  if (!(error instanceof Error)) return { error: typeof error };
  const fields: ErrorFields = { error: error.name };
  if (!(error instanceof SyntaxError)) fields.message = error.message;
  if ('code' in error && (typeof error.code === 'string' || typeof error.code === 'number')) {
    fields.code = String(error.code);
  }
  if (error.cause !== undefined && depth > 0) fields.cause = errorFields(error.cause, depth - 1);
  return fields;
}
