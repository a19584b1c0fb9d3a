import {
  type CredentialReport,
  type Installation,
  type InstallationSelector,
  ProviderError,
  type Target,
} from '../provider.ts';
import { notReachable } from '../provider-errors.ts';
import {
  askForRepository,
  installationNotFound,
  installationNotUsable,
  installationSchema,
  isAbsent,
  isUsable,
  listInstallations,
  lookUpInstallation,
  type RawInstallation,
  type UsableInstallation,
} from './installation-lookup.ts';
import type { GitHubApi } from './octokit.ts';
import {
  approvePermissions,
  askForPermissions,
  documentedPermissions,
  missingPermissions,
  permissionLabel,
} from './permissions.ts';

/**
 * Finds an installation with the App's JWT alone: no installation token is minted for it. One call where the selector
 * says which; one per hundred installations for `first`. One more for each repository.
 */
export async function resolveInstallation(
  api: GitHubApi,
  selector: InstallationSelector,
  app: CredentialReport,
): Promise<Installation> {
  const { target } = api.client;
  const found =
    selector.by === 'first'
      ? choose(await listInstallations(api), target)
      : { chosen: await lookUpInstallation(api, selector), others: [] };
  const installation = describe(found.chosen, found.others, target, app);
  if (found.chosen.suspended_at != null) throw suspended(installation);
  for (const repository of target.repositories) {
    await checkRepository(api, repository, installation);
  }
  return installation;
}

/**
 * The usable installation with the lowest id, because GitHub documents no order of the list, and the accounts of the
 * further ones. A suspended one is taken only if there is no other, so that its suspension can be reported; one on an
 * enterprise never.
 */
function choose(
  installations: RawInstallation[],
  target: Target,
): { chosen: UsableInstallation; others: string[] } {
  const byId = installations.filter(isUsable).toSorted((a, b) => a.id - b.id);
  const usable = byId.filter((installation) => installation.suspended_at == null);
  const chosen = usable[0] ?? byId[0];
  const [useless] = installations;
  if (chosen === undefined && useless !== undefined) throw installationNotUsable(useless, target);
  if (chosen === undefined)
    throw installationNotFound(`The App is not installed anywhere on ${target.webUrl.host}.`);
  const others = usable.slice(1).map((installation) => installation.account.account);
  return { chosen, others: others.toSorted() };
}

async function checkRepository(
  api: GitHubApi,
  repository: string,
  installation: Installation,
): Promise<void> {
  const answer = await askForRepository(api, repository);
  const hint = `Add it to the repositories of the App's installation for ${installation.account}, or correct the name.`;
  if (isAbsent(answer)) throw notReachable(repository, hint, { reader: 'installation' });
  if (api.client.parse(answer, installationSchema).id !== installation.id)
    throw notReachable(repository, hint, { reader: 'installation' });
}

function describe(
  raw: UsableInstallation,
  others: string[],
  target: Target,
  app: CredentialReport,
): Installation {
  const missing = missingPermissions(target.requiredScopes ?? documentedPermissions, raw.permissions);
  const notRequested = missingPermissions(missing, app.app?.permissions ?? {});
  return {
    id: raw.id,
    ...raw.account,
    repositorySelection: raw.repository_selection,
    others,
    permissions: missing.length === 0 ? 'Sufficient' : 'Missing',
    missing: missing.map(permissionLabel),
    pending: missing.filter((permission) => !notRequested.includes(permission)).map(permissionLabel),
    ...(missing.length > 0 && {
      remedy:
        notRequested.length > 0
          ? askForPermissions(notRequested.length)
          : approvePermissions(raw.account.account),
    }),
    ...(raw.suspended_at == null ? {} : { suspendedAt: raw.suspended_at }),
  };
}

function suspended(installation: Installation): ProviderError {
  return new ProviderError({
    reason: 'Suspended',
    sentence: `The installation of the App for ${installation.account} is suspended.`,
    hint: 'An owner of the account, or of the App, unsuspends it in the settings of the installation.',
    installation,
  });
}
