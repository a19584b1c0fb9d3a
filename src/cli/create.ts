import { API_VERSION, gitIntegrations, type ProviderName } from '../api/group.ts';
import { documentedPermissions } from '../providers/github/permissions.ts';
import { documentedScopes as gitHubScopes } from '../providers/github/scopes.ts';
import { documentedScopes as gitLabScopes } from '../providers/gitlab/token.ts';
import { providers } from '../providers/registry.ts';
import { cliName } from './cluster.ts';
import { toYaml } from './documents.ts';
import { CliError, exitCodes, type Io, printable } from './io.ts';
import { parseManifests } from './lint/manifests.ts';
import { checkObject } from './lint/objects.ts';

/** What `create token` and `create app` have in common. */
interface CreateOptions {
  name: string;
  namespace: string;
  project: string;
  /** Web URL of a self-managed server. */
  url?: string;
  alias?: string;
  connection?: string;
  /** Name of the Secret; by default that of the object. */
  secret?: string;
}

/** Options of `create token`. */
export interface CreateTokenOptions extends CreateOptions {
  provider: ProviderName;
  username?: string;
}

/** Options of `create app`. */
export interface CreateAppOptions extends CreateOptions {
  /** Absent: the manifest gets a place to fill in. */
  appId?: number;
  /** The organization that will own the App; absent for a personal account. */
  organization?: string;
}

/**
 * Prints a manifest for a token to standard output, and to standard error where the token is created and how it gets
 * into its Secret.
 *
 * @throws CliError when a value breaks a rule of the API
 */
export function createToken(options: CreateTokenOptions, io: Io): number {
  const { provider, username } = options;
  const secret = options.secret ?? options.name;
  const auth = { token: { secretRef: { name: secret }, ...(username !== undefined && { username }) } };
  printManifest(options, provider, auth, io);
  const { page, note } = tokenPage(options);
  io.err(`Create the token: ${page}`);
  if (note) io.err(note);
  io.err(
    `Store it: kubectl create secret generic ${secret} --namespace ${options.namespace} --from-file=token=/dev/stdin`,
  );
  return exitCodes.ok;
}

/**
 * The same for a GitHub App, with its permissions filled in on GitHub's page.
 *
 * @throws CliError when a value breaks a rule of the API
 */
export function createApp(options: CreateAppOptions, io: Io): number {
  const secret = options.secret ?? options.name;
  const auth = { githubApp: { appID: options.appId ?? 1, privateKeySecretRef: { name: secret } } };
  printManifest(options, 'GitHub', auth, io);
  if (options.appId === undefined) {
    io.err(`Create the App: ${appPage(options)}`);
    io.err('Write its App ID into auth.githubApp.appID: the manifest has 1 there.');
  }
  io.err('Generate a private key on its page, and install the App for the repositories.');
  io.err(
    `Store the key: kubectl create secret generic ${secret} --namespace ${options.namespace} --from-file=privateKey=FILE.pem`,
  );
  return exitCodes.ok;
}

function printManifest(
  { name, namespace, project, url, alias, connection }: CreateOptions,
  provider: ProviderName,
  auth: object,
  io: Io,
): void {
  const spec = {
    provider,
    ...(url !== undefined && { url }),
    project,
    ...(alias !== undefined && { alias }),
    ...(connection !== undefined && { connectionRef: { name: connection } }),
    auth,
  };
  const manifest = toYaml({
    apiVersion: API_VERSION,
    kind: gitIntegrations.kind,
    metadata: { name, namespace },
    spec,
  });
  // By the rules of lint, so that nothing is printed which the API server would refuse.
  const [fault] = parseManifests(name, manifest).manifests.flatMap(checkObject);
  if (fault) throw new CliError(fault.message, `See the flags with ${cliName} create --help.`);
  io.out(manifest);
}

/** Where the token of a provider is created, with the scopes ticked where the page can be prefilled. */
function tokenPage({ provider, name, url }: Pick<CreateTokenOptions, 'provider' | 'name' | 'url'>): {
  page: string;
  note?: string;
} {
  const base = webRoot(provider, url);
  const isCloud = base === webRoot(provider, undefined);
  switch (provider) {
    case 'GitHub':
      // https://docs.github.com/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
      return {
        page: `${base}/settings/tokens/new?${query({ description: `CodeMie ${name}`, scopes: gitHubScopes.join(',') })}`,
        note: "This is a classic token. The page of fine-grained tokens can't be prefilled reliably.",
      };
    case 'GitLab':
      // https://docs.gitlab.com/user/profile/personal_access_tokens/#prefill-personal-access-token-name-and-scopes
      return {
        page: `${base}/-/user_settings/personal_access_tokens?${query({ name: `CodeMie ${name}`, scopes: gitLabScopes.join(',') })}`,
      };
    case 'Bitbucket':
      return isCloud
        ? {
            page: 'https://support.atlassian.com/bitbucket-cloud/docs/access-tokens/',
            note: 'A repository, project or workspace access token belongs to no person. Give it the scopes repository:write and pullrequest:write.',
          }
        : { page: `${base}/plugins/servlet/access-tokens/manage` };
    case 'AzureDevOps':
      return { page: `${base}/_usersSettings/tokens`, note: 'Choose the scope Code: Read & write.' };
  }
}

/** https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-using-url-parameters */
function appPage({
  name,
  url,
  organization,
}: Pick<CreateAppOptions, 'name' | 'url' | 'organization'>): string {
  const base = webRoot('GitHub', url);
  const owner = organization === undefined ? '' : `/organizations/${encodeURIComponent(organization)}`;
  const permissions = Object.fromEntries(documentedPermissions.map((each) => each.split(':')));
  const parameters = {
    name: `CodeMie ${printable(name)}`,
    url: base,
    public: 'false',
    webhook_active: 'false',
  };
  return `${base}${owner}/settings/apps/new?${query({ ...parameters, ...permissions })}`;
}

/** The address that people see, without a final slash. The URL has passed the rules of the API. */
function webRoot(provider: ProviderName, url: string | undefined): string {
  const { origin, pathname } = providers[provider].webUrl(new URL(url ?? providers[provider].defaultUrl));
  return [origin, ...pathname.split('/').filter((part) => part !== '')].join('/');
}

function query(parameters: Record<string, string>): string {
  return new URLSearchParams(parameters).toString();
}
