import { verify as verifySignature } from 'node:crypto';
import { z } from 'zod';
import type { Answer } from '../git-hosts/exchange.ts';
import type { AppVerifier } from './app-verifier.ts';
import { refuse, type Site } from './site.ts';
import type { App, GitHubState } from './state.ts';

/** https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app */
const maxLifetimeS = 600;

/** What the routes of Apps need. */
export interface AppContext {
  site: Site;
  state: GitHubState;
  verifier: AppVerifier;
  now: () => number;
}

const claimsSchema = z.object({
  iss: z.union([z.string(), z.number()]).optional(),
  iat: z.unknown(),
  exp: z.unknown(),
});

/**
 * The app a JWT speaks for, or the refusal. `iss` is the app's id or its client id.
 *
 * The time is judged by the peer's clock, the signature by emulate, which also refuses what has expired by this
 * machine's clock: a peer's clock may be ahead by any time, but behind by less than ten minutes. Emulate knows
 * numeric issuers only, so a client id's signature is checked here.
 */
export async function appOf(context: AppContext, jwt: string | undefined): Promise<App | Answer> {
  const { state, verifier } = context;
  const claims = readClaims(jwt);
  if (jwt === undefined || claims?.iss === undefined) {
    return notDecoded();
  }
  const app = findApp(state, String(claims.iss));
  if (app === undefined) {
    // https://github.com/actions/create-github-app-token/issues/76
    return refuse(404, 'Integration not found');
  }
  if (app.privateKey === undefined) {
    // https://github.com/octokit/octokit.rb/issues/1080
    return refuse(401, 'Integration must generate a public key');
  }
  const untimely = refuseTimes(claims, context.now());
  if (untimely !== undefined) {
    return untimely;
  }
  const signed = claims.iss === app.clientId ? isSignedBy(jwt, app.privateKey) : await verifier.verify(jwt);
  return signed ? app : notDecoded();
}

/** The texts octokit/auth-app.js corrects its clock on: https://github.com/octokit/auth-app.js/blob/main/src/hook.ts */
function refuseTimes(claims: z.infer<typeof claimsSchema>, nowMs: number): Answer | undefined {
  const nowS = Math.floor(nowMs / 1000);
  if (typeof claims.iat !== 'number' || !Number.isInteger(claims.iat) || claims.iat > nowS) {
    return refuse(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  }
  // GitHub's response recorded in PyGithub's test suite (`GithubIntegration.testGetAccessTokenWithExpiredJWT`).
  if (typeof claims.exp !== 'number' || claims.exp <= nowS) {
    return refuse(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  return claims.exp > nowS + maxLifetimeS
    ? refuse(401, "'Expiration time' claim ('exp') is too far in the future")
    : undefined;
}

/** A key of another app, a deleted key, a personal token, nothing at all: https://github.com/actions/create-github-app-token/issues/153 */
function notDecoded(): Answer {
  return refuse(401, 'A JSON web token could not be decoded');
}

function readClaims(jwt: string | undefined): z.infer<typeof claimsSchema> | undefined {
  const [, payload, signature] = jwt?.split('.') ?? [];
  if (payload === undefined || signature === undefined) {
    return undefined;
  }
  try {
    return claimsSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  } catch {
    return undefined;
  }
}

function findApp(state: GitHubState, issuer: string): App | undefined {
  return [...state.apps.values()].find((app) => String(app.id) === issuer || app.clientId === issuer);
}

function isSignedBy(jwt: string, privateKey: string): boolean {
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  const data = Buffer.from(`${header}.${payload}`);
  return verifySignature('RSA-SHA256', data, privateKey, Buffer.from(signature, 'base64url'));
}
