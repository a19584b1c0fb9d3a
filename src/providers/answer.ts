import { z } from 'zod';
import { bounds } from '../lib/bounds.ts';
import { latestMs, parseHttpDate, rfc3339 } from '../lib/time.ts';
import type { HttpResponse } from '../net/http-client.ts';
import type { RateLimit } from './provider.ts';

/** An answer of any status, whatever client it came through: what verdicts judge. */
export interface Answer {
  status: number;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
  /** Parsed JSON, unchecked; undefined if the body is empty or something else. */
  body: unknown;
  /** A body that is no JSON, or its beginning, for matching only. */
  text?: string;
}

/** What was asked for: whether the credential is good, or whether it reads a repository. */
export type RequestSubject =
  | { kind: 'credential' }
  | {
      kind: 'repository';
      repository: string;
      /** The credential's kind as in the report, where it is known. */
      credentialKind?: string;
    };

/** What a verdict may depend on besides the answer. Pure data, so that catalogues of failures are tested as tables. */
export interface AnswerContext {
  subject: RequestSubject;
  /** The host of the web address, for sentences. */
  host: string;
  /** Where another token is created, for hints: `at https://…`. Absent where the product has no one place for that. */
  newTokenAt?: string;
  nowMs: number;
  knownExpiresAt?: string;
}

/** Whether the answer is a success. */
export function isSuccess(answer: Answer): boolean {
  return answer.status >= 200 && answer.status < 300;
}

/** An answer of this project's HTTP client; with `any` its text is whole. */
export function fromResponse({ status, headers, body, text }: HttpResponse, accept?: 'any'): Answer {
  return {
    status,
    header: (name) => headers.get(name),
    body,
    ...(accept === 'any' && text ? { text } : beginningOf(text)),
  };
}

/** An answer that a vendor's library is to read as well. */
export async function fromFetch(response: Response): Promise<Answer> {
  const text = await response.clone().text();
  const isJson = /^application\/(scim\+)?json\b/.test(response.headers.get('content-type') ?? '');
  const body = isJson ? parseObject(text) : undefined;
  return {
    status: response.status,
    header: (name) => response.headers.get(name) ?? undefined,
    body,
    ...(body === undefined && beginningOf(text)),
  };
}

/** The object or list that a text is, if it is JSON at all. The parser's message quotes the text, so it is not kept. */
export function parseObject(text: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** More is never needed to know a text again. */
const longestText = 2_000;

function beginningOf(text = ''): { text?: string } {
  return text === '' ? {} : { text: text.slice(0, longestText) };
}

/**
 * The budget of calls by the headers of an answer: `X-RateLimit-Limit`, `-Remaining` and `-Reset` as GitHub has them,
 * or GitLab's `RateLimit-…`. Undefined where they are incomplete: self-managed servers usually have no limit, and
 * Bitbucket reports neither what is left nor until when.
 */
export function rateLimitOf(answer: Answer): RateLimit | undefined {
  const read = (name: string): number => {
    const header = answer.header(`x-ratelimit-${name}`) ?? answer.header(`ratelimit-${name}`) ?? '';
    return /^\d{1,15}$/.test(header) ? Number(header) : Number.NaN;
  };
  const [limit, remaining, resetMs] = [read('limit'), read('remaining'), read('reset') * 1000];
  // A comparison with NaN is false.
  if (!(limit >= 0 && remaining >= 0 && resetMs <= latestMs)) return undefined;
  return { limit, remaining, resetsAt: rfc3339(resetMs) };
}

/**
 * For how long an answer asks for a pause, by `Retry-After` or the reset of the budget, in milliseconds; undefined
 * where it doesn't say.
 */
export function waitMsOf(answer: Answer, nowMs: number): number | undefined {
  // The reset is a moment of the server's clock, so it is compared with the server's date where there is one.
  const serverNowMs = parseHttpDate(answer.header('date')) ?? nowMs;
  const retryAfter = answer.header('retry-after');
  if (retryAfter !== undefined) {
    if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000;
    const at = parseHttpDate(retryAfter);
    if (at !== undefined) return at - serverNowMs;
  }
  // The reset is about the primary limit. With calls left, it was a secondary one, which asks for a minute:
  // https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
  const remaining = answer.header('x-ratelimit-remaining') ?? answer.header('ratelimit-remaining') ?? '0';
  const reset = answer.header('x-ratelimit-reset') ?? answer.header('ratelimit-reset') ?? '';
  return remaining === '0' && /^\d+$/.test(reset) ? Number(reset) * 1000 - serverNowMs : undefined;
}

const { maxChars, maxItems } = bounds.providerReport;

/** A name as a Git host reports it. A longer one is no name of that product. */
export const shortName = z.string().min(1).max(maxChars);

/** A list of names, of which the beginning is kept. A report is kept for each credential, so it must not be large. */
export const shortList = z.array(z.string().max(maxChars)).transform((list) => list.slice(0, maxItems));

/** Names with a level each, of which some are kept. */
export const shortRecord = z
  .record(z.string().max(maxChars), z.string().max(maxChars))
  .transform((record) => Object.fromEntries(Object.entries(record).slice(0, maxItems)));
