import {
  allowInsecureRequests,
  ClientSecretPost,
  Configuration,
  clientCredentialsGrant,
  customFetch,
  genericGrantRequest,
  None,
} from 'openid-client';
import { z } from 'zod';
import type { HttpClient } from '../net/http-client.ts';
import { NetError } from '../net/net-error.ts';
import type { Grant, OidcAuth } from './auth.ts';
import { CodeMieError } from './codemie-error.ts';
import { notATokenEndpoint, redirectedGrant, refusalOf } from './oidc-refusals.ts';
import { lifetimeOf } from './token-content.ts';

const tokenAnswer = z.looseObject({ access_token: z.string().min(1) });

/**
 * Gets an access token from the token endpoint of an OpenID Connect provider.
 *
 * @param scope what to ask for, separated by blanks
 * @throws {CodeMieError} `unauthorized`, `rateLimited`, `unreachable` or `protocol`; the messages speak of the provider.
 */
export async function oidcGrant(
  http: HttpClient,
  auth: OidcAuth,
  scope: string,
  now: () => number,
): Promise<Grant> {
  try {
    const answer = await requestGrant(configure(http, auth, now), auth, scope);
    // The answer need not say how long the token is good, and one that a proxy keeps may be older than it says.
    const said = [answer.expires_in === undefined ? undefined : answer.expires_in * 1000];
    const lifetimes = [...said, lifetimeOf(answer.access_token)].filter((each) => each !== undefined);
    return {
      token: answer.access_token,
      ...(lifetimes.length > 0 && { lifetimeMs: Math.min(...lifetimes) }),
    };
  } catch (error) {
    throw failureOfGrant(error);
  }
}

function requestGrant(configuration: Configuration, auth: OidcAuth, scope: string) {
  if (auth.kind === 'clientCredentials') return clientCredentialsGrant(configuration, { scope });
  const { username, password } = auth;
  // RFC 6749, 4.3. CodeMie's own SDK signs people in this way: https://pypi.org/project/codemie-sdk-python/.
  return genericGrantRequest(configuration, 'password', { username, password, scope });
}

/** The token endpoint is given directly, so nothing is discovered, and the issuer is a name that is never compared. */
function configure(http: HttpClient, auth: OidcAuth, now: () => number): Configuration {
  const server = { issuer: new URL(auth.tokenUrl).origin, token_endpoint: auth.tokenUrl };
  const authentication = auth.kind === 'clientCredentials' ? ClientSecretPost(auth.clientSecret) : None();
  const configuration = new Configuration(server, auth.clientId, undefined, authentication);
  // Whether plain http is allowed is the egress policy's matter.
  allowInsecureRequests(configuration);
  configuration[customFetch] = async (url, options) => {
    const response = await http.fetch(url, {
      method: options.method,
      headers: options.headers,
      body: options.body ?? null,
      redirect: 'manual',
    });
    if (!response.ok) throw await refusalOf(response, auth, now());
    return withoutIdToken(response);
  };
  return configuration;
}

/** An ID token is of no use here, and the library would check it against an issuer that the connection does not name. */
async function withoutIdToken(response: Response): Promise<Response> {
  const { success, data } = tokenAnswer.safeParse(await response.json().catch(() => undefined));
  if (!success) throw notATokenEndpoint();
  const { id_token: _unused, ...rest } = data;
  return Response.json(rest, { status: response.status });
}

/**
 * What the library says of an answer that is no token response.
 * https://github.com/panva/oauth4webapi/blob/main/src/index.ts
 */
const badAnswers = new Set([
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_PARSE_ERROR',
  'OAUTH_RESPONSE_BODY_ERROR',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_UNSUPPORTED_OPERATION',
]);

/** The library wraps what our fetch throws. Its own errors carry answers, tokens included, so they are not kept. */
function failureOfGrant(error: unknown): CodeMieError {
  let isAboutTheAnswer = false;
  for (let link = error; link instanceof Error; link = link.cause) {
    if (link instanceof CodeMieError) return link;
    if (link instanceof NetError) return failureToReach(link);
    isAboutTheAnswer ||= 'code' in link && typeof link.code === 'string' && badAnswers.has(link.code);
  }
  return isAboutTheAnswer ? notATokenEndpoint() : unknownFault();
}

/** Whatever it was, it may be our own: it says nothing about the identity provider. */
function unknownFault(): CodeMieError {
  return new CodeMieError({
    kind: 'unreachable',
    message:
      'The sign-in at the identity provider of the connection failed for a reason that is not known here.',
    hint: 'The operator retries; if this persists, report it as a bug of the operator.',
  });
}

function failureToReach(error: NetError): CodeMieError {
  if (error.kind === 'NotJson' || error.kind === 'TooLarge') return notATokenEndpoint(error);
  if (error.kind === 'RedirectRefused') return redirectedGrant(error);
  return new CodeMieError({ kind: 'unreachable', message: error.message, hint: error.hint, cause: error });
}
