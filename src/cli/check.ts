import { createSecretKey, randomBytes } from 'node:crypto';
import { clusterCodeMieConnections, codeMieConnections, type ProviderName } from '../api/group.ts';
import { parseClusterCodeMieConnectionSpec, parseConnection } from '../api/v1alpha1/connection-spec.ts';
import { readCredentials } from '../controllers/git-integration/credentials.ts';
import { Halt } from '../controllers/git-integration/halt.ts';
import { integrationIndexes } from '../controllers/git-integration/indexes.ts';
import { checkPermissions, resolveInstallation } from '../controllers/git-integration/installation.ts';
import {
  type Integration,
  parseIntegration,
  type Report,
  type ResolvedConnection,
  startReport,
} from '../controllers/git-integration/pass.ts';
import { validate } from '../controllers/git-integration/validate.ts';
import { createRefusals } from '../controllers/refusals.ts';
import { createSharedCalls } from '../controllers/shared-calls.ts';
import { unsharedReads } from '../controllers/shared-reads.ts';
import { isForbidden } from '../kube/errors.ts';
import { keyOf } from '../kube/object.ts';
import { createStore } from '../kube/store.ts';
import { bounds } from '../lib/bounds.ts';
import type { HttpClientPool } from '../net/http-client-pool.ts';
import { providers } from '../providers/registry.ts';
import {
  type CheckSubject,
  givenKey,
  subjectFromFlags,
  subjectInCluster,
  subjectsInFile,
} from './check-subjects.ts';
import { type Cluster, keyIn, withCluster } from './cluster.ts';
import { createClients } from './codemie.ts';
import type { CheckFlags } from './credential-commands.ts';
import { toJson } from './documents.ts';
import type { RegistrationForecast } from './dry-run.ts';
import { CliError, exitCodes, type Io, painter, printable, sentence } from './io.ts';

/** Options of `check`. */
interface CheckOptions {
  output: 'human' | 'json';
  caFile?: string;
  /** Asks CodeMie what registering one would do; absent where that is not wanted. */
  ask?: (subject: CheckSubject) => Promise<RegistrationForecast>;
}

/** What `check` found out about one credential. */
interface CheckResult {
  object: string;
  ok: boolean;
  report: Report;
  credentials: Awaited<ReturnType<typeof readCredentials>> | undefined;
  installationId: number | undefined;
  /** Why it could not be checked, where others could. */
  failure?: string;
  /** Only where CodeMie was asked, which it is about valid credentials. */
  registration?: RegistrationForecast;
}

/**
 * Validates credentials now, by the operator's own steps, and prints what they report.
 *
 * @returns the exit code: 1 when a provider rejects one, it lacks permissions, or CodeMie would refuse it
 */
async function check(
  subjects: readonly CheckSubject[],
  options: CheckOptions,
  cluster: Cluster | undefined,
  io: Io,
): Promise<number> {
  const http = await createClients(options.caFile, io);
  try {
    const results: CheckResult[] = [];
    for (const subject of subjects) {
      io.progress(`Validating ${results.length + 1} of ${subjects.length} …`);
      results.push(
        await checkAndAsk(subject, options, http, cluster, io).catch((error: unknown) => {
          // One that can't be checked takes no verdict from the others.
          if (subjects.length === 1 || !(error instanceof CliError)) throw error;
          return failed(subject, error.message);
        }),
      );
    }
    io.out(options.output === 'json' ? resultsAsJson(results) : toText(results, io));
    return results.every(isFine) ? exitCodes.ok : exitCodes.negative;
  } finally {
    await http.close();
  }
}

async function checkAndAsk(
  subject: CheckSubject,
  { ask }: CheckOptions,
  http: HttpClientPool,
  cluster: Cluster | undefined,
  io: Io,
): Promise<CheckResult> {
  const result = await checkOne(subject, http, cluster, io);
  if (result.ok && ask) result.registration = await ask(subject);
  return result;
}

function failed({ object }: CheckSubject, failure: string): CheckResult {
  const report = startReport({ ...parseIntegration(object), status: {} });
  return {
    object: keyOf(object),
    ok: false,
    report,
    credentials: undefined,
    installationId: undefined,
    failure,
  };
}

function isFine({ ok, registration }: CheckResult): boolean {
  return ok && registration?.ok !== false;
}

async function checkOne(
  { object, source }: CheckSubject,
  http: HttpClientPool,
  cluster: Cluster | undefined,
  io: Io,
): Promise<CheckResult> {
  const loaded = parseIntegration(object);
  if (!loaded.parsed.ok) throw new CliError(`${printable(keyOf(object))}: ${loaded.parsed.error}`, '');
  const spec = loaded.parsed.value;
  const integration: Integration = { ...loaded, spec, alias: spec.alias ?? loaded.name, forceCheck: true };
  const report = startReport({ ...loaded, status: {} });
  const result: CheckResult = {
    object: keyOf(object),
    ok: false,
    report,
    credentials: undefined,
    installationId: undefined,
  };
  const connection = await connectionFor(integration, cluster, io);
  const calls = { now: () => io.now(), timeoutMs: 60_000, failureAgeMs: () => 0, kept: bounds.keptAnswers };
  const deps = {
    clocks: { observe: () => {} },
    digestKey: createSecretKey(randomBytes(32)),
    integrations: createStore(integrationIndexes),
    now: () => io.now(),
    validations: createSharedCalls<Awaited<ReturnType<(typeof providers)[ProviderName]['validate']>>>(calls),
    installations: createSharedCalls<never>(calls),
    providerHttp: http,
    providers,
    rateLimits: { observe: () => {}, exhausted: () => {} },
    // Users want one answer, not a series.
    refusals: createRefusals({ now: () => io.now(), windowMs: 0 }),
    tenantPrivateNetworks: true,
  };
  try {
    const pass = { integration, report, deps, signal: io.signal };
    const credentials = await readCredentials({
      ...pass,
      deps: { reads: unsharedReads(source), providers },
    });
    result.credentials = credentials;
    const validation = await validate(pass, credentials, connection);
    const installation = await resolveInstallation(pass, credentials, validation);
    result.installationId = installation?.id;
    checkPermissions(pass, credentials, { validation, installation });
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
    // The user who runs this may reach what the machine reaches.
    allowPrivateNetworks: true,
  });
  if (!standIn.ok) throw new CliError(standIn.error, 'Check the URL.');
  const metadata = { name, uid: 'none', resourceVersion: '1', creationTimestamp: '' };
  return { object: { metadata }, resource: clusterCodeMieConnections, uid: 'none', spec: standIn.value };
}

/** How a step ended, as a color. */
const colorOf = { True: 'green', False: 'red', Unknown: 'yellow' } as const;

const titles: readonly [string, string][] = [
  ['CredentialsResolved', 'Secrets'],
  ['CredentialsValid', 'Credential'],
  ['InstallationResolved', 'Installation'],
  ['PermissionsSufficient', 'Permissions'],
];

function toText(results: readonly CheckResult[], io: Io): string {
  const paint = painter(io);
  const lines = results.flatMap((result) => {
    const { object, report, registration } = result;
    const { credential, installation, findings } = report;
    const head = `${isFine(result) ? paint('green', '✓') : paint('red', '✗')} ${paint('bold', object === givenKey ? 'The credential' : printable(object))}`;
    const found = Object.entries(findings);
    const steps = titles.flatMap(([type, title]) => {
      const finding = found.find(([name]) => name === type)?.[1];
      if (!finding) return [];
      const color = colorOf[finding.status];
      return [
        `  ${title.padEnd(13)} ${paint(color, finding.reason)}  ${sentence(object === givenKey ? withoutStandIn(finding.message) : finding.message)}`,
      ];
    });
    const facts = [
      ['Kind', credential?.kind],
      ['Account', credential?.account],
      ['Scopes', credential?.scopes?.join(', ')],
      ['Expires', credential?.expiresAt],
      ['Fingerprint', credential?.fingerprint],
      ['Installed for', installation?.account],
    ].flatMap(([title, value]) => (value === undefined ? [] : [`  ${title?.padEnd(13)} ${sentence(value)}`]));
    const asked = registration && [
      `  ${'CodeMie'.padEnd(13)} ${paint(registration.ok ? 'green' : 'red', registration.message)}`,
    ];
    const failure = result.failure === undefined ? [] : [`  ${sentence(result.failure)}`];
    return [head, ...failure, ...steps, ...facts, ...(asked ?? [])];
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** What a credential from flags is called in place of the Secret that stands for it. */
function withoutStandIn(text: string): string {
  return text.replaceAll(
    /Secret "(environment|file)" \(key "([^"]*)"\)/g,
    (_all, from: string, key: string) => (from === 'file' ? `file ${key}` : `environment variable ${key}`),
  );
}

function resultsAsJson(results: readonly CheckResult[]): string {
  const plain = results.map((result) => {
    const { findings, credential, installation } = result.report;
    return {
      object: result.object,
      ok: isFine(result),
      ...(result.failure !== undefined && { failure: result.failure }),
      conditions: Object.entries(findings).map(([type, finding]) => ({
        type,
        ...finding,
        message: result.object === givenKey ? withoutStandIn(finding.message) : finding.message,
      })),
      ...(credential && { credential: { ...credential, digest: undefined } }),
      ...(installation && { installation }),
      ...(result.registration && { registration: result.registration }),
    };
  });
  return toJson(plain);
}

/**
 * Runs `check` as the command line asks for it.
 *
 * @returns the exit code
 */
export async function runCheck(name: string | undefined, flags: CheckFlags, io: Io): Promise<number> {
  const { filename, provider } = flags;
  if (provider === undefined) {
    if (name !== undefined && filename !== undefined)
      throw new CliError('A name and --filename are two things to check.', 'Leave out one of them.');
    return withCluster(flags, io, (cluster) => checkInCluster(name, flags, cluster, io));
  }
  if (name !== undefined || filename !== undefined || flags.project)
    throw new CliError(
      '--provider goes with values from flags only.',
      'Leave out the name, --filename and --project.',
    );
  return check([await subjectFromFlags(provider, flags, io)], flags, undefined, io);
}

/** Runs `check` of what a cluster or a file has. @returns the exit code */
export async function checkInCluster(
  name: string | undefined,
  flags: CheckFlags,
  cluster: Cluster,
  io: Io,
): Promise<number> {
  const { output, caFile, filename, project } = flags;
  const subjects =
    filename === undefined
      ? [await subjectInCluster(name ?? missingName(), cluster, io)]
      : await subjectsInFile(filename, cluster.namespace, cluster, io);
  const options = { output, ...(caFile !== undefined && { caFile }) };
  if (!project) return check(subjects, options, cluster, io);
  const { dryRun } = await import('./dry-run.ts');
  return check(subjects, { ...options, ask: (subject) => dryRun(subject, flags, cluster, io) }, cluster, io);
}

function missingName(): never {
  throw new CliError(
    'There is nothing to check.',
    'Name a GitIntegration, or give --filename or --provider.',
  );
}
