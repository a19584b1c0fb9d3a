import { z } from 'zod';
import { isSuccess, shortName } from '../answer.ts';
import { basic, bearer, createClient } from '../client.ts';
import type { Credential, CredentialReport, Remedy, Target } from '../provider.ts';
import { parseScopes } from '../scopes.ts';
import {
  acceptsToken,
  accessTokensPage,
  accessTokenUser,
  apiTokensPage,
  cloudVerdict,
  scopesInFailure,
} from './bitbucket-verdict.ts';
import { documentedScopes, missingScopes } from './scopes.ts';

type Token = Extract<Credential, { kind: 'token' }>;

/**
 * Validates a token by one `GET /2.0/user`. A 403 that shows that the token is valid counts as a 200 does, see
 * `acceptsToken`. One call more for each repository. No answer has the expiry of the token.
 */
export async function validateCloud(credential: Token, target: Target): Promise<CredentialReport> {
  const client = createClient(
    {
      name: 'Bitbucket',
      headers: { authorization: authorizationOf(credential) },
      newTokenAt: `as ${apiTokensPage} shows`,
      verdict: (answer, question) => cloudVerdict(answer, question, credential),
    },
    target,
  );
  const answer = await client.get('user');
  const type = answer.header('x-credential-type');
  const inFailure = scopesInFailure(answer);
  if (!isSuccess(answer) && !acceptsToken(answer)) throw client.failure(answer);
  const account = isSuccess(answer) ? nameOf(client.parse(answer, userSchema)) : undefined;
  for (const repository of target.repositories) {
    const [workspace = '', slug = ''] = repository.split('/').map(encodeURIComponent);
    const found = await client.get(`repositories/${workspace}/${slug}`);
    client.parse(found, repositorySchema, { kind: 'repository', repository });
  }

  const header = answer.header('x-oauth-scopes');
  const scopes = inFailure?.granted.toSorted() ?? (header === undefined ? undefined : parseScopes(header));
  const kind = kinds.get(type ?? '') ?? (account === undefined ? 'AccessToken' : 'ApiToken');
  return {
    kind,
    ...(account === undefined ? {} : { account }),
    ...compareScopes(kind, scopes, target.requiredScopes ?? documentedFor(kind)),
  };
}

/**
 * The header for Bitbucket Cloud. API tokens go as `email:token`; access tokens of a repository, project or workspace have
 * no user and go as Bearer. https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/
 */
function authorizationOf({ token, username }: Token): string {
  return username === undefined || username === accessTokenUser ? bearer(token) : basic(username, token);
}

/**
 * Cloud, `GET /2.0/user`. A username is missing for accounts that hide it.
 * https://developer.atlassian.com/cloud/bitbucket/rest/api-group-users/#api-user-get
 */
const userSchema = z.object({
  type: z.string(),
  uuid: z.string(),
  username: shortName.optional(),
  nickname: shortName.optional(),
});

/** Cloud, `GET /2.0/repositories/{workspace}/{slug}`: enough to know that it is one. */
const repositorySchema = z.object({ type: z.literal('repository'), full_name: z.string() });

function nameOf({ username, nickname, uuid }: z.infer<typeof userSchema>): string {
  return username ?? nickname ?? uuid;
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

/** Every kind that the header reports, and the one for servers that send no such header. */
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

function compareScopes(
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

const consumersPage = 'https://support.atlassian.com/bitbucket-cloud/docs/use-oauth-on-bitbucket-cloud/';

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
