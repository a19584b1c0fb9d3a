import {
  type Installation,
  type InstallationSelector,
  ProviderError,
  type Remedy,
} from '../../providers/provider.ts';
import { Refusal } from '../refusals.ts';
import type { Credentials } from './credentials.ts';
import { needsPerson, providerHalt } from './halt.ts';
import { type Deps, type Pass, type Report, wasReady } from './pass.ts';
import { confirmed, type Validation, verdictOn } from './validate.ts';

/** What the later steps need of an installation. */
export interface FoundInstallation {
  id: number;
  /** Permissions that it was not granted, and how to add them; undefined when GitHub was not asked. */
  missing?: string[];
  remedy?: Remedy;
}

type InstallationDeps = Pick<Deps, 'installations' | 'refusals'>;

/**
 * Step 5: finds the installation of a GitHub App, shared as the validation is, and checks what it may do.
 * Its id always goes to CodeMie, which on its own would take the first installation it is given.
 *
 * @throws Halt on `InstallationResolved`
 */
export async function resolveInstallation(
  pass: Pass<InstallationDeps>,
  { auth, name }: Credentials,
  validation: Validation | undefined,
): Promise<FoundInstallation | undefined> {
  const { integration, report } = pass;
  if (auth.kind !== 'githubApp') {
    report.installation = undefined;
    return undefined;
  }
  if (!validation) return useGivenId(auth.selector, report);

  const installation = await find(pass, validation, { selector: auth.selector, name });
  report.installation = toStatus(installation);
  report.findings.InstallationResolved = describe(auth.selector, installation);
  const isReported = integration.conditions.some(({ reason }) => reason === 'FirstOfMany');
  if (installation.others.length > 0 && !isReported) tellOthers(installation, report);
  if (installation.pending.length > 0 && integration.spec.validation.policy === 'Enforce')
    throw needsPerson(
      'InstallationResolved',
      'PermissionsPending',
      `The App asks for ${installation.pending.join(', ')}, which ${installation.account} has not approved.`,
      'An owner approves the request under Settings, GitHub Apps.',
    );
  const { id, missing, remedy } = installation;
  return { id, missing, ...(remedy && { remedy }) };
}

/** Without a call to GitHub only a given id can be used. */
function useGivenId(selector: InstallationSelector, report: Report): FoundInstallation {
  if (selector.by !== 'id')
    throw needsPerson(
      'InstallationResolved',
      'NotFound',
      'validation.policy Skip forbids to ask GitHub for the installation.',
      'Write auth.githubApp.installation.id, or choose the policy Warn.',
    );
  report.installation = { id: selector.id };
  const message = `Installation ${selector.id} is used as given.`;
  report.findings.InstallationResolved = { status: 'True', reason: 'Resolved', message };
  return { id: selector.id };
}

async function find(
  { integration, report, deps, signal }: Pass<InstallationDeps>,
  {
    provider,
    credential,
    report: app,
    digest,
    key,
    target,
    connection,
    maxAgeMs,
    requestedAtMs,
    recheck,
  }: Validation,
  { selector, name }: { selector: InstallationSelector; name: string },
): Promise<Installation> {
  const { id, account } = report.installation ?? {};
  const knownInstallation = id !== undefined && account !== undefined ? { id, account } : undefined;
  const callKey = `${key} ${JSON.stringify(selector)}`;
  const ask = (callSignal: AbortSignal) => {
    // The schema allows an App only with GitHub, and the registry has the function there.
    if (!provider.resolveInstallation) throw new TypeError(`${provider.name} has no installations.`);
    const asking = {
      ...target,
      signal: callSignal,
      ...(knownInstallation && { knownInstallation }),
    };
    return confirmed(callKey, provider.resolveInstallation(credential, selector, asking, app), recheck, deps);
  };
  try {
    return await deps.installations.get(callKey, maxAgeMs, ask, signal, requestedAtMs);
  } catch (error) {
    signal.throwIfAborted();
    const refused = error instanceof Refusal ? error.error : error;
    if (refused instanceof ProviderError && refused.installation)
      report.installation = toStatus(refused.installation);
    throw providerHalt(error, {
      step: 'InstallationResolved',
      host: target.webUrl.host,
      credential: name,
      connection,
      wasReady: wasReady(integration),
      verdict: verdictOn(digest, 'InstallationResolved', integration),
    });
  }
}

function describe(selector: InstallationSelector, { id, account, others }: Installation) {
  const first = selector.by === 'first' && others.length > 0;
  return {
    status: 'True' as const,
    reason: first ? 'FirstOfMany' : 'Resolved',
    message: first
      ? `Installation ${id} of ${account} is used, the first of ${others.length + 1}. Name one under auth.githubApp.installation.`
      : `Installation ${id} of ${account} is used.`,
  };
}

/** How many accounts an event names; the rest is counted. */
const mostNamed = 10;

function tellOthers({ account, others }: Installation, report: Report): void {
  const more = others.length - mostNamed;
  const names = `${others.slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  report.news.push({
    type: 'Warning',
    reason: 'FirstOfMany',
    action: 'ResolveInstallation',
    note: `The App is also installed for ${names}; ${account} was taken. Name one under auth.githubApp.installation.`,
  });
}

function toStatus({ id, account, accountType, repositorySelection, suspendedAt }: Installation) {
  return { id, account, accountType, repositorySelection, ...(suspendedAt && { suspendedAt }) };
}

/**
 * Enters whether the credential may do what CodeMie needs: for a token what the provider reported with it, for an
 * App what its installation was granted. Under policy `Warn` it is only reported.
 *
 * @throws Halt on `PermissionsSufficient`, under policy `Enforce`
 */
export function checkPermissions(
  { integration: { spec }, report }: Pass<unknown>,
  { name }: Credentials,
  {
    validation,
    installation,
  }: { validation: Validation | undefined; installation: FoundInstallation | undefined },
): void {
  if (!validation) return;
  const missing = installation?.missing ?? reportedMissing(validation);
  const remedy = installation?.remedy ?? validation.report.remedy;
  if (missing === undefined) {
    const message = `${spec.provider} doesn't report what a credential of this kind can do.`;
    report.findings.PermissionsSufficient = { status: 'Unknown', reason: 'NotReported', message };
    return;
  }
  if (missing.length === 0) {
    const message = 'The credential has every permission that is asked for.';
    report.findings.PermissionsSufficient = { status: 'True', reason: 'Sufficient', message };
    return;
  }
  const halt = needsPerson(
    'PermissionsSufficient',
    'MissingPermissions',
    `The ${installation ? 'installation of the App' : name} lacks ${missing.join(', ')}.`,
    remedy
      ? `${remedy.action}, or change validation.requiredScopes: ${remedy.page}`
      : 'Add what is missing, or change validation.requiredScopes.',
  );
  if (spec.validation.policy === 'Enforce') throw halt;
  report.findings.PermissionsSufficient = halt.finding;
}

function reportedMissing({ report: { permissions, missing } }: Validation): string[] | undefined {
  return permissions === 'NotReported' ? undefined : missing;
}
