import {
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomUUID,
} from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { decodeToken, signToken } from '../codemie/jwt.ts';
import type { Peer } from '../peer.ts';
import type { OidcClient, OidcUser } from './accounts.ts';
import { answerAdmin } from './admin-api.ts';
import { type OidcFault, playFault } from './oidc-faults.ts';
import { createRealm, type Realm } from './realm.ts';
import { answerToken, answerUserinfo, type KeycloakAnswer, oauthError } from './token-endpoint.ts';

/** Keycloak 26 with one realm in addition to `master`, under the path of CodeMie's installation. */
export interface OidcPeer extends Peer {
  /** `https://<host>/auth`, below which everything is. */
  readonly url: string;
  /** `https://<host>/auth/realms/<realm>`, the `iss` of its tokens. */
  readonly issuer: string;
  readonly tokenUrl: string;
  /** Changed as an administrator does in the console, with effect from the next request on. */
  readonly realm: Realm;
  /** The administrator of `master`, for the admin API. */
  readonly admin: { readonly username: string; readonly password: string };
  /** The public keys behind `/protocol/openid-connect/certs`, for peers that verify without a call. */
  jwks(): readonly JsonWebKey[];
  /** What the userinfo endpoint answers to a token, for peers that ask without a call. Status 503 while it is down. */
  userinfo(token: string): KeycloakAnswer;
  /** From now on; undefined ends it. */
  setFault(fault: OidcFault | undefined): void;
  /** Life of tokens issued from now on. */
  setTokenLifetime(seconds: number): void;
}

export interface OidcPeerOptions {
  /** Default `auth.example.com`. */
  readonly host?: string;
  /** Default `codemie-prod`. */
  readonly realm?: string;
  readonly clients?: readonly OidcClient[];
  /** People, who sign in through the public client `codemie-sdk`. */
  readonly users?: readonly OidcUser[];
  /** Default 300, Keycloak's own. */
  readonly tokenLifetimeSeconds?: number;
}

let madeKey: KeyObject | undefined;

/** One key for all peers of a process, which differ by their issuers: generating one takes a tenth of a second. */
function signingKey(): KeyObject {
  madeKey ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  return madeKey;
}

const tokenPath = '/protocol/openid-connect/token';
const scopeClaims = z.object({
  scope: z.string().default(''),
  azp: z.string().optional(),
  sub: z.string().optional(),
});

/**
 * Keycloak as the operator, CodeMie and an administrator meet it: the token endpoint with the two machine grants,
 * userinfo, and as much of the admin API as it takes to create a client. `test/keycloak` compares its answers with
 * those of the real server. Access tokens are RS256 JWTs.
 */
export function createOidcPeer(options: OidcPeerOptions = {}): OidcPeer {
  const host = options.host ?? 'auth.example.com';
  const name = options.realm ?? 'codemie-prod';
  const url = `https://${host}/auth`;
  const issuer = `${url}/realms/${name}`;
  const realm = createRealm(name, options.clients ?? [], options.users ?? []);
  const admin = { username: 'admin', password: randomUUID() };
  const adminTokens = new Set<string>();
  let lifetimeSeconds = options.tokenLifetimeSeconds ?? 300;
  let fault: OidcFault | undefined;

  const privateKey = signingKey();
  const publicKey = createPublicKey(privateKey);
  const publicJwk = { ...publicKey.export({ format: 'jwk' }), kid: 'realm', alg: 'RS256', use: 'sig' };
  const nowSeconds = (): number =>
    Math.floor(Date.now() / 1_000) + (fault?.kind === 'clock' ? fault.offsetSeconds : 0);
  const endpoint = {
    realm,
    issuer,
    nowSeconds,
    lifetimeSeconds: () => lifetimeSeconds,
    sign: (claims: Readonly<Record<string, unknown>>) => signToken(claims, privateKey),
  };

  function userinfoOf(token: string): KeycloakAnswer {
    const decoded = decodeToken(token);
    const good =
      decoded?.isSignedBy(publicKey) === true &&
      decoded.claims.iss === issuer &&
      decoded.claims.exp > nowSeconds();
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
    return answerUserinfo(realm, good ? scopeClaims.parse(JSON.parse(payload)) : undefined);
  }

  function signInAdmin(form: URLSearchParams): KeycloakAnswer {
    if (form.get('client_id') !== 'admin-cli' || form.get('grant_type') !== 'password')
      return oauthError(401, 'invalid_client', 'Invalid client or Invalid client credentials');
    if (form.get('username') !== admin.username || form.get('password') !== admin.password)
      return oauthError(401, 'invalid_grant', 'Invalid user credentials');
    const token = randomUUID();
    adminTokens.add(token);
    return { status: 200, body: { access_token: token, expires_in: 60, token_type: 'Bearer' } };
  }

  function answer(
    request: IncomingMessage,
    path: string,
    query: URLSearchParams,
    body: string,
  ): KeycloakAnswer {
    const { method = 'GET', headers } = request;
    const authorization = headers.authorization ?? '';
    const [, bearer] = /^Bearer (.+)$/i.exec(authorization) ?? [];
    if (path === `/realms/master${tokenPath}` && method === 'POST')
      return signInAdmin(new URLSearchParams(body));
    const [, adminOf, adminPath = ''] = /^\/admin\/realms\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    if (adminOf !== undefined) {
      if (bearer === undefined || !adminTokens.has(bearer))
        return { status: 401, body: { error: 'HTTP 401 Unauthorized' } };
      if (adminOf !== name) return { status: 404, body: { error: 'Realm not found.' } };
      const parsed: unknown = body === '' ? undefined : JSON.parse(body);
      return answerAdmin(realm, `${url}/admin/realms/${name}`, {
        method,
        path: adminPath,
        query,
        body: parsed,
      });
    }
    const [, realmName, rest = ''] = /^\/realms\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    if (realmName === undefined)
      return { status: 404, body: '<html><body><h1>Resource not found</h1></body></html>' };
    if (realmName !== name) return { status: 404, body: { error: 'Realm does not exist' } };
    switch (rest) {
      case tokenPath:
        return method === 'POST'
          ? answerToken(endpoint, new URLSearchParams(body), authorization)
          : { status: 405, body: { error: 'HTTP 405 Method Not Allowed' } };
      case '/protocol/openid-connect/userinfo':
        return bearer === undefined
          ? { status: 401, body: '', headers: { 'www-authenticate': `Bearer realm="${name}"` } }
          : userinfoOf(bearer);
      case '/protocol/openid-connect/certs':
        return { status: 200, body: { keys: [publicJwk] } };
      case '/.well-known/openid-configuration':
        return {
          status: 200,
          body: {
            issuer,
            token_endpoint: issuer + tokenPath,
            userinfo_endpoint: `${issuer}/protocol/openid-connect/userinfo`,
            jwks_uri: `${issuer}/protocol/openid-connect/certs`,
          },
        };
      case '':
        return { status: method === 'GET' ? 200 : 405, body: { error: 'HTTP 405 Method Not Allowed' } };
      default:
        return { status: 404, body: { error: 'HTTP 404 Not Found' } };
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await playFault(fault, request, response)) return;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const path = pathname.startsWith('/auth/') ? pathname.slice('/auth'.length) : '/';
    const { status, body, headers } = answer(request, path, searchParams, Buffer.concat(chunks).toString());
    if (body === undefined) response.writeHead(status, headers).end();
    else if (typeof body === 'string')
      response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body);
    else
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body));
  }

  return {
    name: 'oidc',
    hosts: [host],
    requests: [],
    url,
    issuer,
    tokenUrl: issuer + tokenPath,
    realm,
    admin,
    jwks: () => [publicJwk],
    userinfo: (token) => (fault?.kind === 'down' ? { status: 503 } : userinfoOf(token)),
    setFault(next) {
      fault = next;
    },
    setTokenLifetime(seconds) {
      lifetimeSeconds = seconds;
    },
    handler(request, response) {
      serve(request, response).catch(() => response.destroy());
    },
    close: () => Promise.resolve(),
  };
}
