/** An answer; a string goes out as it is, anything else as JSON. */
export interface ApiResponse {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Ends a request with an answer; the message is that of the answer. */
export class ApiError extends Error {
  readonly response: ApiResponse;

  constructor(response: ApiResponse, message: string) {
    super(message);
    this.response = response;
  }
}

/** CodeMie's own form of an error: `{"error":{"message","details","help"}}`. */
export function applicationError(
  status: number,
  message: string,
  details: string | null = null,
  help: string | null = null,
): ApiError {
  return new ApiError({ status, body: { error: { message, details, help } } }, message);
}

/** An uncaught exception: 500, and only the last line of the stack trace says which. */
export function crash(exception: string): ApiError {
  return new ApiError(
    {
      status: 500,
      body: {
        error: {
          message:
            'Internal Server Error. <br> Stacktrace: Traceback (most recent call last):\n' +
            `  File "/app/src/codemie/rest_api/main.py", line 588, in handle_exceptions\n${exception}\n`,
          details: 'An unexpected error occurred while processing the request.',
          help: 'Please try again later or contact support if the problem persists.',
        },
      },
    },
    exception,
  );
}

/** One finding of FastAPI's check of a request; `input` echoes what was sent, secrets and all. */
export interface SchemaFinding {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
}

/** 422 for a request that doesn't fit its schema: `details` is a list, and there is no `help`. */
export function schemaError(findings: readonly SchemaFinding[]): ApiError {
  const message = findings.map(({ loc, msg }) => `${pathOf(loc)}: ${msg}`).join('; ');
  return new ApiError({ status: 422, body: { error: { message, details: findings } } }, message);
}

function pathOf(loc: SchemaFinding['loc']): string {
  const path = loc
    .filter((part) => part !== 'body')
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('');
  return path === '' ? 'request' : path.replace(/^\./, '');
}
