import type { Octokit } from '@octokit/rest';
import { type Answer, asked, isSuccess } from '../answer.ts';
import { notTheApi } from '../failures.ts';
import type { CredentialReport, Remedy, Target } from '../provider.ts';
import { rateLimitOf } from '../rate-limit.ts';
import { missingScopes, parseScopes } from '../scopes.ts';
import { ask } from './client.ts';
import { expiryOf } from './expiry.ts';
import { type KnownToken, tokenFailure } from './failures.ts';
import { repositorySchema, userSchema } from './schema.ts';
import { documentedScopes, implications, scopesPage } from './scopes.ts';
import { tokensPage } from './urls.ts';

/**
 * Proves a token by one `GET /user`, and one call more for each repository. Installation tokens have no user and are
 * refused with a hint.
 */
export async function validateToken(
  octokit: Octokit,
  token: string,
  target: Target,
): Promise<CredentialReport> {
  const previous = stillGood(target);
  const headers = previous?.revision && { 'if-none-match': previous.revision.etag };
  const answer = await ask(octokit.rest.users.getAuthenticated({ ...(headers && { headers }) }), target);
  const report = previous && answer.status === 304 ? previous : reportOf(answer, token, target);
  const known = { token, kind: report.kind };
  for (const repository of target.repositories) await checkRepository(octokit, known, repository, target);
  const rateLimit = rateLimitOf(answer);
  return rateLimit === undefined ? report : { ...report, rateLimit };
}

const dayMs = 24 * 3_600_000;

/**
 * A report that one may ask to be confirmed: a 304 costs nothing of the budget. It repeats neither the scopes nor the
 * end of the token, and nobody says that a change of the scopes changes the tag; so it is asked for anew once a day,
 * and at once while something is missing.
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

function reportOf(answer: Answer, token: string, target: Target): CredentialReport {
  const subject = asked(target, { kind: 'credential' });
  if (!isSuccess(answer)) throw tokenFailure(answer, subject, { token });
  const user = userSchema.safeParse(answer.body);
  if (!user.success) throw notTheApi('GitHub', answer, subject);
  const expiresAt = expiryOf(answer, target.now());
  const etag = etagOf(answer);
  return {
    account: user.data.login,
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

async function checkRepository(
  octokit: Octokit,
  known: KnownToken,
  repository: string,
  target: Target,
): Promise<void> {
  const [owner = '', repo = ''] = repository.split('/');
  const answer = await ask(octokit.rest.repos.get({ owner, repo }), target);
  const subject = asked(target, { kind: 'repository', repository });
  if (!isSuccess(answer)) throw tokenFailure(answer, subject, known);
  if (!repositorySchema.safeParse(answer.body).success) throw notTheApi('GitHub', answer, subject);
}
