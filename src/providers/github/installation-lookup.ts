import type { Octokit } from '@octokit/rest';
import type { z } from 'zod';
import { type Answer, asked, isSuccess } from '../answer.ts';
import { notTheApi } from '../failures.ts';
import { type InstallationSelector, ProviderError, type Target } from '../provider.ts';
import { ask } from './client.ts';
import { appFailure } from './failures.ts';
import { installationSchema, installationsSchema } from './schema.ts';

/** An installation as GitHub tells it. */
export type RawInstallation = z.infer<typeof installationSchema>;

const pageSize = 100;
/** 10,000 installations. A server that always has one more page must not be followed for ever. */
const mostPages = 100;

/** All installations of the App, one call per hundred. Throws ProviderError. */
export async function listInstallations(octokit: Octokit, target: Target): Promise<RawInstallation[]> {
  const byId = new Map<number, RawInstallation>();
  for (let page = 1; ; page += 1) {
    const answer = await ask(octokit.rest.apps.listInstallations({ per_page: pageSize, page }), target);
    const sizeBefore = byId.size;
    for (const installation of parse(answer, installationsSchema, target)) {
      byId.set(installation.id, installation);
    }
    forgetPermissions(byId);
    // A page without anything new ends the walk even if the server says that there is more.
    const more = hasNextPage(answer.header('link')) && byId.size > sizeBefore;
    if (!more || page === mostPages) return [...byId.values()];
  }
}

/** Only one of them is used: the usable one with the lowest id, or else any. Of the others a list of names is made. */
function forgetPermissions(byId: Map<number, RawInstallation>): void {
  const all = [...byId.values()].toSorted((a, b) => a.id - b.id);
  const used = all.find((installation) => installation.suspended_at == null) ?? all[0];
  for (const installation of all) if (installation !== used) installation.permissions = {};
}

/** By the header `Link`: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api */
function hasNextPage(link = ''): boolean {
  return link.split(',').some((part) => /;\s*rel="?next"?/.test(part));
}

/** The one installation that a selector names. Throws ProviderError, `NotFound` with what became of it as far as it is known. */
export async function lookUp(
  octokit: Octokit,
  selector: Exclude<InstallationSelector, { by: 'first' }>,
  target: Target,
): Promise<RawInstallation> {
  const host = target.webUrl.host;
  switch (selector.by) {
    case 'id': {
      const answer = await ask(octokit.rest.apps.getInstallation({ installation_id: selector.id }), target);
      if (isAbsent(answer)) throw await gone(octokit, selector.id, target);
      return parse(answer, installationSchema, target);
    }
    case 'owner': {
      const { owner } = selector;
      const answer = await askForOwner(octokit, owner, target);
      if (isAbsent(answer)) throw await notInstalledFor(octokit, owner, target);
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

/**
 * The way for users finds organizations too, as https://github.com/actions/create-github-app-token uses it; the documented
 * way for them is asked only if it doesn't.
 */
async function askForOwner(octokit: Octokit, owner: string, target: Target): Promise<Answer> {
  const answer = await ask(octokit.rest.apps.getUserInstallation({ username: owner }), target);
  return isAbsent(answer) ? ask(octokit.rest.apps.getOrgInstallation({ org: owner }), target) : answer;
}

/** No installation of that id. One that was removed and made again has another. */
async function gone(octokit: Octokit, id: number, target: Target): Promise<ProviderError> {
  const { knownInstallation: known, webUrl } = target;
  const sentence = `The App has no installation ${id} on ${webUrl.host}.`;
  if (known?.id !== id) return notFound(sentence);
  const answer = await askForOwner(octokit, known.account, target);
  if (isAbsent(answer)) return notFound(sentence);
  const { id: newId } = parse(answer, installationSchema, target);
  return notFound(
    `The App has no installation ${id} on ${webUrl.host} any more; for ${known.account} it has ${newId}.`,
    'Correct auth.githubApp.installation.id, or name the owner instead, which stays the same when the App is installed anew.',
  );
}

/** No installation for that owner. One whose account was renamed is still there by its id. */
async function notInstalledFor(octokit: Octokit, owner: string, target: Target): Promise<ProviderError> {
  const { knownInstallation: known, webUrl } = target;
  const sentence = `The App is not installed for ${owner} on ${webUrl.host}.`;
  if (known?.account.toLowerCase() !== owner.toLowerCase()) return notFound(sentence);
  const answer = await ask(octokit.rest.apps.getInstallation({ installation_id: known.id }), target);
  if (isAbsent(answer)) return notFound(sentence);
  const { account } = parse(answer, installationSchema, target).account;
  return notFound(
    `The App is not installed for ${owner} on ${webUrl.host} any more; its installation is for ${account} now.`,
    'If the account was renamed, correct auth.githubApp.installation.owner.',
  );
}

/** Asks for the installation that covers a repository. */
export function askForRepository(octokit: Octokit, repository: string, target: Target): Promise<Answer> {
  const [owner = '', repo = ''] = repository.split('/');
  return ask(octokit.rest.apps.getRepoInstallation({ owner, repo }), target);
}

/** 404 `Not Found`: there is none, or it is another App's. That the App exists has been proven before. */
export function isAbsent(answer: Answer): boolean {
  return answer.status === 404;
}

/** What an answer to the App holds. Throws ProviderError for a failure, and for anything else than expected. */
export function parse<T>(answer: Answer, schema: z.ZodType<T>, target: Target): T {
  const subject = asked(target, { kind: 'credential' });
  if (!isSuccess(answer)) throw appFailure(answer, subject);
  const parsed = schema.safeParse(answer.body);
  if (!parsed.success) throw notTheApi('GitHub', answer, subject);
  return parsed.data;
}

const installPage =
  'https://docs.github.com/en/apps/using-github-apps/installing-a-github-app-from-a-third-party';

/** There is no such installation. */
export function notFound(
  sentence: string,
  hint = `Install it, or correct auth.githubApp.installation: ${installPage}`,
): ProviderError {
  return new ProviderError({ reason: 'NotFound', sentence, hint });
}
