import { own } from '../lib/own.ts';
import type { HttpResponse } from '../net/http-client.ts';
import type { Target } from './provider.ts';

/** An answer of any status, whatever client it came through: what the failure catalogues judge. */
export interface Answer {
  status: number;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
  /** Parsed JSON, unchecked; undefined if the body is empty or something else. */
  body: unknown;
  /** The beginning of a body that is no JSON, for matching only. */
  text?: string;
}

/** Whether the answer is a success. */
export function isSuccess(answer: Answer): boolean {
  return answer.status >= 200 && answer.status < 300;
}

/** An answer of our own HTTP client. */
export function fromResponse(response: HttpResponse): Answer {
  return {
    status: response.status,
    header: (name) => response.headers.get(name),
    body: response.body,
    ...beginningOf(response.text),
  };
}

/** More is never needed to know a text again. */
const longestText = 2_000;

function beginningOf(text: unknown): { text?: string } {
  return typeof text === 'string' && text !== '' ? { text: text.slice(0, longestText) } : {};
}

/** A plain record of headers, as the vendors' libraries give it. */
export function fromParts(parts: {
  status: number;
  headers: Record<string, unknown>;
  data: unknown;
}): Answer {
  return {
    status: parts.status,
    header: (name) => {
      const value = own(parts.headers, name);
      return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
    },
    body: typeof parts.data === 'object' && parts.data !== null ? parts.data : undefined,
    ...beginningOf(parts.data),
  };
}

/** How a failure catalogue knows what the answer was to. */
export type Subject = { kind: 'credential' } | { kind: 'repository'; repository: string };

/** What a failure catalogue may know beside the answer. Pure data, so that catalogues are tested as tables. */
export interface Asked {
  subject: Subject;
  /** The host of the web address, for sentences. */
  host: string;
  nowMs: number;
  knownExpiresAt?: string;
}

/** Describes to a catalogue what was asked of a target. */
export function asked(target: Target, subject: Subject): Asked {
  return {
    subject,
    host: target.webUrl.host,
    nowMs: target.now(),
    ...(target.knownExpiresAt === undefined ? {} : { knownExpiresAt: target.knownExpiresAt }),
  };
}
