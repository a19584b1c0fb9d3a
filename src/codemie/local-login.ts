import { z } from 'zod';
import type { HttpClient } from '../net/http-client.ts';
import type { CodeMieAuth, Grant } from './auth.ts';
import { CodeMieError } from './codemie-error.ts';
import { failureOfAnswer, failureOfNetwork, notTheApi } from './failures.ts';

const loginAnswer = z.object({ access_token: z.string().min(1) });
const claims = z.object({ iat: z.number(), exp: z.number() });

/** CodeMie allows five sign-ins of an address in a quarter of an hour and does not say when the next may be. */
const pauseAfterLimitMs = 180_000;

/**
 * Signs in at CodeMie itself: `POST /v1/local-auth/login`.
 *
 * @throws {CodeMieError}
 */
export async function localLogin(
  http: HttpClient,
  baseUrl: string,
  auth: Extract<CodeMieAuth, { kind: 'localLogin' }>,
  now: () => number,
): Promise<Grant> {
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
  throw new CodeMieError({
    kind: 'rateLimited',
    message: 'CodeMie does not let the connection sign in any more for now.',
    hint: 'It will be tried again in a few minutes.',
    retryAtMs: now() + pauseAfterLimitMs,
  });
}

/** The lifetime that a JWT states itself: the difference of two of its own times, so our clock does not matter. */
function lifetimeOf(jwt: string): number | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
    const { iat, exp } = claims.parse(payload);
    return (exp - iat) * 1000;
  } catch {
    return undefined;
  }
}

function wrongPassword(): CodeMieError {
  return new CodeMieError({
    kind: 'unauthorized',
    message: 'CodeMie does not accept the e-mail address and the password of the connection.',
    hint: 'Check the Secret that auth.localLogin names.',
  });
}
