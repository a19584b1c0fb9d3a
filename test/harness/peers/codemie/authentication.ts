import { generateKeyPairSync, type JsonWebKey, type KeyPairKeyObjectResult } from 'node:crypto';
import { type ApiError, applicationError } from './api-error.ts';
import type { CodeMieUser, Directory } from './directory.ts';
import type { ApiRequest } from './http.ts';
import { type Claims, type DecodedToken, decodeToken, keyOf, signToken } from './jwt.ts';

/** Who signs tokens beside CodeMie itself; its keys are asked for at each sign-in. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly audience: string;
  jwks(): readonly JsonWebKey[];
}

/** Where a token is read from: past oauth2-proxy, CodeMie's Keycloak provider wants it in a header of its own. */
export type TokenHeader = 'authorization' | 'x-auth-request-access-token';

export interface Authentication {
  /** Who asks. Throws ApiError 401; 422 for an identity provider's user whose `sub` is no UUID. */
  authenticate(request: ApiRequest): CodeMieUser;
  /** Makes an opaque token good for a user. */
  addToken(token: string, userId: string): void;
  /** A token of CodeMie's own sign-in: RS256, 24 hours, issuer `codemie-local`. */
  issueToken(user: CodeMieUser): string;
}

export interface AuthenticationOptions {
  readonly directory: Directory;
  readonly now: () => number;
  readonly tokenHeader: TokenHeader;
  readonly identityProvider: IdentityProvider | undefined;
  /** False while the database is down and no earlier sign-in is remembered. */
  readonly canLookUpUsers: () => boolean;
}

const localIssuer = 'codemie-local';
const localLifetimeSeconds = 86_400;
const leewaySeconds = 30;

/**
 * A deployment of CodeMie has either its own sign-in or one identity provider. This peer takes tokens of
 * both, and opaque ones registered by the test, so that one server serves every kind of connection; the
 * error is that of the kind of token at hand.
 */
export function createAuthentication(options: AuthenticationOptions): Authentication {
  const { directory, now, identityProvider } = options;
  const opaqueTokens = new Map<string, string>();
  let madeKeys: KeyPairKeyObjectResult | undefined;
  // Making them takes a tenth of a second, and most who ask have tokens of somebody else.
  const localKeys = (): KeyPairKeyObjectResult =>
    (madeKeys ??= generateKeyPairSync('rsa', { modulusLength: 2048 }));

  function userOfLocalToken(token: DecodedToken): CodeMieUser {
    if (!token.isSignedBy(localKeys().publicKey)) {
      throw applicationError(401, 'Invalid JWT: Signature verification failed');
    }
    if (token.claims.exp * 1_000 <= now()) {
      throw applicationError(401, 'JWT has expired');
    }
    return knownUser(token.claims.sub);
  }

  function userOfProvider(token: DecodedToken, provider: IdentityProvider): CodeMieUser {
    const { claims } = token;
    const nowSeconds = now() / 1_000;
    const signed = provider
      .jwks()
      .some(
        (jwk) => (token.keyId === undefined || jwk['kid'] === token.keyId) && token.isSignedBy(keyOf(jwk)),
      );
    const current = claims.iat - leewaySeconds <= nowSeconds && nowSeconds < claims.exp + leewaySeconds;
    if (!signed || !current || claims.aud !== provider.audience) {
      throw applicationError(401, 'Token validation failed', 'Invalid or expired credentials');
    }
    const id = claims.sub;
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
      throw applicationError(422, 'Invalid user id', 'User id must be a valid UUID');
    }
    return directory.userById(id) ?? firstSignIn(id, claims);
  }

  // Roles are taken over once; afterwards CodeMie's own tables decide.
  function firstSignIn(id: string, claims: Claims): CodeMieUser {
    return directory.addUser({
      id,
      username: claims.preferred_username ?? id,
      email: claims.email ?? `${id}@example.com`,
      isAdmin: claims.realm_access.roles.includes('admin'),
    });
  }

  function knownUser(id: string): CodeMieUser {
    const user = directory.userById(id);
    if (user === undefined) {
      throw applicationError(401, 'Invalid credentials');
    }
    return user;
  }

  function userOf(text: string): CodeMieUser {
    const opaque = opaqueTokens.get(text);
    if (opaque !== undefined) {
      return knownUser(opaque);
    }
    const token = decodeToken(text);
    if (token === undefined) {
      throw applicationError(401, 'Invalid JWT: Not enough segments');
    }
    if (token.claims.iss === localIssuer) {
      return userOfLocalToken(token);
    }
    if (identityProvider !== undefined && token.claims.iss === identityProvider.issuer) {
      return userOfProvider(token, identityProvider);
    }
    throw applicationError(401, 'Invalid JWT issuer');
  }

  return {
    authenticate(request) {
      const token = presentedToken(request, options.tokenHeader);
      if (!options.canLookUpUsers()) {
        throw databaseIsDown();
      }
      return userOf(token);
    },
    addToken: (token, userId) => {
      opaqueTokens.set(token, userId);
    },
    issueToken(user) {
      const issuedAt = Math.floor(now() / 1_000);
      const claims = {
        sub: user.id,
        email: user.email,
        auth_source: 'local',
        iss: localIssuer,
        iat: issuedAt,
        exp: issuedAt + localLifetimeSeconds,
      };
      return signToken(claims, localKeys().privateKey);
    },
  };
}

function presentedToken(request: ApiRequest, header: TokenHeader): string {
  const cookie = /(?:^|;\s*)codemie_access_token=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
  const sent = request.headers[header];
  const text = typeof sent === 'string' ? sent : undefined;
  const fromHeader = header === 'authorization' ? /^Bearer (.+)$/i.exec(text ?? '')?.[1] : text;
  if (fromHeader !== undefined && cookie !== undefined) {
    throw applicationError(401, 'Ambiguous authentication');
  }
  const token = fromHeader ?? cookie;
  if (token === undefined) {
    throw applicationError(401, 'Authentication required');
  }
  return token;
}

/** An outage of the database looks like a bad token. */
function databaseIsDown(): ApiError {
  return applicationError(
    401,
    'Authentication failed',
    'No valid authentication credentials were provided with this request.',
    'Please sign in again.',
  );
}
