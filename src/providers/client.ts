import type { z } from 'zod';
import { NetError, type NetErrorKind } from '../net/net-error.ts';
import {
  type Answer,
  type AnswerContext,
  fromFetch,
  fromResponse,
  isSuccess,
  type RequestSubject,
} from './answer.ts';
import { type CredentialReason, ProviderError, type ProviderName, type Target } from './provider.ts';
import {
  notTheApi,
  rateLimited,
  serverError,
  unexplainedRefusal,
  unknownServer,
  wrongProvider,
} from './provider-errors.ts';
import { isFromApi, senderOf } from './signatures.ts';
import { baseOf } from './urls.ts';

/**
 * The calls of one validation to one server, and what their answers mean: every request of every provider is made here,
 * be it ours or one of a vendor's library, and every answer is judged here.
 *
 * All functions that make calls throw the signal's own reason if it aborts, and a {@link ProviderError} where there is no
 * answer. They are called one after the other.
 */
export interface ProviderClient {
  target: Target;
  /** GETs a path below the REST base with the credential. An answer of any status. */
  get(path: string, options?: GetOptions): Promise<Answer>;
  /** For a vendor's library: the target's HTTP client with the target's signal. It adds no credential. */
  fetch: typeof globalThis.fetch;
  /**
   * What the server answered to the last request of a call that a vendor's library makes by `fetch` or `get`, whatever the
   * library makes of it. Errors of libraries end here: they hold the remote body, and some lose the headers that matter.
   */
  answerTo(call: () => Promise<unknown>): Promise<Answer>;
  /** What a success holds. @throws ProviderError for a failure, see `failure`, and for a success of another shape */
  parse<T>(answer: Answer, schema: z.ZodType<T>, subject?: RequestSubject): T;
  /** What an answer other than a success means: see {@link errorOf}. */
  failure(answer: Answer, subject?: RequestSubject): ProviderError;
  /** What the errors of `provider-errors.ts` depend on besides an answer; about the credential by default. */
  contextOf(subject?: RequestSubject): AnswerContext;
}

/** How a request differs from a GET of JSON below the REST base. */
interface GetOptions {
  /** The credential's by default. */
  headers?: Record<string, string>;
  /** In place of the REST base. */
  base?: URL;
  /** The answer need not be JSON; `text` then is the whole body, and `body` undefined. */
  accept?: 'any';
}

/** What a client has to know of a product. */
export interface Product {
  name: ProviderName;
  /** What `get` sends with each request: the credential. */
  headers?: Record<string, string>;
  /** See {@link AnswerContext.newTokenAt}. Of parts that are trusted: the web address, whose host is allowed, and constants. */
  newTokenAt?: string;
  /** What a refusal of the product's own API means; undefined if its reason is not known. See {@link errorOf}. */
  verdict: Verdict;
  /** What the product answers before its API gets to see a request, in a form that its API never has. */
  verdictBeforeApi?: Verdict;
}

/** What an answer means, as far as a product's documentation or experience says. */
export type Verdict = (answer: Answer, context: AnswerContext) => ProviderError | undefined;

/** Creates the client of one validation. */
export function createClient(product: Product, target: Target): ProviderClient {
  let received: Answer | undefined;

  function contextOf(subject: RequestSubject = { kind: 'credential' }): AnswerContext {
    return {
      subject,
      host: target.webUrl.host,
      nowMs: target.now(),
      ...(product.newTokenAt === undefined ? {} : { newTokenAt: product.newTokenAt }),
      ...(target.knownExpiresAt === undefined ? {} : { knownExpiresAt: target.knownExpiresAt }),
    };
  }

  function failure(answer: Answer, subject?: RequestSubject): ProviderError {
    const context = contextOf(subject);
    return (
      product.verdictBeforeApi?.(answer, context) ?? errorOf(product.name, answer, context, product.verdict)
    );
  }

  return {
    target,
    async get(path, { headers = product.headers, base = target.apiUrl, accept } = {}) {
      received = undefined;
      try {
        const response = await target.http.request({
          url: `${baseOf(base)}/${path}`,
          signal: target.signal,
          ...(headers && { headers }),
          ...(accept && { accept }),
        });
        received = fromResponse(response, accept);
        return received;
      } catch (error) {
        throw transportFailure(error, target);
      }
    },
    async fetch(input, init) {
      received = undefined;
      const response = await target.http.fetch(input, { signal: target.signal, ...init });
      received = await fromFetch(response);
      return response;
    },
    async answerTo(call) {
      received = undefined;
      try {
        await call();
      } catch (error) {
        if (received === undefined || target.signal.aborted) throw transportFailure(error, target);
      }
      if (received === undefined) throw new TypeError('The library made no request.');
      return received;
    },
    parse(answer, schema, subject) {
      if (!isSuccess(answer)) throw failure(answer, subject);
      const parsed = schema.safeParse(answer.body);
      if (!parsed.success) throw notTheApi(product.name, answer, contextOf(subject));
      return parsed.data;
    },
    failure,
    contextOf,
  };
}

/** The value of `Authorization` for a token that is the password of a user. */
export function basic(username: string, token: string): string {
  return `Basic ${Buffer.from(`${username}:${token}`).toString('base64')}`;
}

/** The value of `Authorization` for a token that stands for itself. */
export function bearer(token: string): string {
  return `Bearer ${token}`;
}

/**
 * What an answer other than a success means: the one place that decides whether the API itself has spoken, for every
 * provider, call and status. A gateway, proxy or sign-in page in front of it says nothing about the credential.
 *
 * @param verdict asked only if the answer comes from the API
 */
export function errorOf(
  provider: ProviderName,
  answer: Answer,
  context: AnswerContext,
  verdict: Verdict,
): ProviderError {
  const sender = senderOf(answer);
  if (sender !== undefined && sender !== provider) return wrongProvider(provider, sender, context.host);
  // Whatever answers with it: a request for fewer calls is followed.
  if (answer.status === 429) return rateLimited(provider, answer, context);
  if (!isFromApi(provider, answer)) return unknownServer(provider, answer, context);
  return (
    verdict(answer, context) ??
    (answer.status >= 500 ? serverError(provider, context) : unexplainedRefusal(provider, answer, context))
  );
}

/** The reason for each way an exchange can fail before there is an answer. The one place where this is decided. */
const reasonOfNetError: Record<NetErrorKind, CredentialReason> = {
  HostNotAllowed: 'HostNotAllowed',
  // Ours, not the provider's: the policy refuses the private address that the host has.
  AddressNotAllowed: 'HostNotAllowed',
  TlsUntrusted: 'TLSUntrusted',
  ClientCertificate: 'ClientCertificateRequired',
  Dns: 'ProviderUnreachable',
  Refused: 'ProviderUnreachable',
  TlsOther: 'ProviderUnreachable',
  Timeout: 'ProviderUnreachable',
  Aborted: 'ProviderUnreachable',
  Reset: 'ProviderUnreachable',
  Proxy: 'ProviderUnreachable',
  HostBusy: 'ProviderUnreachable',
  HostPaused: 'ProviderUnreachable',
  TooLarge: 'ProviderError',
  NotJson: 'ProviderError',
  RedirectRefused: 'ProviderError',
  Other: 'ProviderError',
};

/**
 * What to throw for a failed call: the signal's own reason if it was aborted, a {@link ProviderError} for a
 * {@link NetError} (also one that a library has wrapped), anything else as it is.
 */
export function transportFailure(error: unknown, target: Pick<Target, 'signal'>): unknown {
  if (target.signal.aborted) return target.signal.reason;
  const netError = findNetError(error);
  if (netError === undefined) return error;
  return new ProviderError({
    reason: reasonOfNetError[netError.kind],
    sentence: netError.message,
    hint: netError.hint,
    cause: netError,
    isLasting: netError.needsPerson,
    isStrange: netError.kind === 'NotJson' || netError.kind === 'RedirectRefused',
    ...(netError.retryAtMs !== undefined && { retryAtMs: netError.retryAtMs }),
  });
}

function findNetError(error: unknown): NetError | undefined {
  if (error instanceof NetError) return error;
  return error instanceof Error ? findNetError(error.cause) : undefined;
}
