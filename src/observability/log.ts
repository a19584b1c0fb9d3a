import { type DestinationStream, type Logger, pino } from 'pino';

/**
 * Keys whose values never reach the log, wherever in the fields they stand (two levels deep). A second net:
 * the first is that no code passes secrets or foreign errors to the log.
 */
const secretKeys = [
  'token',
  'password',
  'secret',
  'clientSecret',
  'client_secret',
  'privateKey',
  'private_key',
  'authorization',
  'Authorization',
  'x-auth-request-access-token',
  'private-token',
  'data',
  'stringData',
];

/** Options for {@link createLog}. */
interface LogOptions {
  /** Standard output by default. */
  destination?: DestinationStream;
  /** Asked with each line, for fields that depend on the moment. */
  fields?: () => object;
}

/**
 * The root logger: one JSON object a line on standard output, level as a word, time as RFC 3339.
 *
 * Writing is synchronous, so that the lines before a crash are there.
 */
export function createLog(
  level: string,
  { destination = pino.destination({ sync: true }), fields = () => ({}) }: LogOptions = {},
): Logger {
  return pino(
    {
      level,
      base: null,
      mixin: fields,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: secretKeys.flatMap((key) => [`["${key}"]`, `*["${key}"]`, `*.*["${key}"]`]),
        censor: '[redacted]',
      },
    },
    destination,
  );
}
