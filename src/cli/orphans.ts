import { gitIntegrations } from '../api/group.ts';
import { markedBy, type ObservedSetting, ownerKey } from '../domain/setting.ts';
import { isForbidden } from '../kube/errors.ts';
import { keyOf } from '../kube/object.ts';
import { type Cluster } from './cluster.ts';
import type { SignedIn } from './codemie.ts';
import { toJson } from './documents.ts';
import { CliError, count, exitCodes, type Io, printable, table } from './io.ts';

/** Options of `orphans`. */
export interface OrphansOptions {
  /** The name of this cluster in owner marks. */
  clusterName: string;
  /** Deletes them after asking. */
  delete: boolean;
  /** Does not ask. */
  yes: boolean;
  output: 'table' | 'json';
}

/** An integration in CodeMie whose GitIntegration does not exist any more. */
interface Orphan {
  id: string;
  scope: ObservedSetting['scope'];
  project: string;
  alias: string;
  namespace: string;
  name: string;
}

/**
 * Lists what this cluster left behind in CodeMie: integrations with its mark whose GitIntegration is gone.
 *
 * @returns the exit code: 1 when there are some and they were not deleted
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
  if (options.output === 'json') io.out(toJson(found));
  else print(found, io);
  if (found.length === 0) return exitCodes.ok;
  if (!options.delete) {
    if (options.output === 'table') io.err('Delete them with --delete, or create the GitIntegrations again.');
    return exitCodes.negative;
  }
  if (!options.yes && !(await io.confirm(`Delete ${count(found.length, 'integration')} in CodeMie?`)))
    throw new CliError('Nothing was deleted.', 'Answer yes, or give --yes.');
  for (const orphan of found) await remove(orphan, session, cluster, io);
  return exitCodes.ok;
}

/** The rows with the mark of this cluster whose GitIntegration does not exist. */
async function withoutOwner(
  rows: readonly ObservedSetting[],
  clusterName: string,
  cluster: Cluster,
  io: Io,
): Promise<Orphan[]> {
  const marked = rows.flatMap(({ id, scope, project, alias, values }) => {
    const owner = markedBy(values[ownerKey], clusterName);
    return owner ? [{ id, scope, project, alias, ...owner }] : [];
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

function print(found: readonly Orphan[], io: Io): void {
  if (found.length === 0) {
    io.out('Every integration of this cluster in CodeMie has its GitIntegration.\n');
    return;
  }
  const rows = found.map(({ id, project, alias, namespace, name }) =>
    [project, alias, `${namespace}/${name}`, id].map((cell) => printable(cell)),
  );
  io.out(
    table([['PROJECT', 'ALIAS', 'GITINTEGRATION (GONE)', 'ID'], ...rows], {
      ...(io.columns !== undefined && { columns: io.columns }),
    }),
  );
}

async function remove(
  orphan: Orphan,
  { client }: SignedIn['session'],
  cluster: Cluster,
  io: Io,
): Promise<void> {
  // It may have been created again while the user thought about the answer.
  if (await exists(orphan, cluster, io)) {
    io.err(
      `Kept ${printable(orphan.id)}: ${printable(orphan.namespace)}/${printable(orphan.name)} exists again.`,
    );
    return;
  }
  await client.remove(orphan.scope, orphan.id, io.signal);
  io.out(`Deleted ${printable(orphan.id)} (${printable(orphan.project)}/${printable(orphan.alias)}).\n`);
}
