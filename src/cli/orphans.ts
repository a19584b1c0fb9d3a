import { gitIntegrations } from '../api/group.ts';
import { markedBy, type ObservedSetting, ownerKey } from '../domain/git-setting.ts';
import { isForbidden } from '../kube/errors.ts';
import { keyOf } from '../kube/object.ts';
import type { Cluster } from './cluster.ts';
import type { SignedIn } from './codemie.ts';
import { toJson, toYaml } from './documents.ts';
import { CliError, count, exitCodes, type Io, type OutputFormat, printable } from './io.ts';
import { table } from './table.ts';

/** Options of `orphans`. */
export interface OrphansOptions {
  /** The name of this cluster in owner marks. */
  clusterName: string;
  /** Deletes them after asking. */
  delete: boolean;
  /** Does not ask. */
  yes: boolean;
  output: OutputFormat;
}

/** An integration in CodeMie whose GitIntegration does not exist any more. */
interface Orphan {
  id: string;
  scope: ObservedSetting['scope'];
  project: string;
  alias: string;
  namespace: string;
  name: string;
  /** CodeMie's own stamp of the last change, without a zone. */
  updatedAt: string;
}

/**
 * Lists what this cluster left behind in CodeMie: integrations with its mark whose GitIntegration is gone.
 *
 * @returns the exit code: 1 when there are some and their deletion was not asked for
 * @throws CliError when they are to be deleted and there is no terminal to ask on
 */
export async function orphans(
  options: OrphansOptions,
  { session }: SignedIn,
  cluster: Cluster,
  io: Io,
): Promise<number> {
  io.progress('Reading the integrations of CodeMie …');
  const rows = [];
  for (const scope of ['Project', 'User'] as const)
    rows.push(...(await session.client.listGitSettings(scope, io.signal)));
  const found = await withoutOwner(rows, options.clusterName, cluster, io);
  print(found, options.output, io);
  if (found.length === 0) return exitCodes.ok;
  if (!options.delete) {
    if (isTable(options.output)) io.err('Delete them with --delete, or create the GitIntegrations again.');
    return exitCodes.negative;
  }
  if (!options.yes) {
    const answer = await io.confirm(`Delete ${count(found.length, 'integration')} in CodeMie?`);
    if (answer === undefined)
      throw new CliError('Nothing was deleted: there is no terminal to ask on.', 'Give --yes.');
    if (!answer) {
      io.err('Nothing was deleted.');
      return exitCodes.ok;
    }
  }
  // A program reads the list; what was deleted is for people.
  const say = (line: string) => (isTable(options.output) ? io.out(`${line}\n`) : io.err(line));
  for (const orphan of found) say(await remove(orphan, session, cluster, io));
  return exitCodes.ok;
}

function isTable(output: OutputFormat): boolean {
  return output === 'table' || output === 'wide';
}

/** The rows with the mark of this cluster whose GitIntegration does not exist. */
async function withoutOwner(
  rows: readonly ObservedSetting[],
  clusterName: string,
  cluster: Cluster,
  io: Io,
): Promise<Orphan[]> {
  const marked = rows.flatMap(({ id, scope, project, alias, updatedAt, values }) => {
    const owner = markedBy(values[ownerKey], clusterName);
    return owner ? [{ id, scope, project, alias, ...owner, updatedAt }] : [];
  });
  io.progress(`Comparing ${count(marked.length, 'integration')} with the cluster …`);
  const all = await allKeys(cluster, io);
  if (all) return marked.filter(({ namespace, name }) => !all.has(`${namespace}/${name}`));
  const found: Orphan[] = [];
  for (const each of marked) if (!(await exists(each, cluster, io))) found.push(each);
  return found;
}

/** All GitIntegrations of the cluster; undefined for a user who lacks permission to list them in all namespaces. */
async function allKeys({ client }: Cluster, { signal }: Io): Promise<ReadonlySet<string> | undefined> {
  try {
    const { items } = await client.list(gitIntegrations, { metadataOnly: true, signal });
    return new Set(items.map(keyOf));
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

async function exists({ namespace, name }: { namespace: string; name: string }, cluster: Cluster, io: Io) {
  return (await cluster.client.get(gitIntegrations, `${namespace}/${name}`, io.signal)) !== undefined;
}

function print(found: readonly Orphan[], output: OutputFormat, io: Io): void {
  if (output === 'json') io.out(toJson(found));
  else if (output === 'yaml') io.out(toYaml(found));
  else if (output === 'name') io.out(found.map(({ id }) => `${printable(id)}\n`).join(''));
  else if (found.length === 0)
    io.out('Every integration of this cluster in CodeMie has its GitIntegration.\n');
  else io.out(toTable(found, output === 'wide', io));
}

function toTable(found: readonly Orphan[], isWide: boolean, { columns }: Io): string {
  const head = ['PROJECT', 'ALIAS', 'GITINTEGRATION (GONE)', 'ID', ...(isWide ? ['SCOPE', 'UPDATED'] : [])];
  const rows = found.map(({ id, project, alias, namespace, name, scope, updatedAt }) =>
    [project, alias, `${namespace}/${name}`, id, ...(isWide ? [scope, updatedAt] : [])].map((cell) =>
      printable(cell),
    ),
  );
  return table([head, ...rows], { ...(columns !== undefined && { columns }) });
}

/** @returns what became of it */
async function remove(
  orphan: Orphan,
  { client }: SignedIn['session'],
  cluster: Cluster,
  io: Io,
): Promise<string> {
  const [id, project, alias] = [orphan.id, orphan.project, orphan.alias].map((text) => printable(text));
  // It may have been created again while the user thought about the answer.
  if (await exists(orphan, cluster, io))
    return `Kept ${id}: ${printable(orphan.namespace)}/${printable(orphan.name)} exists again.`;
  await client.remove(orphan.scope, orphan.id, io.signal);
  return `Deleted ${id} (${project}/${alias}).`;
}
