import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  clusterCodeMieConnections,
  codeMieConnections,
  gitIntegrations,
  type ProviderName,
} from '../api/group.ts';
import { parseClusterCodeMieConnectionSpec } from '../api/v1alpha1/connection-spec.ts';
import { parseConnection } from '../controllers/codemie-connection/parse-connection.ts';
import type { ResolvedConnection } from '../controllers/git-integration/connection.ts';
import { readCredentials } from '../controllers/git-integration/credentials.ts';
import { Halt } from '../controllers/git-integration/halt.ts';
import { integrationIndexes } from '../controllers/git-integration/indexes.ts';
import { resolveInstallation } from '../controllers/git-integration/installation.ts';
import { type Integration, parseObject } from '../controllers/git-integration/load.ts';
import { checkPermissions } from '../controllers/git-integration/permissions.ts';
import { type Report, startReport } from '../controllers/git-integration/report.ts';
import { validate } from '../controllers/git-integration/validate.ts';
import { createRefusals } from '../controllers/refusals.ts';
import { createSharedCalls } from '../controllers/shared-calls.ts';
import { unsharedReads } from '../controllers/shared-reads.ts';
import type { KubeClient } from '../kube/client.ts';
import { isForbidden } from '../kube/errors.ts';
import { type KubeObject, keyOf, type Resource } from '../kube/object.ts';
import { createStore } from '../kube/store.ts';
import type { HttpClients } from '../net/http-clients.ts';
import { providers } from '../providers/registry.ts';
import { type Cluster, getObject, keyIn, withCluster } from './cluster.ts';
import { createClients } from './codemie.ts';
import type { CheckFlags } from './credential-commands.ts';
import { CliError, exitCodes, type Io, painter, printable, sentence } from './io.ts';
import { type Manifest, parseManifests } from './lint/manifests.ts';
import { storedObject } from './lint/values.ts';

/** A credential that is given on the command line instead of by an object. */
interface GivenCredential {
  provider: ProviderName;
  url?: string;
  apiUrl?: string;
  token?: GivenValue;
  username?: string;
  appId?: number;
  privateKey?: GivenValue;
  installationId?: number;
  repositories: readonly string[];
}

/** A secret value, by the name of an environment variable or the path of a file. It is never a flag of its own. */
type GivenValue = { from: 'environment'; variable: string } | { from: 'file'; path: string };

/** Options of `check`. */
interface CheckOptions {
  output: 'human' | 'json';
  caFile?: string;
}

/** What is checked, and where its Secrets are read. */
export interface Subject {
  object: KubeObject;
  source: Pick<KubeClient, 'get'>;
}

/** A GitIntegration of the cluster. @throws CliError when it does not exist */
async function subjectInCluster(name: string, cluster: Cluster, io: Io): Promise<Subject> {
  const object = await getObject(cluster, gitIntegrations, name, io.signal);
  return { object, source: cluster.client };
}

/**
 * The GitIntegrations of a file, with the Secrets of the same file, else those of the cluster.
 *
 * @throws CliError when the file has none, or can't be read
 */
async function subjectsInFile(
  file: string,
  namespace: string,
  cluster: Cluster | undefined,
  io: Io,
): Promise<Subject[]> {
  const text = file === '-' ? await io.stdin() : await readText(file);
  const { manifests, faults } = parseManifests(file, text);
  const [fault] = faults;
  if (fault) throw new CliError(`${printable(file)}:${fault.position.line}: ${fault.message}`, fault.hint);
  const placed = manifests.map((manifest) => ({ ...manifest, namespace: manifest.namespace ?? namespace }));
  const source = localFirst(placed, cluster);
  const found = placed.filter(({ kind }) => kind === gitIntegrations.kind);
  if (found.length === 0)
    throw new CliError(`The file ${printable(file)} has no GitIntegration.`, 'Check the path.');
  return found.map((manifest) => ({ object: { ...storedObject(manifest), data: undefined }, source }));
}

function localFirst(manifests: readonly Manifest[], cluster: Cluster | undefined): Pick<KubeClient, 'get'> {
  const local = new Map(
    manifests.map((manifest) => [`${manifest.kind} ${manifest.namespace}/${manifest.name}`, manifest]),
  );
  return {
    async get(resource: Resource, key: string, signal: AbortSignal) {
      const manifest = local.get(`${resource.kind} ${key}`);
      if (manifest) return storedObject(manifest);
      return cluster?.client.get(resource, key, signal);
    },
  };
}

/** A credential from flags, files and the environment. @throws CliError when a value is not there */
async function subjectFromFlags(given: GivenCredential, io: Io): Promise<Subject> {
  const data: Record<string, Record<string, string>> = { environment: {}, file: {} };
  const ref = async (value: GivenValue) => {
    const { name, key, text } = await readGiven(value, io);
    data[name] = { ...data[name], [key]: Buffer.from(text).toString('base64') };
    return { name, key };
  };
  const { token, privateKey, appId, installationId } = given;
  const auth = token
    ? {
        token: {
          secretRef: await ref(token),
          ...(given.username !== undefined && { username: given.username }),
        },
      }
    : privateKey && {
        githubApp: {
          appID: appId,
          privateKeySecretRef: await ref(privateKey),
          ...(installationId !== undefined && { installation: { id: installationId } }),
        },
      };
  if (!auth)
    throw new CliError(
      'There is nothing to check.',
      'Name a GitIntegration, or give a token or a private key.',
    );
  const spec = {
    provider: given.provider,
    project: 'unused',
    auth,
    ...(given.url !== undefined && { url: given.url }),
    ...(given.apiUrl !== undefined && { apiURL: given.apiUrl }),
    ...(given.repositories.length > 0 && { validation: { repositories: given.repositories } }),
  };
  const metadata = {
    name: 'given',
    namespace: 'given',
    uid: 'given',
    resourceVersion: '1',
    creationTimestamp: '',
  };
  return {
    object: { metadata, spec },
    source: {
      async get(_resource: Resource, key: string) {
        const name = key.slice(key.indexOf('/') + 1);
        return { metadata: { ...metadata, name }, data: Object.hasOwn(data, name) ? data[name] : {} };
      },
    },
  };
}

async function readGiven(value: GivenValue, io: Io): Promise<{ name: string; key: string; text: string }> {
  if (value.from === 'file') {
    const text = value.path === '-' ? await io.stdin() : await readText(value.path);
    const key = basename(value.path).replaceAll(/[^-._a-zA-Z0-9]/g, '-') || 'stdin';
    return { name: 'file', key, text };
  }
  const text = io.env[value.variable];
  if (text === undefined || text === '')
    throw new CliError(
      `The environment variable ${printable(value.variable)} is not set.`,
      'Set it, or name another.',
    );
  return { name: 'environment', key: value.variable.replaceAll(/[^-._a-zA-Z0-9]/g, '-'), text };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new CliError(`The file ${printable(path)} can't be read.`, 'Check the path.');
  }
}

/** What `check` found out about one credential. */
interface CheckResult {
  object: string;
  ok: boolean;
  report: Report;
  credentials: Awaited<ReturnType<typeof readCredentials>> | undefined;
  installationId: number | undefined;
}

/**
 * Validates credentials now, by the operator's own steps, and prints what they report.
 *
 * @returns the exit code: 1 when a provider rejects one, or it lacks permissions
 */
async function check(
  subjects: readonly Subject[],
  options: CheckOptions,
  cluster: Cluster | undefined,
  io: Io,
): Promise<number> {
  const http = await createClients(options.caFile, io);
  try {
    const results: CheckResult[] = [];
    for (const subject of subjects) results.push(await checkOne(subject, http, cluster, io));
    io.out(options.output === 'json' ? toJson(results) : toText(results, io));
    return results.every(({ ok }) => ok) ? exitCodes.ok : exitCodes.negative;
  } finally {
    await http.close();
  }
}

async function checkOne(
  { object, source }: Subject,
  http: HttpClients,
  cluster: Cluster | undefined,
  io: Io,
): Promise<CheckResult> {
  const loaded = parseObject(object);
  if (!loaded.parsed.ok) throw new CliError(`${printable(keyOf(object))}: ${loaded.parsed.error}`, '');
  const spec = loaded.parsed.value;
  const integration: Integration = { ...loaded, spec, alias: spec.alias ?? loaded.name, askAnew: true };
  const report = startReport({ ...loaded, status: {} });
  const result: CheckResult = {
    object: keyOf(object),
    ok: false,
    report,
    credentials: undefined,
    installationId: undefined,
  };
  const connection = await connectionFor(integration, cluster, io);
  const calls = { now: () => io.now(), timeoutMs: 60_000, failureAgeMs: () => 0, maxEntries: 16 };
  const deps = {
    clocks: { observe: () => {} },
    digestKey: randomBytes(32),
    integrations: createStore(integrationIndexes),
    now: () => io.now(),
    proofs: createSharedCalls<Awaited<ReturnType<(typeof providers)[ProviderName]['validate']>>>(calls),
    installations: createSharedCalls<never>(calls),
    providerHttp: http,
    providers,
    rateLimits: { observe: () => {}, exhausted: () => {} },
    // Whoever asks wants an answer, not a series of them.
    refusals: createRefusals({ now: () => io.now(), windowMs: 0, maxEntries: 16 }),
    tenantPrivateNetworks: true,
  };
  try {
    const credentials = await readCredentials(
      integration,
      report,
      { reads: unsharedReads(source), providers },
      io.signal,
    );
    result.credentials = credentials;
    const proof = await validate(integration, credentials, connection, report, deps, io.signal);
    const installation = await resolveInstallation(integration, credentials, proof, report, deps, io.signal);
    result.installationId = installation?.id;
    checkPermissions(integration, credentials, proof, installation, report);
    result.ok = true;
  } catch (error) {
    if (!(error instanceof Halt)) throw error;
    report.findings[error.condition] = error.finding;
  }
  return result;
}

/** The connection says which hosts may see the credential. Without one, only the host that is asked for may. */
async function connectionFor(
  { spec, namespace }: Integration,
  cluster: Cluster | undefined,
  io: Io,
): Promise<ResolvedConnection> {
  const { kind, name } = spec.connectionRef;
  const resource = kind === codeMieConnections.kind ? codeMieConnections : clusterCodeMieConnections;
  const object = await cluster?.client
    .get(resource, keyIn(resource, namespace, name), io.signal)
    .catch((error: unknown) => {
      if (isForbidden(error)) return undefined;
      throw error;
    });
  const parsed = object && parseConnection(object);
  if (object && parsed?.ok) return { object, resource, uid: object.metadata.uid, spec: parsed.value };
  const provider = providers[spec.provider];
  const webUrl = provider.webUrl(new URL(spec.url ?? provider.defaultUrl));
  const apiUrl = spec.apiURL === undefined ? provider.apiUrl(webUrl) : new URL(spec.apiURL);
  const standIn = parseClusterCodeMieConnectionSpec({
    url: 'https://codemie.invalid',
    auth: { token: { secretRef: { name: 'unused' } } },
    providerHosts: [...new Set([webUrl.hostname, apiUrl.hostname])],
    // Whoever runs this may reach what the machine reaches.
    allowPrivateNetworks: true,
  });
  if (!standIn.ok) throw new CliError(standIn.error, 'Check the URL.');
  const metadata = { name, uid: 'none', resourceVersion: '1', creationTimestamp: '' };
  return { object: { metadata }, resource: clusterCodeMieConnections, uid: 'none', spec: standIn.value };
}

const titles: readonly [string, string][] = [
  ['CredentialsResolved', 'Secrets'],
  ['CredentialsValid', 'Credential'],
  ['InstallationResolved', 'Installation'],
  ['PermissionsSufficient', 'Permissions'],
];

function toText(results: readonly CheckResult[], io: Io): string {
  const paint = painter(io);
  const lines = results.flatMap(({ object, ok, report }) => {
    const { credential, installation, findings } = report;
    const head = `${ok ? paint('green', '✓') : paint('red', '✗')} ${paint('bold', printable(object))}`;
    const found = Object.entries(findings);
    const steps = titles.flatMap(([type, title]) => {
      const finding = found.find(([name]) => name === type)?.[1];
      if (!finding) return [];
      const color = finding.status === 'True' ? 'green' : finding.status === 'False' ? 'red' : 'yellow';
      return [`  ${title.padEnd(13)} ${paint(color, finding.reason)}  ${sentence(finding.message)}`];
    });
    const facts = [
      ['Kind', credential?.kind],
      ['Account', credential?.account],
      ['Scopes', credential?.scopes?.join(', ')],
      ['Expires', credential?.expiresAt],
      ['Fingerprint', credential?.fingerprint],
      ['Installed for', installation?.account],
    ].flatMap(([title, value]) => (value === undefined ? [] : [`  ${title?.padEnd(13)} ${sentence(value)}`]));
    return [head, ...steps, ...facts];
  });
  return lines.map((line) => `${line}\n`).join('');
}

function toJson(results: readonly CheckResult[]): string {
  const plain = results.map(({ object, ok, report: { findings, credential, installation } }) => ({
    object,
    ok,
    conditions: Object.entries(findings).map(([type, finding]) => ({ type, ...finding })),
    ...(credential && { credential: { ...credential, digest: undefined } }),
    ...(installation && { installation }),
  }));
  return `${JSON.stringify(plain, null, 2)}\n`;
}

/**
 * Runs `check` as the command line asks for it.
 *
 * @returns the exit code
 */
export async function runCheck(name: string | undefined, flags: CheckFlags, io: Io): Promise<number> {
  const { output, caFile, filename, provider } = flags;
  const options = { output, ...(caFile !== undefined && { caFile }) };
  if (provider !== undefined) {
    if (name !== undefined || filename !== undefined || flags.project)
      throw new CliError(
        '--provider goes with values from flags only.',
        'Leave out the name, --filename and --project.',
      );
    return check([await subjectFromFlags(givenCredential(provider, flags), io)], options, undefined, io);
  }
  return withCluster(flags, io, async (cluster) => {
    const subjects =
      filename === undefined
        ? [await subjectInCluster(name ?? missingName(), cluster, io)]
        : await subjectsInFile(filename, cluster.namespace, cluster, io);
    const exitCode = await check(subjects, options, cluster, io);
    if (!flags.project || exitCode !== exitCodes.ok) return exitCode;
    const { dryRun } = await import('./dry-run.ts');
    let worst: number = exitCode;
    for (const subject of subjects) worst = Math.max(worst, await dryRun(subject, flags, cluster, io));
    return worst;
  });
}

function missingName(): never {
  throw new CliError(
    'There is nothing to check.',
    'Name a GitIntegration, or give --filename or --provider.',
  );
}

function givenCredential(provider: ProviderName, flags: CheckFlags): GivenCredential {
  const { url, apiUrl, username, appId, installationId, repository = [] } = flags;
  const value = (variable: string | undefined, path: string | undefined): GivenValue | undefined => {
    if (variable !== undefined) return { from: 'environment', variable };
    return path === undefined ? undefined : { from: 'file', path };
  };
  const token = value(flags.tokenEnv, flags.tokenFile);
  const privateKey = value(flags.privateKeyEnv, flags.privateKeyFile);
  return {
    provider,
    repositories: repository,
    ...(url !== undefined && { url }),
    ...(apiUrl !== undefined && { apiUrl }),
    ...(token && { token }),
    ...(username !== undefined && { username }),
    ...(appId !== undefined && { appId }),
    ...(privateKey && { privateKey }),
    ...(installationId !== undefined && { installationId }),
  };
}
