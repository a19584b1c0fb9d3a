import type { z } from 'zod';
import { type Answer, asked, isSuccess } from '../answer.ts';
import { expired, notTheApi, revoked } from '../failures.ts';
import type { CredentialReport, Remedy, Target } from '../provider.ts';
import { rateLimitOf } from '../rate-limit.ts';
import { closure, missingScopes } from '../scopes.ts';
import { isOf } from '../signatures.ts';
import type { GitLabClient } from './client.ts';
import { proveDeployToken } from './deploy-token.ts';
import { failureOf, gitlabFailure, personalTokensPage } from './failures.ts';
import { projectSchema, tokenSchema, userSchema } from './schema.ts';
import { documentedScopes, implications } from './scopes.ts';

type Token = z.infer<typeof tokenSchema>;
type User = z.infer<typeof userSchema>;

/**
 * Proves a token by `GET /personal_access_tokens/self`, which every personal, project, group and service account token may
 * call, then asks who owns it if the scopes allow that. One call more for each repository. One that the API does not know
 * may still be a deploy token. It never rotates: a rotated token that is presented again ends its successor
 * (https://gitlab.com/gitlab-org/gitlab/-/issues/524639).
 */
export async function validateToken(
  client: GitLabClient,
  username: string | undefined,
  target: Target,
): Promise<CredentialReport> {
  const answer = await client.token();
  const unknown = answer.status === 401 && failureOf(answer).code === '' && isOf('GitLab', answer);
  const ofRepositories = unknown ? await proveDeployToken(client, username, target) : undefined;
  if (ofRepositories !== undefined) return ofRepositories;
  const report = isSuccess(answer)
    ? withRateLimit(await reportOnToken(parse(answer, tokenSchema, target), client, target), answer)
    : await reportWithoutToken(answer, client, target);
  if (mayRead(report)) {
    for (const repository of target.repositories)
      await checkRepository(client, repository, report.kind, target);
  }
  return report;
}

async function reportOnToken(token: Token, client: GitLabClient, target: Target): Promise<CredentialReport> {
  const expiresAt = token.expires_at == null ? undefined : `${token.expires_at}T00:00:00Z`;
  checkAlive(token, expiresAt, target);
  // Fine-grained tokens list `granular` in place of scopes; what they may do is not told in a stable way.
  const granular = token.granular === true || token.scopes.includes('granular');
  const scopes = token.scopes.toSorted();
  const missing = granular
    ? []
    : missingScopes(target.requiredScopes ?? documentedScopes, scopes, implications);
  const user =
    granular || closure(scopes, implications).has('read_user') ? await findUser(client, target) : undefined;
  const kind = granular ? 'FineGrainedPersonalAccessToken' : kindOf(user);
  return {
    kind,
    account: user?.username ?? `user ${token.user_id}`,
    ...(granular ? {} : { scopes }),
    permissions: granular ? 'NotReported' : missing.length === 0 ? 'Sufficient' : 'Missing',
    missing,
    ...(missing.length > 0 && { remedy: makeNew(kind) }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** gitlab.com tells the budget on every answer; a server of one's own as it is set up. */
function withRateLimit(report: CredentialReport, answer: Answer): CredentialReport {
  const rateLimit = rateLimitOf(answer);
  return rateLimit === undefined ? report : { ...report, rateLimit };
}

/** A dead token gets 401 before it can ask; this is for servers that answer it all the same. */
function checkAlive(token: Token, expiresAt: string | undefined, target: Target): void {
  const subject = asked(target, { kind: 'credential' });
  if (!token.active && expiresAt !== undefined && Date.parse(expiresAt) <= target.now())
    throw expired(subject);
  if (token.active && !token.revoked) return;
  throw revoked(subject);
}

/**
 * Answers to `self` that prove nothing bad: 400, an OAuth token; 404, a server older than the endpoint; 403 with
 * `insufficient_…`, a token that lives but may not look at itself. Everything else is thrown.
 */
async function reportWithoutToken(
  answer: Answer,
  client: GitLabClient,
  target: Target,
): Promise<CredentialReport> {
  const subject = asked(target, { kind: 'credential' });
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
  if ((answer.status !== 400 && answer.status !== 404) || !isOf('GitLab', answer))
    throw gitlabFailure(answer, subject);
  const user = await client.user();
  const kind = answer.status === 400 ? 'OAuthToken' : 'AccessToken';
  if (isSuccess(user)) {
    return { kind, account: parse(user, userSchema, target).username, ...unknown };
  }
  if (user.status === 403 && failureOf(user).code === 'insufficient_scope') return { kind, ...unknown };
  throw gitlabFailure(user, subject);
}

async function findUser(client: GitLabClient, target: Target): Promise<User | undefined> {
  const answer = await client.user();
  if (isSuccess(answer)) return parse(answer, userSchema, target);
  // A fine-grained token may not be allowed to, and a server may know other implications than we do.
  if (answer.status === 403 && failureOf(answer).code.startsWith('insufficient_')) return undefined;
  throw gitlabFailure(answer, asked(target, { kind: 'credential' }));
}

/**
 * Project and group tokens are personal tokens of a bot whose name tells what for.
 * https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects
 */
function kindOf(user: User | undefined): string {
  if (user?.bot !== true) return 'PersonalAccessToken';
  if (user.username.startsWith('project_')) return 'ProjectAccessToken';
  if (user.username.startsWith('group_')) return 'GroupAccessToken';
  return 'ServiceAccountToken';
}

/** GitLab can't change the scopes of a token. */
function makeNew(kind: string): Remedy {
  const page = tokenPages.get(kind) ?? personalTokensPage;
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

async function checkRepository(
  client: GitLabClient,
  repository: string,
  kind: string,
  target: Target,
): Promise<void> {
  const answer = await client.project(repository);
  const subject = asked(target, { kind: 'repository', repository });
  if (!isSuccess(answer)) throw gitlabFailure(answer, subject, kind);
  if (!projectSchema.safeParse(answer.body).success) throw notTheApi('GitLab', answer, subject);
}

function parse<T>(answer: Answer, schema: z.ZodType<T>, target: Target): T {
  const parsed = schema.safeParse(answer.body);
  if (!parsed.success) throw notTheApi('GitLab', answer, asked(target, { kind: 'credential' }));
  return parsed.data;
}
