import { API_VERSION, gitIntegrations, type ProviderName } from '../api/group.ts';
import { appCreationPage, tokenCreationPage } from '../providers/creation-pages.ts';
import { cliName } from './cluster.ts';
import { toYaml } from './documents.ts';
import { CliError, exitCodes, type Io, printable } from './io.ts';
import { parseManifests } from './lint/manifests.ts';
import { checkObject } from './lint/object-checks.ts';

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
  const { page, note } = tokenCreationPage({ ...options, title: `CodeMie ${options.name}` });
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
    const title = `CodeMie ${printable(options.name)}`;
    io.err(`Create the App: ${appCreationPage({ ...options, title })}`);
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
