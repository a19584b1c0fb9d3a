import type { HttpClient } from '../net/http-client.ts';
import type { CodeMieAuth } from './auth.ts';
import { CodeMieError, type TokenRefusal } from './codemie-error.ts';
import type { TokenSource } from './sign-in.ts';
import { readToken, type TokenContent } from './token-content.ts';

/** Finds out why CodeMie does not take a login, or gives it no rights. */
export interface LoginCheck {
  /**
   * Explains a refusal by CodeMie: asks the identity provider whether it takes its own token, and reads the token. What
   * is found need not be the cause, since CodeMie also refuses every token while its database is down.
   *
   * @param said what CodeMie said about the token
   * @returns an error that names what is missing, as far as it was found out
   * @throws the signal's reason if it aborts
   */
  whyRefused(said: TokenRefusal, signal: AbortSignal): Promise<CodeMieError>;
  /** What a login that CodeMie accepts needs in order to administer a project: one sentence. */
  howToGetRights(): string;
}

/** Options for {@link createLoginCheck}. */
export interface LoginCheckOptions {
  auth: CodeMieAuth;
  http: HttpClient;
  tokens: TokenSource;
}

/** The roles of CodeMie's realm; one of them lets a user sign in. */
const rolesOfCodeMie = ['developer', 'admin'];

/** What the userinfo endpoint makes of a token. */
type Userinfo = 'accepts' | 'lacksOpenid' | 'refuses' | 'unknown';

/** Creates the check of one login. */
export function createLoginCheck({ auth, http, tokens }: LoginCheckOptions): LoginCheck {
  async function askUserinfo(signal: AbortSignal): Promise<Userinfo> {
    const url = 'tokenUrl' in auth ? userinfoOf(auth.tokenUrl) : undefined;
    const token = tokens.current();
    if (url === undefined || token === undefined) return 'unknown';
    const headers = { authorization: `Bearer ${token}` };
    try {
      const answer = await http.request({ url, headers, signal, maxRedirects: 0, accept: 'any' });
      if (answer.status === 200) return 'accepts';
      const challenge = answer.headers.get('www-authenticate') ?? '';
      if (challenge.includes('error="insufficient_scope"')) return 'lacksOpenid';
      return challenge.includes('error="invalid_token"') ? 'refuses' : 'unknown';
    } catch {
      // It was asked for a better sentence only.
      signal.throwIfAborted();
      return 'unknown';
    }
  }

  return {
    async whyRefused(said, signal) {
      const content = readToken(tokens.current() ?? '');
      const explained = explain(said, auth, content);
      if (explained) return explained;
      const userinfo = await askUserinfo(signal);
      const lack = lackOf(auth, userinfo, content);
      if (lack === undefined) return unexplained(userinfo);
      return refused(`CodeMie does not accept the login of the connection, and ${lack.what}.`, lack.remedy);
    },
    howToGetRights: () => rightsOf(readToken(tokens.current() ?? '')),
  };
}

/**
 * Keycloak's own path (https://www.keycloak.org/securing-apps/oidc-layers#_endpoints). Of other providers it is not known
 * without a request that nothing else needs.
 */
function userinfoOf(tokenUrl: string): string | undefined {
  const path = '/protocol/openid-connect/';
  return tokenUrl.endsWith(`${path}token`) ? `${tokenUrl.slice(0, -'token'.length)}userinfo` : undefined;
}

function lackOf(
  auth: CodeMieAuth,
  userinfo: Userinfo,
  content: TokenContent | undefined,
): { what: string; remedy: string } | undefined {
  // Its own issuer takes it, so it is one of OpenID, whatever it says about itself.
  const lacksOpenid =
    userinfo === 'lacksOpenid' ||
    (userinfo === 'unknown' && content?.roles !== undefined && lacks(content.scopes, ['openid']));
  if (lacksOpenid)
    return {
      what: "its token lacks the scope openid, without which Keycloak's userinfo endpoint rejects it",
      remedy:
        'scope' in auth && auth.scope !== undefined
          ? `Add openid to auth.${auth.kind}.scope.`
          : 'Let the identity provider issue the token with the scope openid.',
    };
  if (lacks(content?.roles, rolesOfCodeMie))
    return {
      what: 'its token has neither of the realm roles developer and admin',
      remedy: "Assign the role developer to the login's user in Keycloak.",
    };
  if (content && content.roles === undefined && 'tokenUrl' in auth && userinfoOf(auth.tokenUrl) !== undefined)
    return {
      what: 'its token carries no realm roles',
      remedy:
        'Add the client scope roles to the default scopes of the client in Keycloak, and switch off its lightweight access tokens.',
    };
  if (content?.roles !== undefined && !(content.email && content.names))
    return {
      what: content.email ? 'its token has no first and last name' : 'its token has no e-mail address',
      remedy: "Give the login's user in Keycloak an e-mail address, a first and a last name.",
    };
  return undefined;
}

/** What CodeMie requires of a token that it verifies itself, unless it is configured otherwise. */
const claimsOfCodeMie = ['iss', 'sub', 'email', 'groups', 'aud', 'exp', 'iat'];

/** Where CodeMie's own text says what is wrong. */
function explain(
  said: TokenRefusal,
  auth: CodeMieAuth,
  content: TokenContent | undefined,
): CodeMieError | undefined {
  switch (said) {
    case 'onTheWay':
      return refused(
        'Something before CodeMie, such as a proxy or a firewall, refuses the requests of the connection.',
        'Let it accept Bearer tokens of the identity provider (oauth2-proxy: skip_jwt_bearer_tokens and oidc_extra_audiences), or set url to the Service of CodeMie and authHeader: X-Auth-Request-Access-Token.',
      );
    case 'noToken':
      return refused(
        'CodeMie finds no token in the requests of the connection.',
        'Set authHeader to the header that CodeMie reads (Authorization, or X-Auth-Request-Access-Token past its proxy), and check that no proxy in between removes it.',
      );
    case 'expired':
      return refused(
        'CodeMie says that the token of the connection has expired.',
        auth.kind === 'token'
          ? 'Store a new one where auth.token.secretRef points.'
          : 'Check the clocks of CodeMie and of the server that issues the token.',
      );
    case 'otherIssuer':
      return refused(
        'CodeMie accepts only tokens that it issued, and the token of the connection is not one.',
        'Use auth.localLogin, or configure the identity provider in CodeMie.',
      );
    case 'notValid': {
      const missing = content ? claimsOfCodeMie.filter((claim) => !content.claims.has(claim)) : [];
      const claims =
        missing.length > 0
          ? ` (the token has no ${missing.join(', ')}, which CodeMie requires by default)`
          : '';
      return refused(
        'CodeMie verifies tokens itself, and rejects that of the connection.',
        `Compare issuer, audience and claims of the token with JWKS_TRUSTED_ISSUERS of CodeMie${claims}; in Keycloak, mappers of the client add an audience and claims.`,
      );
    }
    case 'unsaid':
      return undefined;
  }
}

function unexplained(userinfo: Userinfo): CodeMieError {
  const alsoWhenDown = 'CodeMie also answers so while its own database or identity provider is down';
  switch (userinfo) {
    case 'accepts':
      return refused(
        'CodeMie does not accept the login of the connection, although the identity provider accepts its token.',
        `Check authHeader, and the audience and claims if CodeMie verifies tokens itself; ${alsoWhenDown}.`,
      );
    case 'refuses':
      return refused(
        'CodeMie does not accept the login of the connection, and the identity provider rejects the token that it issued.',
        'Check that tokenURL has the same host as in the configuration of CodeMie, and that the user is enabled.',
      );
    case 'lacksOpenid':
    case 'unknown':
      return refused(
        'CodeMie does not accept the login of the connection.',
        `Check auth and authHeader; ${alsoWhenDown}.`,
      );
  }
}

/** In CodeMie's default mode rights are claims of the token, in the other one CodeMie's own; nothing reports which one it is. */
function rightsOf(content: TokenContent | undefined): string {
  if (lacks(content?.roles, rolesOfCodeMie))
    return "Its token has neither of the realm roles developer and admin: assign developer to the login's user in Keycloak.";
  const inCodeMie = 'make it an administrator of its projects in CodeMie';
  if (content?.roles !== undefined && lacks(content.scopes, ['codemie']))
    return `Its token lacks the client scope codemie: add it to the default scopes of the client in Keycloak, or ${inCodeMie} where CodeMie manages users itself.`;
  if (content?.roles !== undefined && !content.applicationsAdmin)
    return `Its token lacks the attribute applications_admin: add that and applications to the login's user in Keycloak, or ${inCodeMie} where CodeMie manages users itself.`;
  if (content?.applicationsAdmin && !content.administersOwn)
    return `Its attribute applications_admin names no project that its attribute applications names, too: add its projects to both, with commas between them, or ${inCodeMie} where CodeMie manages users itself.`;
  return `${inCodeMie.replace(/^m/, 'M')}.`;
}

function lacks(there: ReadonlySet<string> | undefined, wanted: readonly string[]): boolean {
  return there !== undefined && !wanted.some((each) => there.has(each));
}

function refused(message: string, hint: string): CodeMieError {
  return new CodeMieError({ kind: 'unauthorized', message, hint });
}
