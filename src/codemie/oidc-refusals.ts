import { z } from 'zod';
import type { NetError } from '../net/net-error.ts';
import type { OidcAuth } from './auth.ts';
import { CodeMieError } from './codemie-error.ts';
import { retryAt } from './failures.ts';

/** RFC 6749, 5.2. The description is compared with the texts below and never shown. */
const refusal = z.object({ error: z.string(), error_description: z.string().optional().catch(undefined) });

/** A refusal that is known: by its code, and where that is not enough, by the text of Keycloak. */
interface KnownRefusal {
  code: string;
  /** Whole or by its beginning; any description if undefined. */
  description?: string;
  /** What is wrong and what to do about it. */
  hint: (auth: OidcAuth) => string;
}

const anyClient = 'Invalid client or Invalid client credentials';

/**
 * The refusals of Keycloak 26 (`TokenEndpoint`, `ClientIdAndSecretAuthenticator` and `ClientCredentialsGrantType` of
 * https://github.com/keycloak/keycloak, run), each before the meaning that RFC 6749 gives to its code. The first that
 * fits counts.
 */
const knownRefusals: readonly KnownRefusal[] = [
  {
    code: 'unauthorized_client',
    description: anyClient,
    hint: (auth) =>
      auth.kind === 'clientCredentials'
        ? "It knows the client and rejects the client secret: store the client's present secret where auth.clientCredentials.clientSecretRef points."
        : 'Its client wants a secret, which the grant password does not send: name a public client in auth.password.clientID, or use auth.clientCredentials.',
  },
  {
    code: 'unauthorized_client',
    description: 'Public client not allowed to retrieve service account',
    hint: () =>
      'The client is a public one: switch on "Client authentication" and "Service accounts roles" of the client.',
  },
  {
    code: 'unauthorized_client',
    description: 'Client not enabled to retrieve service account',
    hint: () => 'The client has no service account: switch on "Service accounts roles" of the client.',
  },
  {
    code: 'unauthorized_client',
    description: 'Client not allowed for direct access grants',
    hint: () =>
      'The client does not allow the grant password: switch on "Direct access grants" of the client.',
  },
  {
    code: 'unauthorized_client',
    hint: () => 'The client is not allowed to use this grant: enable it in the identity provider.',
  },
  {
    code: 'invalid_client',
    description: anyClient,
    hint: (auth) =>
      `It has no such client, or the client is disabled or identifies itself by a certificate: check auth.${auth.kind}.clientID, and the realm in tokenURL.`,
  },
  {
    code: 'invalid_client',
    description: 'Parameter client_assertion_type is missing',
    hint: () =>
      'The client identifies itself by a signed JWT: choose "Client Id and Secret" as the client authenticator of the client.',
  },
  { code: 'invalid_client', hint: () => 'The client ID or the client secret is wrong.' },
  {
    code: 'invalid_grant',
    description: 'Account is not fully set up',
    hint: () =>
      'The user has to complete its account first: sign in once with a browser, or clear its required actions.',
  },
  {
    code: 'invalid_grant',
    description: 'Account disabled',
    hint: () => 'The user is disabled: enable it in the identity provider.',
  },
  {
    code: 'invalid_grant',
    hint: () => 'The user name or the password is wrong, or the account is locked or not fully set up.',
  },
  {
    code: 'invalid_request',
    description: "User '",
    hint: () => "The client's service account is disabled: enable that user in the identity provider.",
  },
  {
    code: 'invalid_request',
    description: 'HTTPS required',
    hint: () => 'It wants https: correct tokenURL, or the proxy headers that Keycloak gets.',
  },
  {
    code: 'invalid_request',
    description: 'DPoP proof is missing',
    hint: () =>
      'The client requires DPoP, which the operator and CodeMie do not use: switch off "Require DPoP bound tokens" of the client.',
  },
  {
    code: 'invalid_request',
    description: 'Client Certification missing for MTLS',
    hint: () =>
      'The client binds tokens to a client certificate, which the operator does not have: switch off "OAuth 2.0 Mutual TLS Certificate Bound Access Tokens" of the client.',
  },
  {
    code: 'access_denied',
    description: 'Realm not enabled',
    hint: () => 'The realm in tokenURL is disabled: enable it in the identity provider.',
  },
  {
    code: 'unsupported_grant_type',
    hint: () => 'The identity provider does not know this grant, or tokenURL is not its token endpoint.',
  },
  {
    code: 'invalid_scope',
    hint: (auth) =>
      auth.scope === undefined
        ? `It does not give the scope openid, which is asked for by default: set auth.${auth.kind}.scope to the scopes that it wants.`
        : `It does not know a scope of auth.${auth.kind}.scope, or does not give it to this client.`,
  },
  {
    code: 'invalid_request',
    hint: () =>
      'It does not accept the form of the request: check that tokenURL is a token endpoint, and what the client requires besides its secret.',
  },
];

/**
 * Says what an answer other than a success means. One that is not known is no verdict: it may be that of a proxy, or pass.
 *
 * @param nowMs epoch milliseconds, for `Retry-After`
 */
export async function refusalOf(response: Response, auth: OidcAuth, nowMs: number): Promise<CodeMieError> {
  const { status } = response;
  const { data } = refusal.safeParse(await response.json().catch(() => undefined));
  if (status === 429 || status >= 500) {
    const retryAtMs = retryAt(response, nowMs);
    return new CodeMieError({
      kind: status === 429 ? 'rateLimited' : 'unreachable',
      message: 'The identity provider of the connection gives no token at the moment.',
      hint: 'The operator retries; if this persists, check the identity provider.',
      ...(retryAtMs === undefined ? {} : { retryAtMs }),
    });
  }
  const match = data && knownRefusals.find((each) => fits(each, data.error, data.error_description));
  if (match)
    return new CodeMieError({
      kind: 'unauthorized',
      message: 'The identity provider does not accept the login of the connection.',
      hint: match.hint(auth),
    });
  if (data?.error === 'Realm does not exist') return noSuchRealm();
  return status === 404 || status === 405 ? notATokenEndpoint() : unknownAnswer();
}

function fits(refusal: KnownRefusal, code: string, description = ''): boolean {
  return refusal.code === code && description.startsWith(refusal.description ?? '');
}

/** What answers is something else: a web page, or another path of the identity provider. */
export function notATokenEndpoint(cause?: NetError): CodeMieError {
  return new CodeMieError({
    kind: 'protocol',
    message: 'What answers at the tokenURL of the connection is not a token endpoint.',
    hint: "Check auth; that of CodeMie's Keycloak ends in /auth/realms/codemie-prod/protocol/openid-connect/token.",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Something else answers, or the identity provider knows itself by another address. */
export function redirectedGrant(cause: NetError): CodeMieError {
  return new CodeMieError({
    kind: 'protocol',
    message: cause.message,
    hint: `${cause.hint.replace(/\.$/, '')}; the tokenURL of CodeMie's Keycloak ends in /auth/realms/codemie-prod/protocol/openid-connect/token.`,
    cause,
  });
}

/** Nothing that is known, so nothing is concluded from it. */
function unknownAnswer(): CodeMieError {
  return new CodeMieError({
    kind: 'unreachable',
    message:
      'The identity provider of the connection, or a proxy before it, gives no token and an answer that the operator does not know.',
    hint: 'The operator retries; if this persists, check tokenURL and the identity provider.',
  });
}

function noSuchRealm(): CodeMieError {
  return new CodeMieError({
    kind: 'protocol',
    message: 'The identity provider of the connection has no realm of the name in tokenURL.',
    hint: 'Correct tokenURL; the standard realm of CodeMie is codemie-prod.',
  });
}
