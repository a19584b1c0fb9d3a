import type { Answer, Question } from './exchange.ts';
import type { Hostility } from './hostile.ts';

/** Something that goes wrong instead of, or (with `delayMs` alone) before, the usual answer. */
export interface Fault {
  /**
   * Which requests it hits: a string is compared with the whole path, an expression is tried on
   * `GET api.github.com/user?per_page=1`. Default: every request.
   */
  match?: string | RegExp;
  /** How many requests it hits; default 1, `Infinity` until `clearFaults`. */
  times?: number;
  /** Waits before anything else happens. */
  delayMs?: number;
  /** Answers this; `status` alone has an empty body. */
  status?: number;
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
  /** Never answers; the connection stays open until the client or the peer gives up. */
  hang?: boolean;
  /** Closes the connection without a byte. */
  reset?: boolean;
  /** How a server goes on that means no good, or is broken; see `hostile.ts`. */
  hostile?: Hostility;
}

/** The faults a test has ordered; the first that matches a request is used up by it. */
export interface FaultList {
  add(fault: Fault): void;
  clear(): void;
  take(question: Question): Fault | undefined;
}

/** Starts without any fault. */
export function createFaultList(): FaultList {
  let pending: { fault: Fault; left: number }[] = [];
  return {
    add: (fault) => void pending.push({ fault, left: fault.times ?? 1 }),
    clear: () => void (pending = []),
    take(question) {
      const hit = pending.find((entry) => matches(entry.fault, question));
      if (hit === undefined) {
        return undefined;
      }
      hit.left -= 1;
      pending = pending.filter((entry) => entry.left > 0);
      return hit.fault;
    },
  };
}

/** The answer a fault orders, or undefined when it only delays. */
export function faultAnswer(fault: Fault): Answer | undefined {
  if (fault.status === undefined) {
    return undefined;
  }
  return { status: fault.status, headers: fault.headers ?? {}, body: fault.body };
}

function matches(fault: Fault, question: Question): boolean {
  if (fault.match === undefined) {
    return true;
  }
  if (typeof fault.match === 'string') {
    return fault.match === question.path;
  }
  const query = question.query.size === 0 ? '' : `?${question.query.toString()}`;
  return fault.match.test(`${question.method} ${question.host}${question.path}${query}`);
}
