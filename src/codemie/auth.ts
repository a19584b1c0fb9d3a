/** How a connection signs in. Holds secrets: never log it. */
export type CodeMieAuth =
  | {
      kind: 'clientCredentials';
      tokenUrl: string;
      clientId: string;
      clientSecret: string;
      /** Scopes to ask for, separated by blanks; {@link defaultScope} if undefined. */
      scope?: string;
    }
  | {
      kind: 'password';
      tokenUrl: string;
      clientId: string;
      username: string;
      password: string;
      /** As for `clientCredentials`. */
      scope?: string;
    }
  | { kind: 'localLogin'; email: string; password: string }
  | { kind: 'token'; token: string };

/** A login at an OpenID Connect provider. */
export type OidcAuth = Extract<CodeMieAuth, { kind: 'clientCredentials' | 'password' }>;

/**
 * Asks for a token of OpenID Connect: CodeMie validates it at Keycloak's userinfo endpoint, which answers 403
 * `insufficient_scope` to any other (OpenID Connect Core, 5.3.1).
 */
export const defaultScope = 'openid';

/**
 * The header that carries the token. `X-Auth-Request-Access-Token` is the one the proxy in front of CodeMie sets
 * (https://oauth2-proxy.github.io/oauth2-proxy/configuration/overview, pass-access-token), so a connection that goes past
 * the proxy has to set it itself.
 */
export type AuthHeaderName = 'Authorization' | 'X-Auth-Request-Access-Token';

/** A header ready to be sent. */
export interface AuthHeader {
  name: string;
  value: string;
}

/** Puts a token into its header. */
export function authHeader(name: AuthHeaderName, token: string): AuthHeader {
  return { name, value: name === 'Authorization' ? `Bearer ${token}` : token };
}

/** A token as an identity provider gave it. */
export interface Grant {
  token: string;
  /** How long it is good from now; undefined if the server doesn't say. */
  lifetimeMs?: number;
}
