import { type Answer, asked, isSuccess } from '../answer.ts';
import { notTheApi } from '../failures.ts';
import type { Credential, CredentialReport, Remedy, Target } from '../provider.ts';
import { parseScopes } from '../scopes.ts';
import { cloudAuthorization, createGet, type Get, partsOf } from './client.ts';
import { cloudFailure, provesToken, scopesInFailure } from './failures.ts';
import { accessTokensPage, apiTokensPage, consumersPage } from './pages.ts';
import { cloudRepositorySchema, userSchema } from './schema.ts';
import { documentedScopes, missingScopes } from './scopes.ts';

type Token = Extract<Credential, { kind: 'token' }>;

/**
 * Proves a token by one `GET /2.0/user`. A 403 that shows that the token is known proves it as well as a 200, see
 * `provesToken`. One call more for each repository.
 * The end of a token is in no answer.
 */
export async function validateCloud(credential: Token, target: Target): Promise<CredentialReport> {
  const get = createGet(cloudAuthorization(credential), target);
  const answer = await get('user');
  const subject = asked(target, { kind: 'credential' });
  const type = answer.header('x-credential-type');
  const inFailure = scopesInFailure(answer);
  if (!isSuccess(answer) && !provesToken(answer)) throw cloudFailure(answer, subject, credential);
  const account = isSuccess(answer) ? accountOf(answer, target) : undefined;
  for (const repository of target.repositories) await checkRepository(get, repository, credential, target);

  const header = answer.header('x-oauth-scopes');
  const scopes = inFailure?.granted.toSorted() ?? (header === undefined ? undefined : parseScopes(header));
  const kind = kinds.get(type ?? '') ?? (account === undefined ? 'AccessToken' : 'ApiToken');
  return {
    kind,
    ...(account === undefined ? {} : { account }),
    ...judge(kind, scopes, target.requiredScopes ?? documentedFor(kind)),
  };
}

/** By `x-credential-type`. */
const kinds = new Map([
  ['api_token', 'ApiToken'],
  ['app_password', 'AppPassword'],
  ['repo_access_token', 'RepositoryAccessToken'],
  ['project_access_token', 'ProjectAccessToken'],
  ['workspace_access_token', 'WorkspaceAccessToken'],
  ['oauth2', 'OAuthToken'],
]);

/** Every kind that is told, or left unsaid by a server that sends no such header. */
export const cloudKinds: readonly string[] = [...kinds.values(), 'AccessToken'];

/**
 * The token of a repository can't have a project's scopes.
 * https://support.atlassian.com/bitbucket-cloud/docs/repository-access-token-permissions/
 */
function documentedFor(kind: string): string[] {
  return kind === 'RepositoryAccessToken'
    ? documentedScopes.filter((scope) => !scope.startsWith('project:'))
    : documentedScopes;
}

function judge(
  kind: string,
  scopes: string[] | undefined,
  required: readonly string[],
): Pick<CredentialReport, 'scopes' | 'permissions' | 'missing' | 'remedy'> {
  if (scopes === undefined) return { permissions: 'NotReported', missing: [] };
  const missing = missingScopes(required, scopes);
  return missing.length === 0
    ? { scopes, permissions: 'Sufficient', missing }
    : { scopes, permissions: 'Missing', missing, remedy: makeNew(kind) };
}

/** Bitbucket can't change the scopes of a token; those of an OAuth consumer it can. */
function makeNew(kind: string): Remedy {
  if (kind === 'OAuthToken') {
    return {
      action: 'Add what is missing to the OAuth consumer, and sign in to it again',
      page: consumersPage,
    };
  }
  const page = kind === 'ApiToken' ? apiTokensPage : accessTokensPage;
  return { action: "Bitbucket can't add scopes to a token: create a new one that has them", page };
}

function accountOf(answer: Answer, target: Target): string {
  const user = userSchema.safeParse(answer.body);
  if (!user.success) throw notTheApi('Bitbucket', answer, asked(target, { kind: 'credential' }));
  return user.data.username ?? user.data.nickname ?? user.data.uuid;
}

async function checkRepository(
  get: Get,
  repository: string,
  credential: Token,
  target: Target,
): Promise<void> {
  const { owner, slug } = partsOf(repository);
  const answer = await get(`repositories/${owner}/${slug}`);
  const subject = asked(target, { kind: 'repository', repository });
  if (!isSuccess(answer)) throw cloudFailure(answer, subject, credential);
  if (!cloudRepositorySchema.safeParse(answer.body).success) throw notTheApi('Bitbucket', answer, subject);
}
