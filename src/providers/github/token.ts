import { z } from 'zod';
import { durations } from '../../lib/durations.ts';
import { latestMs, parseHttpDate, rfc3339 } from '../../lib/time.ts';
import { type Answer, rateLimitOf, shortName } from '../answer.ts';
import type { ProviderClient } from '../client.ts';
import type { CredentialReport, Remedy, Target } from '../provider.ts';
import { missingScopes, parseScopes } from '../scopes.ts';
import { tokensPage } from './github-verdict.ts';
import type { GitHubApi } from './octokit.ts';
import { documentedScopes, implications, scopesPage } from './scopes.ts';

/** `GET /user`. https://docs.github.com/en/rest/users/users#get-the-authenticated-user */
const userSchema = z.object({ id: z.int(), login: shortName });

/** `GET /repos/{owner}/{repo}`: enough to know that it is one. */
const repositorySchema = z.object({ id: z.int(), full_name: z.string() });

/**
 * Validates a token by one `GET /user`, and one call more for each repository. Installation tokens have no user and are
 * rejected with a hint.
 */
export async function validateToken({ client, octokit }: GitHubApi): Promise<CredentialReport> {
  const { target } = client;
  const previous = stillGood(target);
  const headers = previous?.revision && { 'if-none-match': previous.revision.etag };
  const answer = await client.answerTo(() =>
    octokit.rest.users.getAuthenticated({ ...(headers && { headers }) }),
  );
  const report = previous && answer.status === 304 ? previous : reportOf(answer, client);
  for (const repository of target.repositories) {
    const [owner = '', repo = ''] = repository.split('/');
    const found = await client.answerTo(() => octokit.rest.repos.get({ owner, repo }));
    client.parse(found, repositorySchema, { kind: 'repository', repository, credentialKind: report.kind });
  }
  const rateLimit = rateLimitOf(answer);
  return rateLimit === undefined ? report : { ...report, rateLimit };
}

const dayMs = 24 * 3_600_000;

/**
 * A report that GitHub may be asked to confirm: a 304 costs nothing of the budget. It repeats neither the scopes nor the
 * expiry of the token, and no documentation says that a change of the scopes changes the tag; so the whole is requested
 * once a day, and at once while something is missing.
 * https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
 */
function stillGood({ previous, now }: Target): CredentialReport | undefined {
  if (previous?.revision === undefined || previous.permissions === 'Missing') return undefined;
  return now() - previous.revision.atMs < dayMs ? previous : undefined;
}

/** One tag as RFC 9110 has it; anything else is not sent back. */
function etagOf(answer: Answer): string | undefined {
  const etag = answer.header('etag') ?? '';
  return etag.length <= 200 && /^(W\/)?"[\x21\x23-\x7e]+"$/.test(etag) ? etag : undefined;
}

function reportOf(answer: Answer, client: ProviderClient): CredentialReport {
  const { target } = client;
  const { login } = client.parse(answer, userSchema);
  const expiresAt = expiryOf(answer, target.now());
  const etag = etagOf(answer);
  return {
    account: login,
    ...classify(answer, target),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(etag === undefined ? {} : { revision: { etag, atMs: target.now() } }),
  };
}

/**
 * The kind by which headers are there, because prefixes and lengths change
 * (https://github.blog/changelog/2026-05-15-github-app-installation-tokens-per-request-override-header/). `x-oauth-scopes`
 * that is empty means "no scopes"; where it is absent, the token is fine-grained and its permissions can't be read. A
 * token that a user gave an App has an empty one and `x-oauth-client-id`, and its permissions are the App's.
 */
function classify(
  answer: Answer,
  { requiredScopes = documentedScopes, webUrl }: Target,
): Pick<CredentialReport, 'kind' | 'scopes' | 'permissions' | 'missing' | 'remedy'> {
  const header = answer.header('x-oauth-scopes');
  if (header === undefined) {
    return { kind: 'FineGrainedPersonalAccessToken', permissions: 'NotReported', missing: [] };
  }
  const scopes = parseScopes(header);
  const ofAnApp = answer.header('x-oauth-client-id') !== undefined;
  if (ofAnApp && scopes.length === 0) {
    return { kind: 'GitHubAppUserToken', permissions: 'NotReported', missing: [] };
  }
  const missing = missingScopes(requiredScopes, scopes, implications);
  return {
    kind: ofAnApp ? 'OAuthToken' : 'ClassicPersonalAccessToken',
    scopes,
    permissions: missing.length === 0 ? 'Sufficient' : 'Missing',
    missing,
    ...(missing.length > 0 && { remedy: addScopes(missing.length, ofAnApp, webUrl) }),
  };
}

function addScopes(count: number, ofAnApp: boolean, webUrl: URL): Remedy {
  const them = count > 1 ? 'them' : 'it';
  return ofAnApp
    ? { action: `Sign in to the OAuth app again and grant it ${them}`, page: scopesPage }
    : { action: `Tick ${them} for the token`, page: tokensPage(webUrl.host) };
}

/** GitHub reports of some fine-grained tokens that they expire at the moment of the call: https://github.com/google/go-github/issues/3708 */
const implausiblyNearMs = durations.providers.implausibleExpiryMs;

/**
 * When the token expires by the header `github-authentication-token-expiration`, RFC 3339, or undefined if there is
 * none, it makes no sense, or it is within five minutes of the answer's own date.
 */
export function expiryOf(answer: Answer, nowMs: number): string | undefined {
  const expiresAtMs = parseExpiry(answer.header('github-authentication-token-expiration') ?? '');
  if (expiresAtMs === undefined) return undefined;
  const serverNowMs = parseHttpDate(answer.header('date')) ?? nowMs;
  return Math.abs(expiresAtMs - serverNowMs) <= implausiblyNearMs ? undefined : rfc3339(expiresAtMs);
}

/**
 * `2026-09-09 21:12:46 UTC`, `… +0200` and `… -0700` as epoch milliseconds; all three are in use and none of them is
 * what `Date.parse` promises to read.
 */
export function parseExpiry(header: string): number | undefined {
  const parts = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) (?:UTC|([+-]\d\d):?(\d\d))$/.exec(header.trim());
  if (parts === null) return undefined;
  const [, date, time, hours, minutes] = parts;
  const epochMs = Date.parse(`${date}T${time}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`);
  // Also false for a day that no calendar has.
  return epochMs <= latestMs ? epochMs : undefined;
}
