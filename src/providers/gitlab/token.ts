import { z } from 'zod';
import { type Answer, isSuccess, rateLimitOf, shortList, shortName } from '../answer.ts';
import type { ProviderClient } from '../client.ts';
import type { CredentialReport, Remedy, Target } from '../provider.ts';
import { expired, revoked } from '../provider-errors.ts';
import { closure, missingScopes } from '../scopes.ts';
import { isFromApi } from '../signatures.ts';
import { baseOf } from '../urls.ts';
import { validateDeployToken } from './deploy-token.ts';
import type { GitLabApi } from './gitbeaker.ts';
import { failureOf } from './gitlab-verdict.ts';
import { documentedScopes, implications, personalTokenPage } from './scopes.ts';

/**
 * `GET /personal_access_tokens/self`. `granular` came with fine-grained tokens (GitLab 18.10).
 * https://docs.gitlab.com/api/personal_access_tokens/#self-inform
 */
const tokenSchema = z.object({
  id: z.int(),
  user_id: z.int(),
  scopes: shortList,
  revoked: z.boolean(),
  active: z.boolean(),
  /** A date. The token dies as it begins, in UTC. */
  expires_at: z.iso.date().nullish(),
  granular: z.boolean().nullish(),
});

/** `GET /user`. https://docs.gitlab.com/api/users/#retrieve-the-current-user */
const userSchema = z.object({
  id: z.int(),
  username: shortName,
  bot: z.boolean().nullish(),
});

/** `GET /projects/:id`: enough to know that it is one. */
const projectSchema = z.object({ id: z.int(), path_with_namespace: z.string() });

type Token = z.infer<typeof tokenSchema>;
type User = z.infer<typeof userSchema>;

/**
 * Validates a token by `GET /personal_access_tokens/self`, which every personal, project, group and service account token
 * may call, then asks who owns it if the scopes allow that. One call more for each repository. One that the API does not
 * know may still be a deploy token. It never rotates: a rotated token that is presented again ends its successor
 * (https://gitlab.com/gitlab-org/gitlab/-/issues/524639).
 */
export async function validateToken(api: GitLabApi, username: string | undefined): Promise<CredentialReport> {
  const { client } = api;
  const answer = await api.token();
  const isUnknown = answer.status === 401 && failureOf(answer).code === '' && isFromApi('GitLab', answer);
  const deployToken = isUnknown ? await validateDeployToken(api, username) : undefined;
  if (deployToken !== undefined) return deployToken;
  const report = isSuccess(answer)
    ? withRateLimit(await reportOnToken(client.parse(answer, tokenSchema), api), answer)
    : await reportWithoutToken(answer, api);
  if (mayRead(report)) {
    for (const repository of client.target.repositories) {
      const subject = { kind: 'repository', repository, credentialKind: report.kind } as const;
      client.parse(await api.project(repository), projectSchema, subject);
    }
  }
  return report;
}

async function reportOnToken(token: Token, api: GitLabApi): Promise<CredentialReport> {
  const { target } = api.client;
  const expiresAt = token.expires_at == null ? undefined : `${token.expires_at}T00:00:00Z`;
  checkAlive(token, expiresAt, api.client);
  // Fine-grained tokens list `granular` in place of scopes; what they may do is not reported in a stable way.
  const granular = token.granular === true || token.scopes.includes('granular');
  const scopes = token.scopes.toSorted();
  const missing = granular
    ? []
    : missingScopes(target.requiredScopes ?? documentedScopes, scopes, implications);
  const user = granular || closure(scopes, implications).has('read_user') ? await findUser(api) : undefined;
  const judged = missing.length === 0 ? 'Sufficient' : 'Missing';
  const kind = granular ? 'FineGrainedPersonalAccessToken' : kindOf(user);
  return {
    kind,
    account: user?.username ?? `user ${token.user_id}`,
    ...(granular ? {} : { scopes }),
    permissions: granular ? 'NotReported' : judged,
    missing,
    ...(missing.length > 0 && { remedy: makeNew(kind, target) }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** gitlab.com reports the budget on every answer; a self-managed server as it is set up. */
function withRateLimit(report: CredentialReport, answer: Answer): CredentialReport {
  const rateLimit = rateLimitOf(answer);
  return rateLimit === undefined ? report : { ...report, rateLimit };
}

/** A dead token gets 401 before it can ask; this is for servers that answer it all the same. */
function checkAlive(token: Token, expiresAt: string | undefined, client: ProviderClient): void {
  if (!token.active && expiresAt !== undefined && Date.parse(expiresAt) <= client.target.now())
    throw expired(client.contextOf());
  if (token.active && !token.revoked) return;
  throw revoked(client.contextOf());
}

/**
 * Answers to `self` that say nothing bad: 400, an OAuth token; 404, a server older than the endpoint; 403 with
 * `insufficient_…`, a live token that lacks permission to read itself. Everything else is thrown.
 */
async function reportWithoutToken(answer: Answer, api: GitLabApi): Promise<CredentialReport> {
  const { client } = api;
  const { code, text } = failureOf(answer);
  const unknown: Pick<CredentialReport, 'permissions' | 'missing'> = {
    permissions: 'NotReported',
    missing: [],
  };
  // Where such tokens are turned off, it is no live token that lacks a permission.
  if (answer.status === 403 && code === 'insufficient_granular_scope' && !/not yet supported/i.test(text)) {
    return { kind: 'FineGrainedPersonalAccessToken', ...unknown };
  }
  if (answer.status === 403 && code === 'insufficient_scope') {
    return { kind: 'AccessToken', ...unknown };
  }
  if ((answer.status !== 400 && answer.status !== 404) || !isFromApi('GitLab', answer))
    throw client.failure(answer);
  const user = await api.user();
  const kind = answer.status === 400 ? 'OAuthToken' : 'AccessToken';
  if (isSuccess(user)) {
    return { kind, account: client.parse(user, userSchema).username, ...unknown };
  }
  if (user.status === 403 && failureOf(user).code === 'insufficient_scope') return { kind, ...unknown };
  throw client.failure(user);
}

async function findUser(api: GitLabApi): Promise<User | undefined> {
  const { client } = api;
  const answer = await api.user();
  if (isSuccess(answer)) return client.parse(answer, userSchema);
  // A fine-grained token may lack the permission, and a server may know other implications than we do.
  if (answer.status === 403 && failureOf(answer).code.startsWith('insufficient_')) return undefined;
  throw client.failure(answer);
}

/**
 * Project and group tokens are personal tokens of a bot whose name says what for.
 * https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects
 */
function kindOf(user: User | undefined): string {
  if (user?.bot !== true) return 'PersonalAccessToken';
  if (user.username.startsWith('project_')) return 'ProjectAccessToken';
  if (user.username.startsWith('group_')) return 'GroupAccessToken';
  return 'ServiceAccountToken';
}

/** GitLab can't change the scopes of a token. */
function makeNew(kind: string, { webUrl, requiredScopes }: Target): Remedy {
  const page = tokenPages.get(kind) ?? personalTokenPage(baseOf(webUrl), requiredScopes);
  return { action: "GitLab can't add scopes to a token: create a new one that has them", page };
}

const tokenPages = new Map([
  ['ProjectAccessToken', 'https://docs.gitlab.com/user/project/settings/project_access_tokens/'],
  ['GroupAccessToken', 'https://docs.gitlab.com/user/group/settings/group_access_tokens/'],
  ['ServiceAccountToken', 'https://docs.gitlab.com/user/profile/service_accounts/'],
]);

/** Without the scope to read, a project can't be asked for, and the missing scope is the better message. */
function mayRead(report: CredentialReport): boolean {
  return report.scopes === undefined || closure(report.scopes, implications).has('read_api');
}
