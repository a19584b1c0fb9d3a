import type { Octokit } from '@octokit/rest';
import { type Answer, asked, isSuccess } from '../answer.ts';
import { notTheApi } from '../failures.ts';
import type { CredentialReport, Target } from '../provider.ts';
import { rateLimitOf } from '../rate-limit.ts';
import { missingScopes, parseScopes } from '../scopes.ts';
import { ask } from './client.ts';
import { expiryOf } from './expiry.ts';
import { tokenFailure } from './failures.ts';
import { repositorySchema, userSchema } from './schema.ts';
import { documentedScopes, implications } from './scopes.ts';

/**
 * Proves a token by one `GET /user`, and one call more for each repository. Installation tokens have no user and are
 * refused with a hint.
 */
export async function validateToken(octokit: Octokit, target: Target): Promise<CredentialReport> {
  const answer = await ask(octokit.rest.users.getAuthenticated(), target);
  const subject = asked(target, { kind: 'credential' });
  if (!isSuccess(answer)) throw tokenFailure(answer, subject);
  const user = userSchema.safeParse(answer.body);
  if (!user.success) throw notTheApi('GitHub', answer, subject);
  for (const repository of target.repositories) await checkRepository(octokit, repository, target);

  const expiresAt = expiryOf(answer, target.now());
  const rateLimit = rateLimitOf(answer);
  return {
    account: user.data.login,
    ...classify(answer, target.requiredScopes ?? documentedScopes),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(rateLimit === undefined ? {} : { rateLimit }),
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
  required: readonly string[],
): Pick<CredentialReport, 'kind' | 'scopes' | 'permissions' | 'missing'> {
  const header = answer.header('x-oauth-scopes');
  if (header === undefined) {
    return { kind: 'FineGrainedPersonalAccessToken', permissions: 'NotReported', missing: [] };
  }
  const scopes = parseScopes(header);
  const ofAnApp = answer.header('x-oauth-client-id') !== undefined;
  if (ofAnApp && scopes.length === 0) {
    return { kind: 'GitHubAppUserToken', permissions: 'NotReported', missing: [] };
  }
  const missing = missingScopes(required, scopes, implications);
  return {
    kind: ofAnApp ? 'OAuthToken' : 'ClassicPersonalAccessToken',
    scopes,
    permissions: missing.length === 0 ? 'Sufficient' : 'Missing',
    missing,
  };
}

async function checkRepository(octokit: Octokit, repository: string, target: Target): Promise<void> {
  const [owner = '', repo = ''] = repository.split('/');
  const answer = await ask(octokit.rest.repos.get({ owner, repo }), target);
  const subject = asked(target, { kind: 'repository', repository });
  if (!isSuccess(answer)) throw tokenFailure(answer, subject);
  if (!repositorySchema.safeParse(answer.body).success) throw notTheApi('GitHub', answer, subject);
}
