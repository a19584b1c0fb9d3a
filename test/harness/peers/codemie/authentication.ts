import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { z } from 'zod';
import { type ApiError, applicationError } from './api-error.ts';
import type { CodeMieUser, Directory } from './directory.ts';
import type { ApiRequest } from './http.ts';
import { type DecodedToken, decodeToken, signToken } from './jwt.ts';

/** Keycloak as CodeMie uses it: without `JWKS_VALIDATION_ENABLED`, its userinfo endpoint is asked about each token. */
export interface IdentityProvider {
  readonly issuer: string;
  userinfo(token: string): { readonly status: number; readonly body?: unknown };
}

/** Where a token is read from: past oauth2-proxy, CodeMie's Keycloak provider wants it in a separate header. */
export type TokenHeader = 'authorization' | 'x-auth-request-access-token';

export interface Authentication {
  /** Who asks. Throws ApiError 401; 422 for an identity provider's user whose `sub` is no UUID. */
  authenticate(request: ApiRequest): CodeMieUser;
  /** Accepts an opaque token for a user. */
  addToken(token: string, userId: string): void;
  /** A token of CodeMie's own sign-in: RS256, 24 hours, issuer `codemie-local`. */
  issueToken(user: CodeMieUser): string;
}

/** `JWKS_VALIDATION_ENABLED`: CodeMie verifies tokens itself. */
export interface TokenVerification {
  readonly audience: string;
  /** Default: those of CodeMie. */
  readonly requiredClaims?: readonly string[];
}

export interface AuthenticationOptions {
  readonly directory: Directory;
  readonly now: () => number;
  readonly tokenHeader: TokenHeader;
  readonly identityProvider: IdentityProvider | undefined;
  /** `ENABLE_USER_MANAGEMENT`: whose word counts for the rights of the identity provider's users, CodeMie's or its. */
  readonly userManagement: boolean;
  readonly tokenVerification: () => TokenVerification | undefined;
  /** False while the database is down and no earlier sign-in is remembered. */
  readonly canLookUpUsers: () => boolean;
}

/** Roles of the realm. `developer` alone gives no right. */
const signInRoles = ['developer', 'admin'];
const userinfo = z.object({
  sub: z.string(),
  preferred_username: z.string(),
  email: z.string(),
  given_name: z.string(),
  family_name: z.string(),
  applications: z.string().default(''),
  applications_admin: z.string().default(''),
});

/** What `docs/jwks-configuration-reference.md` of codemie-ai/codemie names as the default. */
const claimsOfCodeMie = ['iss', 'sub', 'email', 'groups', 'aud', 'exp', 'iat'];
const verified = z.looseObject({
  iss: z.string(),
  aud: z.union([z.array(z.string()), z.string().transform((one) => [one])]),
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const localIssuer = 'codemie-local';
const localLifetimeSeconds = 86_400;

/**
 * A deployment of CodeMie has either its own sign-in or one identity provider. This peer takes tokens of
 * both, and opaque ones registered by the test, so that one server serves every kind of connection; the
 * error is that of the kind of token at hand.
 */
export function createAuthentication(options: AuthenticationOptions): Authentication {
  const { directory, now, identityProvider } = options;
  const opaqueTokens = new Map<string, string>();
  let madeKeys: KeyPairKeyObjectResult | undefined;
  // Generating them takes a tenth of a second, and most callers have tokens of another issuer.
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

  function userOfProvider(text: string, token: DecodedToken, provider: IdentityProvider): CodeMieUser {
    const answer = provider.userinfo(text);
    const { data: info } = userinfo.safeParse(answer.body);
    // The realm's roles are in the token only. Without one a user can't sign in, nor without e-mail address and names.
    const { roles } = token.claims.realm_access;
    if (answer.status !== 200 || info === undefined || !roles.some((role) => signInRoles.includes(role)))
      throw notAuthenticated();
    const id = info.sub;
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
      throw applicationError(422, 'Invalid user id', 'User id must be a valid UUID');
    }
    const known = directory.userById(id);
    const isAdmin = roles.includes('admin');
    const { preferred_username: username, email } = info;
    // With user management, roles and projects are copied once; afterwards CodeMie's own tables decide.
    if (options.userManagement) {
      const rights = {
        memberOf: namesIn(info.applications),
        projectAdminOf: namesIn(info.applications_admin),
      };
      return known ?? directory.addUser({ id, username, email, isAdmin, ...rights });
    }
    const user = known ?? directory.addUser({ id, username, email });
    user.isAdmin = isAdmin;
    user.projects.clear();
    for (const project of namesIn(info.applications)) {
      directory.addProject(project);
      user.projects.set(project, false);
    }
    for (const project of namesIn(info.applications_admin)) {
      if (user.projects.has(project)) user.projects.set(project, true);
    }
    return user;
  }

  function verify(
    request: ApiRequest,
    { audience, requiredClaims = claimsOfCodeMie }: TokenVerification,
  ): void {
    const [, text = ''] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (text === '') throw applicationError(401, 'Authentication failed', 'Missing Authorization header');
    const claims = verified.safeParse(
      parseJson(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()),
    );
    const isGood =
      claims.success &&
      claims.data.iss === identityProvider?.issuer &&
      claims.data.aud.includes(audience) &&
      requiredClaims.every((claim) => claims.data[claim] !== undefined);
    if (!isGood) throw applicationError(401, 'Token validation failed', 'Invalid or expired credentials');
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
      return userOfProvider(text, token, identityProvider);
    }
    throw applicationError(401, 'Invalid JWT issuer');
  }

  return {
    authenticate(request) {
      const verification = options.tokenVerification();
      if (verification) verify(request, verification);
      const token = presentedToken(request, options.tokenHeader);
      if (!options.canLookUpUsers()) {
        throw notAuthenticated();
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

/** A token that the identity provider does not take; an outage of the database looks the same. */
function notAuthenticated(): ApiError {
  return applicationError(
    401,
    'Authentication failed',
    'No valid authentication credentials were provided with this request.',
    'Please sign in again.',
  );
}

/** A list as the attributes of users have it: names with commas between them. */
function namesIn(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
