import type { ApiResponse } from './api-error.ts';
import type { ApiRequest } from './http.ts';

/** What becomes of a request that a fault is for. `committed`: whether it was carried out first. */
export type FaultOutcome =
  | { readonly kind: 'drop'; readonly committed: boolean }
  | ({ readonly kind: 'answer'; readonly committed: boolean } & (
      | ApiResponse
      | { answer: (request: ApiRequest) => ApiResponse }
    ));

/** What happens to one request. */
export type Played = Pick<Fault, 'before' | 'outcome'>;

/** Something that goes wrong with some requests. */
export interface Fault {
  /** Default: any. */
  readonly method?: string;
  /** The path without the prefix of the ingress and without the query, whole or as a pattern. Default: any. */
  readonly path?: string | RegExp;
  /** How many requests it is for. Default: one. */
  readonly times?: number;
  /**
   * Awaited before the request is handled: a delay, a gate that the test opens, or a change of the rows,
   * which is how the pages of a list shift under its reader.
   */
  readonly before?: (request: ApiRequest) => void | Promise<void>;
  /** Default: the request is then served as ever. */
  readonly outcome?: FaultOutcome;
}

/** The connection ends without an answer, before or after the request was carried out. */
export function drop(when: 'beforeCommit' | 'afterCommit'): FaultOutcome {
  return { kind: 'drop', committed: when === 'afterCommit' };
}

/** An answer of the ingress in place of CodeMie's, which may have carried out the request all the same. */
export function gatewayError(
  status: 500 | 502 | 503 | 504,
  when: 'beforeCommit' | 'afterCommit',
): FaultOutcome {
  return {
    kind: 'answer',
    committed: when === 'afterCommit',
    status,
    headers: { 'content-type': 'text/html' },
    body: `<html><body><h1>${status}</h1></body></html>`,
  };
}

/** An answer of the ingress: CodeMie itself limits nothing but its sign-in. */
export function tooManyRequests(retryAfterSeconds?: number): FaultOutcome {
  return {
    kind: 'answer',
    committed: false,
    status: 429,
    headers: {
      'content-type': 'text/html',
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
    body: '<html><body><h1>429 Too Many Requests</h1></body></html>',
  };
}

/** A failed INSERT: the parameters of the statement, secrets included, end up in the answer. */
export function insertFailure(): FaultOutcome {
  return {
    kind: 'answer',
    committed: false,
    answer: (request) => ({
      status: 422,
      body: {
        error: {
          message: 'Cannot create specified setting',
          details:
            'An error occurred while trying to create the setting: (psycopg2.DataError) invalid byte sequence ' +
            `[SQL: INSERT INTO codemie.settings ...] [parameters: ${request.body}]`,
          help: null,
        },
      },
    }),
  };
}

/** The faults in force. */
export interface Faults {
  /** In force until used up or removed; the oldest that fits a request is played. */
  add(fault: Fault): { remove(): void };
  clear(): void;
  /** For requests that none of these fit: what happens to each, if anything. Undefined: nothing any more. */
  decide(decision: ((request: ApiRequest) => Played | undefined) | undefined): void;
  /** Takes the fault for a request, counting it. */
  take(request: ApiRequest): Played | undefined;
}

export function createFaults(): Faults {
  const active = new Map<Fault, number>();
  let decision: ((request: ApiRequest) => Played | undefined) | undefined;
  return {
    add(fault) {
      active.set(fault, fault.times ?? 1);
      return {
        remove: () => {
          active.delete(fault);
        },
      };
    },
    clear: () => active.clear(),
    decide(next) {
      decision = next;
    },
    take(request) {
      const entry = [...active].find(([fault]) => fits(fault, request));
      if (entry === undefined) {
        return decision?.(request);
      }
      const [fault, left] = entry;
      if (left > 1) {
        active.set(fault, left - 1);
      } else {
        active.delete(fault);
      }
      return fault;
    },
  };
}

function fits({ method, path }: Fault, request: ApiRequest): boolean {
  const pathFits =
    path === undefined || (typeof path === 'string' ? path === request.path : path.test(request.path));
  return pathFits && (method === undefined || method === request.method);
}
