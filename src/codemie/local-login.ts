import { z } from 'zod';
import { durations } from '../lib/durations.ts';
import type { HttpClient } from '../net/http-client.ts';
import type { CodeMieAuth, Grant } from './auth.ts';
import { CodeMieError } from './codemie-error.ts';
import { failureOfAnswer, failureOfNetwork, notTheApi } from './failures.ts';
import type { SignInBudget } from './sign-in-budget.ts';
import { lifetimeOf } from './token-content.ts';

const loginAnswer = z.object({ access_token: z.string().min(1) });

/** After a 429 that names no time: others use the address, too, and its oldest sign-in leaves the 15 minutes at any time. */
const pauseAfterLimitMs = durations.codemie.localLoginLimitMs;

/** What {@link localLogin} works with. */
export interface LocalLoginOptions {
  http: HttpClient;
  /** CodeMie's base URL without a trailing slash. */
  baseUrl: string;
  auth: Extract<CodeMieAuth, { kind: 'localLogin' }>;
  budget: SignInBudget;
  /** Epoch milliseconds. */
  now: () => number;
}

/**
 * Signs in at CodeMie itself: `POST /v1/local-auth/login`.
 *
 * @throws {CodeMieError}
 */
export async function localLogin({ http, baseUrl, auth, budget, now }: LocalLoginOptions): Promise<Grant> {
  const nextAtMs = budget.take();
  if (nextAtMs !== undefined) throw usedUp(nextAtMs);
  const request = {
    method: 'POST',
    url: `${baseUrl}/v1/local-auth/login`,
    body: JSON.stringify({ email: auth.email, password: auth.password }),
    maxRedirects: 0,
  };
  const answer = await http.request(request).catch((error: unknown) => {
    // Nothing that matters is written by a sign-in, so no outcome of it is uncertain.
    throw failureOfNetwork('read', error);
  });
  if (answer.status === 200) {
    const { success, data } = loginAnswer.safeParse(answer.body);
    if (!success) throw notTheApi();
    const lifetimeMs = lifetimeOf(data.access_token);
    return { token: data.access_token, ...(lifetimeMs === undefined ? {} : { lifetimeMs }) };
  }
  if (answer.status === 401) throw wrongPassword();
  const failure = failureOfAnswer('read', answer, now());
  if (failure.kind !== 'rateLimited' || failure.retryAtMs !== undefined) throw failure;
  throw usedUp(now() + pauseAfterLimitMs);
}

function usedUp(retryAtMs: number): CodeMieError {
  return new CodeMieError({
    kind: 'rateLimited',
    message: 'CodeMie limits how often one address signs in (5 times in 15 minutes by default).',
    hint: 'The next sign-in is made when the limit allows it; a login of the identity provider has no such limit.',
    retryAtMs,
  });
}

function wrongPassword(): CodeMieError {
  return new CodeMieError({
    kind: 'unauthorized',
    message: 'CodeMie does not accept the e-mail address and the password of the connection.',
    hint: 'Check the Secret that auth.localLogin names.',
  });
}
