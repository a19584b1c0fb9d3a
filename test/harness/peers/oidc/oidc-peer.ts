import {
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomUUID,
} from 'node:crypto';
import { type Context, Provider, type ResourceServerInfo } from 'oidc-provider';
import type { Peer } from '../peer.ts';
import { claimsOf, type OidcAccount, type OidcClient, type OidcUser } from './accounts.ts';
import { type OidcFault, playFault } from './oidc-faults.ts';

/** An identity provider with the paths of Keycloak and its two machine grants. */
export interface OidcPeer extends Peer {
  /** `https://<host>/realms/<realm>`, the `iss` of its tokens. */
  readonly issuer: string;
  readonly tokenUrl: string;
  /** The `aud` of its tokens. */
  readonly audience: string;
  /** The public keys behind `/protocol/openid-connect/certs`, for peers that verify without a call. */
  jwks(): readonly JsonWebKey[];
  /** From now on; undefined mends it. */
  setFault(fault: OidcFault | undefined): void;
  /** Life of tokens issued from now on. */
  setTokenLifetime(seconds: number): void;
}

export interface OidcPeerOptions {
  /** Default `auth.example.com`. */
  readonly host?: string;
  /** Default `codemie`. */
  readonly realm?: string;
  readonly clients?: readonly OidcClient[];
  readonly users?: readonly OidcUser[];
  /** Default 300, Keycloak's own. */
  readonly tokenLifetimeSeconds?: number;
}

const publicClient = 'codemie-sdk';

let madeKey: KeyObject | undefined;

/** One key for all peers of a process, whose issuers tell them apart: making one takes a tenth of a second. */
function signingKey(): KeyObject {
  madeKey ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  return madeKey;
}

/**
 * A real OpenID provider (oidc-provider) made to look like Keycloak: grant `client_credentials` with the
 * secret in the header or in the body, and grant `password` for the public client `codemie-sdk`, which is
 * how CodeMie's own SDK signs in. Access tokens are RS256 JWTs.
 */
export function createOidcPeer(options: OidcPeerOptions = {}): OidcPeer {
  const host = options.host ?? 'auth.example.com';
  const path = `/realms/${options.realm ?? 'codemie'}`;
  const issuer = `https://${host}${path}`;
  const clients = options.clients ?? [];
  const users = options.users ?? [];
  let lifetimeSeconds = options.tokenLifetimeSeconds ?? 300;
  let fault: OidcFault | undefined;

  const privateKey = signingKey();
  const publicJwk = {
    ...createPublicKey(privateKey).export({ format: 'jwk' }),
    kid: 'realm',
    alg: 'RS256',
    use: 'sig',
  };
  const resource: ResourceServerInfo = {
    scope: 'openid profile email',
    audience: 'codemie',
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'RS256' } },
  };
  const resourceId = 'urn:codemie';

  function accountOf(accountId: string | undefined, clientId: string | undefined): OidcAccount | undefined {
    return accountId === undefined
      ? clients.find((client) => client.clientId === clientId)?.account
      : users.find((user) => user.subject === accountId);
  }

  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'realm', alg: 'RS256', use: 'sig' }] },
    cookies: { keys: [randomUUID()] },
    adapter: () => forgetfulAdapter,
    clients: [
      ...clients.map((client) => ({
        client_id: client.clientId,
        client_secret: client.clientSecret,
        ...machineClient('client_credentials'),
      })),
      { client_id: publicClient, token_endpoint_auth_method: 'none', ...machineClient('password') },
    ],
    routes: { token: '/protocol/openid-connect/token', jwks: '/protocol/openid-connect/certs' },
    scopes: ['openid', 'profile', 'email'],
    ttl: { ClientCredentials: () => lifetimeSeconds, AccessToken: () => lifetimeSeconds },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resourceId,
        getResourceServerInfo: () => resource,
        useGrantedResource: () => true,
      },
    },
    formats: {
      customizers: {
        jwt(_context, token, { payload }) {
          const account = accountOf(token.accountId, token.clientId);
          if (account !== undefined) {
            Object.assign(payload, claimsOf(account, token.clientId ?? publicClient));
          }
          const offset = fault?.kind === 'clock' ? fault.offsetSeconds : 0;
          payload['iat'] = Number(payload['iat']) + offset;
          payload['exp'] = Number(payload['exp']) + offset;
        },
      },
    },
  });

  provider.registerGrantType('password', (context) => grantByPassword(context), [
    'username',
    'password',
    'scope',
  ]);

  async function grantByPassword(context: Context): Promise<void> {
    const { username, password } = context.oidc.params;
    const user = users.find((one) => one.username === username && one.password === password);
    if (user === undefined) {
      context.status = 401;
      context.body = { error: 'invalid_grant', error_description: 'Invalid user credentials' };
      return;
    }
    const token = new provider.AccessToken({
      client: context.oidc.client,
      accountId: user.subject,
      grantId: randomUUID(),
      gty: 'password',
      scope: 'openid',
    });
    token.resourceServer = new provider.ResourceServer(resourceId, resource);
    context.body = { access_token: await token.save(), expires_in: token.expiration, token_type: 'Bearer' };
  }

  const answer = provider.callback();
  return {
    name: 'oidc',
    hosts: [host],
    requests: [],
    issuer,
    tokenUrl: `${issuer}/protocol/openid-connect/token`,
    audience: resource.audience,
    jwks: () => [publicJwk],
    setFault(next) {
      fault = next;
    },
    setTokenLifetime(seconds) {
      lifetimeSeconds = seconds;
    },
    handler(request, response) {
      const url = request.url ?? '/';
      if (!url.startsWith(`${path}/`)) {
        response.writeHead(404).end();
        return;
      }
      playFault(fault, request, response).then(
        (answered) => {
          if (!answered) {
            // oidc-provider finds where it is mounted as Express tells it: by `originalUrl`.
            answer(Object.assign(request, { originalUrl: url, url: url.slice(path.length) }), response);
          }
        },
        () => response.destroy(),
      );
    },
    close: () => Promise.resolve(),
  };
}

function machineClient(grant: string): object {
  return { grant_types: [grant], response_types: [], redirect_uris: [] };
}

/** Signed tokens need no store, and nothing here uses codes, sessions or refresh tokens. */
const forgetfulAdapter = {
  upsert: () => Promise.resolve(),
  find: () => Promise.resolve(undefined),
  findByUid: () => Promise.resolve(undefined),
  findByUserCode: () => Promise.resolve(undefined),
  consume: () => Promise.resolve(),
  destroy: () => Promise.resolve(),
  revokeByGrantId: () => Promise.resolve(),
};
