import type { Octokit } from '@octokit/rest';
import { asked, isSuccess } from '../answer.ts';
import { notTheApi } from '../failures.ts';
import type { CredentialReport, Target } from '../provider.ts';
import { ask } from './client.ts';
import { clockSkewMs } from './clock.ts';
import { appFailure } from './failures.ts';
import {
  askForPermissions,
  documentedPermissions,
  missingPermissions,
  permissionLabel,
} from './permissions.ts';
import { appSchema } from './schema.ts';

/**
 * Proves that the key is one of the App's by one `GET /app`. What it reports about permissions is what the App requests;
 * what an account has granted is the matter of its installation.
 */
export async function validateApp(
  octokit: Octokit,
  appId: string,
  target: Target,
): Promise<CredentialReport> {
  const answer = await ask(octokit.rest.apps.getAuthenticated(), target);
  const subject = asked(target, { kind: 'credential' });
  if (!isSuccess(answer)) throw appFailure(answer, subject, appId);
  const app = appSchema.safeParse(answer.body);
  if (!app.success) throw notTheApi('GitHub', answer, subject);

  const { slug, owner, permissions } = app.data;
  const missing = missingPermissions(target.requiredScopes ?? documentedPermissions, permissions);
  const skewMs = clockSkewMs((name) => answer.header(name), target.now());
  return {
    kind: 'GitHubApp',
    // The name under which the App's comments and commits appear.
    account: `${slug}[bot]`,
    permissions: missing.length === 0 ? 'Sufficient' : 'Missing',
    missing: missing.map(permissionLabel),
    ...(missing.length > 0 && { remedy: askForPermissions(missing.length) }),
    ...(skewMs !== 0 && { clockSkewMs: skewMs }),
    app: { slug, owner: owner.account, permissions },
  };
}
