import { asked, isSuccess } from '../answer.ts';
import { notReachable } from '../failures.ts';
import type { CredentialReport, Target } from '../provider.ts';
import { isOf } from '../signatures.ts';
import type { GitLabClient } from './client.ts';
import { gitlabFailure } from './failures.ts';

/** The user that GitLab takes with every other token, and with no deploy token. */
const anyUser = 'oauth2';

/**
 * Whether a token that the API refuses opens repositories all the same: a deploy token is no user's, wants its own user
 * name, and is good for Git alone. So the first project that is not open to everybody proves it. Undefined if it is none,
 * or there is no such project among those of the target to find out by.
 * https://docs.gitlab.com/user/project/deploy_tokens/
 *
 * @throws ProviderError for a further project that it does not open
 */
export async function proveDeployToken(
  client: GitLabClient,
  username: string | undefined,
  target: Target,
): Promise<CredentialReport | undefined> {
  if (username === undefined || username === anyUser) return undefined;
  let proven = false;
  const opens = async (project: string, user: string | undefined): Promise<boolean> => {
    const answer = await client.clone(project, user);
    if (isSuccess(answer) && answer.header('content-type')?.startsWith('application/x-git-') === true)
      return true;
    // GitLab says so of everything that is not open, also of what does not exist.
    if (answer.status === 401 && isOf('GitLab', answer)) return false;
    throw gitlabFailure(answer, asked(target, { kind: 'credential' }));
  };
  for (const project of target.repositories) {
    if (!(await opens(project, username))) {
      // The first one tells nothing of the project, the further ones nothing of the token.
      if (proven)
        throw notReachable(project, 'Create the deploy token for its group, or correct the full path.');
      return undefined;
    }
    proven ||= !(await opens(project, undefined));
  }
  return proven
    ? { kind: 'DeployToken', account: username, permissions: 'NotReported', missing: [] }
    : undefined;
}
