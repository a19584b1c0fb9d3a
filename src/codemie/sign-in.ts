import type { HttpClient } from '../net/http-client.ts';
import { type AuthHeader, type AuthHeaderName, authHeader, type CodeMieAuth, type Grant } from './auth.ts';
import { CodeMieError } from './codemie-error.ts';
import { localLogin } from './local-login.ts';
import { oidcGrant } from './oidc-grant.ts';
import { untilAborted } from './until-aborted.ts';

/** Gives the current token of one connection. */
export interface TokenSource {
  /**
   * The header to send. Signs in if needed, once for all who ask at the same time.
   *
   * @throws {CodeMieError} what signing in threw. The signal's reason if it aborts.
   */
  token(signal: AbortSignal): Promise<AuthHeader>;
  /**
   * To be called when CodeMie answered 401 to this header. True if it is worth asking for a token and trying once more.
   */
  invalidate(refused: AuthHeader): boolean;
}

/** Options for {@link createTokenSource}. */
export interface TokenSourceOptions {
  auth: CodeMieAuth;
  /** CodeMie's base URL without a trailing slash; for `localLogin`. */
  baseUrl: string;
  /** `Authorization` by default. */
  headerName?: AuthHeaderName;
  http: HttpClient;
  now: () => number;
}

interface Current {
  header: AuthHeader;
  grantedAtMs: number;
  /** From here on a new one is asked for, although this one is still good. */
  renewAtMs: number;
  expiresAtMs: number;
}

/** For a token whose lifetime nobody states. Keycloak's default. */
const assumedLifetimeMs = 300_000;
const renewalShare = 0.2;
const longestRenewalMs = 60_000;
/** A token this young that is refused did not expire: another would be refused too. */
const youngMs = 30_000;
/**
 * A refused login is not repeated sooner. Identity providers lock an account after some failures
 * (https://www.keycloak.org/docs/latest/server_admin/#password-guess-brute-force-attacks), and a new Secret makes a new
 * source anyway.
 */
const pauseAfterRefusalMs = 60_000;

/** Creates the token source of one connection. It keeps its tokens in memory only. */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { auth, headerName = 'Authorization', now } = options;
  if (auth.kind === 'token') {
    const header = authHeader(headerName, auth.token);
    return {
      token: async (signal) => {
        signal.throwIfAborted();
        return header;
      },
      invalidate: () => false,
    };
  }
  const signIn = (): Promise<Grant> =>
    auth.kind === 'localLogin'
      ? localLogin(options.http, options.baseUrl, auth, now)
      : oidcGrant(options.http, auth);
  return createRenewedSource(signIn, headerName, now);
}

function createRenewedSource(
  signIn: () => Promise<Grant>,
  headerName: AuthHeaderName,
  now: () => number,
): TokenSource {
  let current: Current | undefined;
  let renewal: Promise<Current> | undefined;
  let refusal: { error: CodeMieError; untilMs: number } | undefined;

  async function renew(): Promise<Current> {
    try {
      const { token, lifetimeMs = assumedLifetimeMs } = await signIn();
      const grantedAtMs = now();
      const expiresAtMs = grantedAtMs + lifetimeMs;
      const renewAtMs = expiresAtMs - Math.min(longestRenewalMs, lifetimeMs * renewalShare);
      current = { header: authHeader(headerName, token), grantedAtMs, renewAtMs, expiresAtMs };
      return current;
    } catch (error) {
      if (error instanceof CodeMieError) refusal = refusalAfter(error, now());
      throw error;
    } finally {
      renewal = undefined;
    }
  }

  async function renewed(): Promise<Current> {
    if (refusal !== undefined && now() < refusal.untilMs) throw refusal.error;
    renewal ??= renew();
    return renewal;
  }

  return {
    token: async (signal) => {
      const held = current;
      if (held !== undefined && now() < held.renewAtMs) return held.header;
      try {
        return (await untilAborted(renewed(), signal)).header;
      } catch (error) {
        // A token that is still good outlives a short failure of the identity provider.
        if (held !== undefined && held === current && now() < held.expiresAtMs && !signal.aborted)
          return held.header;
        throw error;
      }
    },
    invalidate: (refused) => {
      if (current?.header.value !== refused.value) return true;
      if (now() - current.grantedAtMs < youngMs) return false;
      current = undefined;
      return true;
    },
  };
}

function refusalAfter(
  error: CodeMieError,
  nowMs: number,
): { error: CodeMieError; untilMs: number } | undefined {
  if (error.kind === 'unauthorized') return { error, untilMs: nowMs + pauseAfterRefusalMs };
  return error.retryAtMs === undefined ? undefined : { error, untilMs: error.retryAtMs };
}
