import { bounds } from '../lib/bounds.ts';
import { orAbort } from '../lib/deadline.ts';
import { durations } from '../lib/durations.ts';
import { keptError } from '../lib/shared-cache.ts';
import type { HttpClient } from '../net/http-client.ts';
import {
  type AuthHeader,
  type AuthHeaderName,
  authHeader,
  type CodeMieAuth,
  defaultScope,
  type Grant,
} from './auth.ts';
import { CodeMieError } from './codemie-error.ts';
import { localLogin } from './local-login.ts';
import { oidcGrant } from './oidc-grant.ts';
import type { SignInBudget } from './sign-in-budget.ts';

/**
 * Gives the current token of one connection. At most one sign-in runs at a time, and its result, success or failure,
 * serves all callers: after a failure none signs in before the pause ends.
 */
export interface TokenSource {
  /**
   * The header to send. Signs in if needed. While a new token can't be obtained, an old one is given until it expires.
   *
   * @throws {CodeMieError} what the last sign-in threw. The signal's reason if it aborts.
   */
  token(signal: AbortSignal): Promise<AuthHeader>;
  /**
   * To be called when CodeMie answered 401 to this header. Gives another one to try once, or undefined where none is to
   * be had now: then the answer stands. A token that CodeMie refuses may still be good, since it also answers 401 while
   * its database is down; so it is kept until there is another.
   *
   * @throws {CodeMieError} what the sign-in threw. The signal's reason if it aborts.
   */
  replace(refused: AuthHeader, signal: AbortSignal): Promise<AuthHeader | undefined>;
  /** The token as it is now, for its content alone; undefined before the first sign-in. */
  current(): string | undefined;
}

/** Options for {@link createTokenSource}. */
export interface TokenSourceOptions {
  auth: CodeMieAuth;
  /** CodeMie's base URL without a trailing slash; for `localLogin`. */
  baseUrl: string;
  /** `Authorization` by default. */
  headerName?: AuthHeaderName;
  http: HttpClient;
  /** Of `localLogin`. */
  budget: SignInBudget;
  /** Epoch milliseconds. */
  now: () => number;
}

interface Current {
  token: string;
  header: AuthHeader;
  grantedAtMs: number;
  /** From here on a new one is asked for, although this one is still good. */
  renewAtMs: number;
  expiresAtMs: number;
}

/** For a token whose lifetime is not stated. Keycloak's default. */
const assumedLifetimeMs = durations.codemie.assumedTokenLifetimeMs;
/** So that an identity provider is not asked for each request, however short its tokens live. */
const shortestLifetimeMs = durations.codemie.shortestTokenLifetimeMs;
/** In CodeMie's default mode a token carries the login's rights, so an old one has old rights. */
const longestUseMs = durations.codemie.longestTokenUseMs;
const renewalShare = 0.2;
const longestRenewalMs = durations.codemie.renewalMs;

/** Pauses after failures in a row: base × 2^(n-1), at most max. */
interface Pauses {
  baseMs: number;
  maxMs: number;
}

/**
 * Identity providers lock an account after some failures
 * (https://www.keycloak.org/docs/latest/server_admin/#password-guess-brute-force-attacks). A new Secret makes a new source
 * anyway.
 */
const afterRefusal: Pauses = {
  baseMs: durations.codemie.refusedSignInMs,
  maxMs: durations.codemie.longestRefusedSignInMs,
};
const afterTrouble: Pauses = {
  baseMs: durations.codemie.failedSignInMs,
  maxMs: durations.codemie.longestFailedSignInMs,
};
/** CodeMie counts failed sign-ins, too, and allows five in 15 minutes. */
const afterTroubleOfLocalLogin: Pauses = {
  baseMs: durations.codemie.failedLocalLoginMs,
  maxMs: durations.codemie.longestFailedLocalLoginMs,
};
/** Between the sign-ins that answers of 401 cause: a token that young did not expire. */
const betweenReplacements: Pauses = {
  baseMs: durations.codemie.replacementMs,
  maxMs: durations.codemie.longestReplacementMs,
};

/** Creates the token source of one connection. It keeps its tokens in memory only. */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { auth, headerName = 'Authorization', http, baseUrl, budget, now } = options;
  if (auth.kind === 'token') {
    const header = authHeader(headerName, auth.token);
    return {
      token: async (signal) => {
        signal.throwIfAborted();
        return header;
      },
      replace: async () => undefined,
      current: () => auth.token,
    };
  }
  if (auth.kind === 'localLogin') {
    const signIn = () => localLogin({ http, baseUrl, auth, budget, now });
    return createRenewedSource({ signIn, headerName, now, trouble: afterTroubleOfLocalLogin });
  }
  const signIn = async () => {
    const grant = await oidcGrant(http, auth, auth.scope ?? defaultScope, now);
    return { ...grant, lifetimeMs: Math.min(statedLifetime(grant) ?? assumedLifetimeMs, longestUseMs) };
  };
  return createRenewedSource({ signIn, headerName, now, trouble: afterTrouble });
}

interface RenewedSourceOptions {
  signIn: () => Promise<Grant>;
  headerName: AuthHeaderName;
  now: () => number;
  trouble: Pauses;
}

function createRenewedSource({ signIn, headerName, now, trouble }: RenewedSourceOptions): TokenSource {
  let current: Current | undefined;
  let renewal: Promise<Current> | undefined;
  /** The failed sign-ins in a row. */
  let failure: { error: unknown; count: number; untilMs: number } | undefined;
  /** Sign-ins in a row that an answer of 401 caused. */
  let replacements = 0;

  async function renew(replacing: boolean): Promise<Current> {
    // A token is issued before its answer arrives.
    const grantedAtMs = now();
    try {
      const grant = await signIn();
      if (grant.token.length > bounds.accessToken.maxChars) throw tokenTooLong();
      const lifetimeMs = Math.max(statedLifetime(grant) ?? assumedLifetimeMs, shortestLifetimeMs);
      const expiresAtMs = grantedAtMs + lifetimeMs;
      const renewAtMs = expiresAtMs - Math.min(longestRenewalMs, lifetimeMs * renewalShare);
      const header = authHeader(headerName, grant.token);
      current = { token: grant.token, header, grantedAtMs, renewAtMs, expiresAtMs };
      replacements = replacing ? replacements + 1 : 0;
      failure = undefined;
      return current;
    } catch (error) {
      const count = (failure?.count ?? 0) + 1;
      failure = { error: keptError(error), count, untilMs: pauseUntil(error, count) };
      throw error;
    } finally {
      renewal = undefined;
    }
  }

  function pauseUntil(error: unknown, count: number): number {
    const codeMieError = error instanceof CodeMieError ? error : undefined;
    const pauses = codeMieError?.kind === 'unauthorized' ? afterRefusal : trouble;
    return Math.max(now() + pauseMs(pauses, count), codeMieError?.retryAtMs ?? 0);
  }

  async function renewed(replacing: boolean, signal: AbortSignal): Promise<AuthHeader> {
    if (renewal === undefined && failure !== undefined && now() < failure.untilMs) throw failure.error;
    renewal ??= renew(replacing);
    return (await orAbort(renewal, signal)).header;
  }

  function mayReplace({ grantedAtMs }: Current): boolean {
    const ageMs = now() - grantedAtMs;
    if (ageMs >= betweenReplacements.maxMs) replacements = 0;
    return ageMs >= pauseMs(betweenReplacements, replacements + 1);
  }

  return {
    token: async (signal) => {
      const held = current;
      if (held !== undefined && now() < held.renewAtMs) return held.header;
      try {
        return await renewed(false, signal);
      } catch (error) {
        // A token that is still good outlives a short failure of the identity provider.
        if (held !== undefined && held === current && now() < held.expiresAtMs && !signal.aborted)
          return held.header;
        throw error;
      }
    },
    replace: async (refused, signal) => {
      const held = current;
      if (held !== undefined && held.header.value !== refused.value) return held.header;
      // It may have expired on its way, which says nothing about the login.
      if (held !== undefined && now() >= held.renewAtMs) return renewed(false, signal);
      if (renewal === undefined && held !== undefined && !mayReplace(held)) return undefined;
      return renewed(true, signal);
    },
    current: () => current?.token,
  };
}

/** A token that is said to be good for no time at all would not have been issued. */
function statedLifetime({ lifetimeMs }: Grant): number | undefined {
  return lifetimeMs !== undefined && lifetimeMs > 0 ? lifetimeMs : undefined;
}

function pauseMs({ baseMs, maxMs }: Pauses, count: number): number {
  // The exponent is bounded, because 2^1024 is Infinity.
  return Math.min(maxMs, baseMs * 2 ** Math.min(count - 1, 20));
}

function tokenTooLong(): CodeMieError {
  return new CodeMieError({
    kind: 'protocol',
    message: `The access token of the connection has more than ${bounds.accessToken.maxChars} characters, which no server accepts in a header.`,
    hint: 'Let the identity provider put less into it, or check that auth names the right one.',
  });
}
