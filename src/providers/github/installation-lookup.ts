import { z } from 'zod';
import { type Answer, shortRecord } from '../answer.ts';
import { type InstallationSelector, ProviderError, type Target } from '../provider.ts';
import { notTheApi } from '../provider-errors.ts';
import { isFromApi } from '../signatures.ts';
import { ownerSchema } from './app.ts';
import type { GitHubApi } from './octokit.ts';

/** One installation. https://docs.github.com/en/rest/apps/apps#get-an-installation-for-the-authenticated-app */
export const installationSchema = z.object({
  id: z.int(),
  // Null by GitHub's own description of its API.
  account: ownerSchema.nullish(),
  repository_selection: z.enum(['all', 'selected']),
  permissions: shortRecord,
  suspended_at: z.iso.datetime({ offset: true }).nullish(),
});

/** An installation as GitHub reports it. */
export type RawInstallation = z.infer<typeof installationSchema>;

/** One that opens repositories: on an organization or a user. */
export type UsableInstallation = RawInstallation & { account: NonNullable<RawInstallation['account']> };

/**
 * Whether an installation can have repositories: one on an enterprise has none, and one without an account has
 * no known owner.
 * https://docs.github.com/en/enterprise-cloud@latest/apps/using-github-apps/installing-a-github-app-on-your-enterprise
 */
export function isUsable(installation: RawInstallation): installation is UsableInstallation {
  return installation.account != null && installation.account.accountType !== 'Enterprise';
}

const pageSize = 100;
/** 10,000 installations. A server that always has one more page must not be followed indefinitely. */
const mostPages = 100;

/** All installations of the App, one call per hundred. Those that can't be read are left out. Throws ProviderError. */
export async function listInstallations(api: GitHubApi): Promise<RawInstallation[]> {
  const { client, octokit } = api;
  const byId = new Map<number, RawInstallation>();
  for (let page = 1; ; page += 1) {
    const answer = await client.answerTo(() =>
      octokit.rest.apps.listInstallations({ per_page: pageSize, page }),
    );
    const sizeBefore = byId.size;
    const items = client.parse(answer, z.array(z.unknown()));
    const readable = items.flatMap((item) => installationSchema.safeParse(item).data ?? []);
    if (items.length > 0 && readable.length === 0) throw notTheApi('GitHub', answer, client.contextOf());
    for (const installation of readable) byId.set(installation.id, installation);
    forgetPermissions(byId);
    // A page without anything new ends the walk even if the server says that there is more.
    const more = hasNextPage(answer.header('link')) && byId.size > sizeBefore;
    if (!more || page === mostPages) return [...byId.values()];
  }
}

/** Only one of them is used: the usable one with the lowest id, or else any. Of the others a list of names is made. */
function forgetPermissions(byId: Map<number, RawInstallation>): void {
  const all = [...byId.values()].toSorted((a, b) => a.id - b.id);
  const usable = all.filter(isUsable);
  const used = usable.find((installation) => installation.suspended_at == null) ?? usable[0];
  for (const installation of all) if (installation !== used) installation.permissions = {};
}

/** By the header `Link`: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api */
function hasNextPage(link = ''): boolean {
  return link.split(',').some((part) => /;\s*rel="?next"?/.test(part));
}

/** The one installation that a selector names. Throws ProviderError, `NotFound` with what became of it as far as it is known. */
export async function lookUpInstallation(
  api: GitHubApi,
  selector: Exclude<InstallationSelector, { by: 'first' }>,
): Promise<UsableInstallation> {
  const { client, octokit } = api;
  const { target } = client;
  const { host } = target.webUrl;
  switch (selector.by) {
    case 'id': {
      const answer = await client.answerTo(() =>
        octokit.rest.apps.getInstallation({ installation_id: selector.id }),
      );
      if (isAbsent(answer)) throw await gone(api, selector.id);
      return usable(client.parse(answer, installationSchema), target);
    }
    case 'owner': {
      const { owner } = selector;
      const answer = await askForOwner(api, owner);
      if (isAbsent(answer)) throw await notInstalledFor(api, owner);
      return usable(client.parse(answer, installationSchema), target);
    }
    case 'repository': {
      const answer = await askForRepository(api, selector.repository);
      if (isAbsent(answer)) {
        const sentence = `The App is not installed for the repository ${selector.repository} on ${host}`;
        throw await notFoundAmong(api, sentence);
      }
      return usable(client.parse(answer, installationSchema), target);
    }
  }
}

function usable(installation: RawInstallation, target: Target): UsableInstallation {
  if (isUsable(installation)) return installation;
  throw installationNotUsable(installation, target);
}

/** For an installation that can't have repositories. */
export function installationNotUsable({ id, account }: RawInstallation, { webUrl }: Target): ProviderError {
  const { host } = webUrl;
  return installationNotFound(
    account == null
      ? `Installation ${id} of the App on ${host} belongs to no organization or user.`
      : `Installation ${id} of the App on ${host} is on the enterprise ${account.account}, which has no repositories.`,
    'Install the App for an organization or user, and name it under auth.githubApp.installation.',
  );
}

/**
 * The way for users finds organizations too, as https://github.com/actions/create-github-app-token uses it; the documented
 * way for them is asked only if it doesn't.
 */
async function askForOwner({ client, octokit }: GitHubApi, owner: string): Promise<Answer> {
  const answer = await client.answerTo(() => octokit.rest.apps.getUserInstallation({ username: owner }));
  return isAbsent(answer)
    ? client.answerTo(() => octokit.rest.apps.getOrgInstallation({ org: owner }))
    : answer;
}

/** No installation of that id. One that was removed and made again has another. */
async function gone(api: GitHubApi, id: number): Promise<ProviderError> {
  const { client } = api;
  const { knownInstallation: known, webUrl } = client.target;
  const sentence = `The App has no installation ${id} on ${webUrl.host}`;
  if (known?.id !== id) return notFoundAmong(api, sentence);
  const answer = await askForOwner(api, known.account);
  if (isAbsent(answer)) return notFoundAmong(api, sentence);
  const { id: newId } = client.parse(answer, installationSchema);
  return installationNotFound(
    `The App has no installation ${id} on ${webUrl.host} any more; for ${known.account} it has ${newId}.`,
    'Correct auth.githubApp.installation.id, or name the owner instead, which stays the same when the App is installed again.',
  );
}

/** No installation for that owner. One whose account was renamed is still there by its id. */
async function notInstalledFor(api: GitHubApi, owner: string): Promise<ProviderError> {
  const { client, octokit } = api;
  const { target } = client;
  const { knownInstallation: known, webUrl } = target;
  const sentence = `The App is not installed for ${owner} on ${webUrl.host}`;
  if (known?.account.toLowerCase() !== owner.toLowerCase()) return notFoundAmong(api, sentence);
  const answer = await client.answerTo(() =>
    octokit.rest.apps.getInstallation({ installation_id: known.id }),
  );
  if (isAbsent(answer)) return notFoundAmong(api, sentence);
  const { account } = usable(client.parse(answer, installationSchema), target).account;
  return installationNotFound(
    `The App is not installed for ${owner} on ${webUrl.host} any more; its installation is for ${account} now.`,
    'If the account was renamed, correct auth.githubApp.installation.owner.',
  );
}

/** Asks for the installation that covers a repository. */
export function askForRepository({ client, octokit }: GitHubApi, repository: string): Promise<Answer> {
  const [owner = '', repo = ''] = repository.split('/');
  return client.answerTo(() => octokit.rest.apps.getRepoInstallation({ owner, repo }));
}

/**
 * 404 `Not Found`: there is none, or it is another App's. That the App exists has been validated before. An answer that
 * is not GitHub's says nothing of it.
 */
export function isAbsent(answer: Answer): boolean {
  return answer.status === 404 && isFromApi('GitHub', answer);
}

const installPage =
  'https://docs.github.com/en/apps/using-github-apps/installing-a-github-app-from-a-third-party';

/** How many accounts a message names. */
const mostNamed = 10;

/** Names the accounts that the App is installed for: the one that is meant is often among them, spelt otherwise. */
async function notFoundAmong(api: GitHubApi, sentence: string): Promise<ProviderError> {
  const accounts = (await listInstallations(api)).filter(isUsable).map(({ account }) => account.account);
  const more = accounts.length - mostNamed;
  const names = `${accounts.toSorted().slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return installationNotFound(
    `${sentence}; ${names === '' ? 'it is installed nowhere there' : `it is installed for ${names}`}.`,
  );
}

/** There is no such installation. */
export function installationNotFound(
  sentence: string,
  hint = `Install it, or correct auth.githubApp.installation: ${installPage}`,
): ProviderError {
  return new ProviderError({ reason: 'NotFound', sentence, hint });
}
