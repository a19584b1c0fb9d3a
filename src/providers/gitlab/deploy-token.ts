import { isSuccess } from '../answer.ts';
import { type CredentialReport, ProviderError, type Target } from '../provider.ts';
import { notReachable } from '../provider-errors.ts';
import { isFromApi } from '../signatures.ts';
import type { GitLabApi } from './gitbeaker.ts';

/** The user that GitLab takes with every other token, and with no deploy token. */
const anyUser = 'oauth2';

/**
 * Refuses a token whose prefix says that it is a deploy token where nothing could validate it, without a call.
 * https://docs.gitlab.com/security/tokens/#token-prefixes
 *
 * @throws ProviderError that says what is missing
 */
export function requireVerifiable(
  token: string,
  username: string | undefined,
  { repositories }: Target,
): void {
  const lacksName = username === undefined || username === anyUser;
  if (!token.startsWith('gldt-') || (!lacksName && repositories.length > 0)) return;
  throw new ProviderError({
    reason: 'Unauthorized',
    isExplained: true,
    sentence: (name) => `The ${name} is a GitLab deploy token ("gldt-…"), which opens no API.`,
    hint: lacksName
      ? 'Set auth.token.username to the user name that GitLab shows with it (such as gitlab+deploy-token-1) and list a private project of it under validation.repositories, or store a project access token.'
      : 'List a private project of it under validation.repositories, by which it is validated, or store a project access token.',
  });
}

/**
 * Whether a token that the API refuses opens repositories all the same: a deploy token is no user's, wants its own user
 * name, and is good for Git alone. So the first project that is not public validates it. Undefined if it is none,
 * or there is no such project among those of the target to find out by.
 * https://docs.gitlab.com/user/project/deploy_tokens/
 *
 * @throws ProviderError for a further project that it does not open
 */
export async function validateDeployToken(
  api: GitLabApi,
  username: string | undefined,
): Promise<CredentialReport | undefined> {
  if (username === undefined || username === anyUser) return undefined;
  let validated = false;
  const opens = async (project: string, user: string | undefined): Promise<boolean> => {
    const answer = await api.clone(project, user);
    if (isSuccess(answer) && answer.header('content-type')?.startsWith('application/x-git-') === true)
      return true;
    // GitLab says so of everything that is not open, also of what does not exist.
    if (answer.status === 401 && isFromApi('GitLab', answer)) return false;
    throw api.client.failure(answer);
  };
  for (const project of api.client.target.repositories) {
    if (!(await opens(project, username))) {
      // The first one says nothing about the project, the further ones nothing about the token.
      if (validated)
        throw notReachable(project, 'Create the deploy token for its group, or correct the full path.');
      return undefined;
    }
    validated ||= !(await opens(project, undefined));
  }
  return validated
    ? { kind: 'DeployToken', account: username, permissions: 'NotReported', missing: [] }
    : undefined;
}
