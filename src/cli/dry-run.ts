import { codeMieConnections } from '../api/group.ts';
import { mayWriteProject } from '../codemie/account.ts';
import { ownerExists } from '../controllers/git-integration/claim.ts';
import { readCredentials } from '../controllers/git-integration/credentials.ts';
import { type Integration, parseIntegration, startReport } from '../controllers/git-integration/pass.ts';
import { desiredSetting } from '../controllers/git-integration/register.ts';
import { unsharedReads } from '../controllers/shared-reads.ts';
import { urlForCodeMie } from '../domain/codemie-url.ts';
import { type DesiredSetting, type ObservedSetting, ownerKey, ownerMark } from '../domain/git-setting.ts';
import { planRegistration, type RegistrationPlan } from '../domain/registration-plan.ts';
import { providers } from '../providers/registry.ts';
import type { CheckSubject } from './check-subjects.ts';
import type { Cluster } from './cluster.ts';
import { clusterNameOf, withCodeMie } from './codemie.ts';
import { type Io, printable, sentence } from './io.ts';

/** What a dry run needs in addition to the cluster. */
export interface DryRunFlags {
  operatorNamespace: string;
  clusterName?: string;
  caFile?: string;
}

/** Stands for a number that only GitHub knows. */
const unknownInstallation = 1;

/** What CodeMie would do with an integration. */
export interface RegistrationForecast {
  /** False when it would be refused. */
  ok: boolean;
  /** One or two sentences. */
  message: string;
}

/** Asks CodeMie what registering an integration would do. Nothing is written. */
export async function dryRun(
  { object, source }: CheckSubject,
  { operatorNamespace, clusterName, caFile }: DryRunFlags,
  cluster: Cluster,
  io: Io,
): Promise<RegistrationForecast> {
  const loaded = parseIntegration(object);
  if (!loaded.parsed.ok) return { ok: false, message: loaded.parsed.error };
  const spec = loaded.parsed.value;
  const integration: Integration = { ...loaded, spec, alias: spec.alias ?? loaded.name };
  const { connectionRef, project, scope } = spec;
  const clusterMark = await clusterNameOf(clusterName, cluster, io);
  const owner = ownerMark(clusterMark, loaded.namespace, loaded.name);
  const credentials = await readCredentials({
    integration,
    report: startReport(loaded),
    deps: { reads: unsharedReads(source), providers },
    signal: io.signal,
  });
  const flags = {
    connection: connectionRef.name,
    ofNamespace: connectionRef.kind === codeMieConnections.kind,
    operatorNamespace,
    ...(caFile !== undefined && { caFile }),
  };
  return withCodeMie(flags, cluster, io, async ({ session }) => {
    const refused = (message: string): RegistrationForecast => ({ ok: false, message: sentence(message) });
    const found = await session.findProject(project, io.signal);
    const account = await session.account(io.signal);
    if (found !== 'found') {
      const none = `There is no project "${printable(project)}"`;
      // CodeMie answers alike for a project that does not exist and for one that is hidden from the login.
      const orUnseen = account.isAdmin ? '' : `, or the login ${account.name} is not a member of it`;
      return refused(`${none}${orUnseen}. Names are case-sensitive.`);
    }
    if (scope === 'Project' && !mayWriteProject(account, project))
      return refused(`The login ${account.name} is not an administrator of project "${printable(project)}".`);
    const url = urlForCodeMie(spec, providers);
    const installationId = credentials.auth.kind === 'githubApp' ? unknownInstallation : undefined;
    const desired = desiredSetting(integration, { credentials, installationId }, { url, owner });
    const rows = await session.rows(scope, io.signal);
    const others = await livingOwners(rows.inProject(project), owner, clusterMark, cluster, io);
    const plan = planRegistration({
      desired,
      // The operator's key of digests is its own, so that a changed secret is not seen from here.
      digest: '',
      owner,
      rows,
      belongsToAnother: ({ values }) => others.has(String(values[ownerKey])),
      adoptionPolicy: spec.adoptionPolicy,
      driftPolicy: spec.driftPolicy,
      // The user who runs this may see what the login sees.
      mayName: () => true,
    });
    return { ok: plan.action !== 'refuse', message: sentence(describe(plan, desired)) };
  });
}

function describe(plan: RegistrationPlan, { alias, project }: DesiredSetting): string {
  const place = `"${printable(alias)}" of project "${printable(project)}"`;
  switch (plan.action) {
    case 'create':
      return `It would create ${place}.`;
    case 'update':
      return plan.adopted
        ? `It would adopt ${place} (${printable(plan.row.id)}).`
        : `It would write ${place} (${printable(plan.row.id)}) again.`;
    case 'leave':
    case 'record':
      return `${place} is registered (${printable(plan.row.id)}).`;
    // Not of a command, which has written nothing.
    case 'wait':
      return plan.sentence;
    case 'refuse':
      return `It would be refused: ${plan.sentence} ${plan.hint}`;
  }
}

/** The marks of this cluster among rows that name another GitIntegration which exists: its row is never adopted. */
async function livingOwners(
  rows: readonly ObservedSetting[],
  owner: string,
  clusterName: string,
  { client }: Cluster,
  io: Io,
): Promise<ReadonlySet<string>> {
  const living = new Set<string>();
  for (const { values } of rows) {
    const mark = values[ownerKey];
    if (mark !== owner && (await ownerExists(mark, clusterName, client, io.signal))) living.add(String(mark));
  }
  return living;
}
