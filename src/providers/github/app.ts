import { z } from 'zod';
import { shortName, shortRecord } from '../answer.ts';
import type { CredentialReport } from '../provider.ts';
import { clockSkewMs, type GitHubApi } from './octokit.ts';
import {
  askForPermissions,
  documentedPermissions,
  missingPermissions,
  permissionLabel,
} from './permissions.ts';

/** A user or an organization has a login, an enterprise a slug. */
export const ownerSchema = z
  .union([
    z.object({ login: shortName, type: z.string().max(100).default('User') }),
    z.object({ slug: shortName }),
  ])
  .transform((owner) =>
    'login' in owner
      ? { account: owner.login, accountType: owner.type }
      : { account: owner.slug, accountType: 'Enterprise' },
  );

/** `GET /app`. https://docs.github.com/en/rest/apps/apps#get-the-authenticated-app */
const appSchema = z.object({
  id: z.int(),
  slug: shortName,
  owner: ownerSchema,
  permissions: shortRecord,
});

/**
 * Validates that the key is one of the App's by one `GET /app`. What it reports about permissions is what the App
 * requests; what an account has granted is the matter of its installation.
 */
export async function validateApp({ client, octokit }: GitHubApi): Promise<CredentialReport> {
  const { target } = client;
  const answer = await client.answerTo(() => octokit.rest.apps.getAuthenticated());
  const { slug, owner, permissions } = client.parse(answer, appSchema);
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
