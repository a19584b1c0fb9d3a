import type { Octokit } from '@octokit/rest';
import type { z } from 'zod';
import { type Answer, asked, isSuccess } from '../answer.ts';
import { notReachable, notTheApi } from '../failures.ts';
import {
  type CredentialReport,
  type Installation,
  type InstallationSelector,
  ProviderError,
  type Target,
} from '../provider.ts';
import { ask } from './client.ts';
import { appFailure } from './failures.ts';
import { installationSchema, installationsSchema } from './schema.ts';
import { documentedPermissions, missingPermissions } from './scopes.ts';

type RawInstallation = z.infer<typeof installationSchema>;

const installPage =
  'https://docs.github.com/en/apps/using-github-apps/installing-a-github-app-from-a-third-party';

/**
 * Finds an installation with the App's JWT alone: no installation token is minted for it. One call where the selector
 * says which; one per hundred installations for `first`. One more for each repository.
 */
export async function resolveInstallation(
  octokit: Octokit,
  selector: InstallationSelector,
  target: Target,
  app: CredentialReport,
): Promise<Installation> {
  const found =
    selector.by === 'first'
      ? choose(await listInstallations(octokit, target), target)
      : { chosen: await lookUp(octokit, selector, target), others: [] };
  const installation = describe(found.chosen, found.others, target, app);
  if (found.chosen.suspended_at != null) throw suspended(installation);
  for (const repository of target.repositories) {
    await checkRepository(octokit, repository, installation, target);
  }
  return installation;
}

/**
 * The usable installation with the lowest id, because GitHub documents no order of the list, and the accounts of the
 * further ones. A suspended one is taken only if there is no other, so that its suspension can be told.
 */
function choose(
  installations: RawInstallation[],
  target: Target,
): { chosen: RawInstallation; others: string[] } {
  const byId = installations.toSorted((a, b) => a.id - b.id);
  const usable = byId.filter((installation) => installation.suspended_at == null);
  const chosen = usable[0] ?? byId[0];
  if (chosen === undefined) throw notFound(`The App is not installed anywhere on ${target.webUrl.host}.`);
  const others = usable.slice(1).map((installation) => installation.account.account);
  return { chosen, others: others.toSorted() };
}

const pageSize = 100;
/** 10,000 installations. A server that always has one more page must not be followed for ever. */
const mostPages = 100;

async function listInstallations(octokit: Octokit, target: Target): Promise<RawInstallation[]> {
  const byId = new Map<number, RawInstallation>();
  for (let page = 1; ; page += 1) {
    const answer = await ask(octokit.rest.apps.listInstallations({ per_page: pageSize, page }), target);
    const sizeBefore = byId.size;
    for (const installation of parse(answer, installationsSchema, target)) {
      byId.set(installation.id, installation);
    }
    // A page without anything new ends the walk even if the server says that there is more.
    const more = hasNextPage(answer.header('link')) && byId.size > sizeBefore;
    if (!more || page === mostPages) return [...byId.values()];
  }
}

/** By the header `Link`: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api */
function hasNextPage(link = ''): boolean {
  return link.split(',').some((part) => /;\s*rel="?next"?/.test(part));
}

async function lookUp(
  octokit: Octokit,
  selector: Exclude<InstallationSelector, { by: 'first' }>,
  target: Target,
): Promise<RawInstallation> {
  const host = target.webUrl.host;
  switch (selector.by) {
    case 'id': {
      const answer = await ask(octokit.rest.apps.getInstallation({ installation_id: selector.id }), target);
      if (isAbsent(answer)) throw notFound(`The App has no installation ${selector.id} on ${host}.`);
      return parse(answer, installationSchema, target);
    }
    case 'owner': {
      const { owner } = selector;
      // It finds organizations too, as https://github.com/actions/create-github-app-token uses it; the documented way
      // for them is asked only if it doesn't.
      let answer = await ask(octokit.rest.apps.getUserInstallation({ username: owner }), target);
      if (isAbsent(answer)) answer = await ask(octokit.rest.apps.getOrgInstallation({ org: owner }), target);
      if (isAbsent(answer)) throw notFound(`The App is not installed for ${owner} on ${host}.`);
      return parse(answer, installationSchema, target);
    }
    case 'repository': {
      const answer = await askForRepository(octokit, selector.repository, target);
      if (isAbsent(answer)) {
        throw notFound(`The App is not installed for the repository ${selector.repository} on ${host}.`);
      }
      return parse(answer, installationSchema, target);
    }
  }
}

async function checkRepository(
  octokit: Octokit,
  repository: string,
  installation: Installation,
  target: Target,
): Promise<void> {
  const answer = await askForRepository(octokit, repository, target);
  const hint = `Add it to the repositories of the App's installation for ${installation.account}, or correct the name.`;
  if (isAbsent(answer)) throw notReachable(repository, hint);
  if (parse(answer, installationSchema, target).id !== installation.id) throw notReachable(repository, hint);
}

function askForRepository(octokit: Octokit, repository: string, target: Target): Promise<Answer> {
  const [owner = '', repo = ''] = repository.split('/');
  return ask(octokit.rest.apps.getRepoInstallation({ owner, repo }), target);
}

/** 404 `Not Found`: there is none, or it is another App's. That the App exists has been proven before. */
function isAbsent(answer: Answer): boolean {
  return answer.status === 404;
}

function parse<T>(answer: Answer, schema: z.ZodType<T>, target: Target): T {
  const subject = asked(target, { kind: 'credential' });
  if (!isSuccess(answer)) throw appFailure(answer, subject);
  const parsed = schema.safeParse(answer.body);
  if (!parsed.success) throw notTheApi('GitHub', answer, subject);
  return parsed.data;
}

function describe(
  raw: RawInstallation,
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
    missing,
    pending: missing.filter((permission) => !notRequested.includes(permission)),
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

function notFound(sentence: string): ProviderError {
  return new ProviderError({
    reason: 'NotFound',
    sentence,
    hint: `Install it, or correct auth.githubApp.installation: ${installPage}`,
  });
}
