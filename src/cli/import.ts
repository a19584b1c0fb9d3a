import { API_VERSION, gitIntegrations } from '../api/group.ts';
import { parsePart } from '../api/parse.ts';
import { type GitIntegrationSpec, gitIntegrationSpecSchema } from '../api/v1alpha1/git-integration-spec.ts';
import { urlForCodeMie } from '../domain/codemie-url.ts';
import {
  type DesiredSetting,
  differences,
  type ObservedSetting,
  ownerKey,
  ownerMark,
  settingValues,
  tokenName,
} from '../domain/git-setting.ts';
import { providers } from '../providers/registry.ts';
import { type Cluster, given, withCluster } from './cluster.ts';
import { clusterNameOf, withCodeMie } from './codemie.ts';
import type { ImportFlags } from './credential-commands.ts';
import { toYaml } from './documents.ts';
import { connectionFlags } from './flags.ts';
import { declareFormer, matchRows } from './import-former.ts';
import { declareRows, type Imported, type ImportOptions } from './import-rows.ts';
import { count, exitCodes, type Io, printable } from './io.ts';

/** Prints manifests to standard output, grouped by project, and what is left to do to standard error. */
function printImport({ declared, skipped }: Imported, io: Io): number {
  const documents = declared.map(({ name, namespace, spec, needs, from }, index) => {
    const isFirst = declared[index - 1]?.from.project !== from.project;
    const comments = [
      ...(isFirst ? [`# Project ${printable(from.project)}`] : []),
      ...(from.id === undefined ? [] : [`# In CodeMie: ${printable(from.id)}`]),
      ...needs.map(({ secret, key, what }) => `# Needs Secret ${secret} with the key ${key}: ${what}.`),
    ];
    const manifest = {
      apiVersion: API_VERSION,
      kind: gitIntegrations.kind,
      metadata: { name, namespace },
      spec,
    };
    return [...comments, toYaml(manifest)].join('\n');
  });
  io.out(documents.join('---\n'));
  for (const { project, alias, why } of skipped)
    io.err(`Left out "${printable(alias)}" of project "${printable(project)}": ${why}`);
  const needs = declared.flatMap(({ namespace, needs: own }) => own.map((need) => ({ ...need, namespace })));
  if (needs.length > 0) {
    io.err(
      `${count(declared.length, 'integration')}. Create ${count(needs.length, 'Secret')} before you apply:`,
    );
    for (const { namespace, secret, key } of needs)
      io.err(`  kubectl create secret generic ${secret} --namespace ${namespace} --from-file=${key}=FILE`);
  }
  return exitCodes.ok;
}

/**
 * Says for each integration what an adoption would change. Its secrets can't be compared: CodeMie masks them.
 *
 * @returns the exit code: 1 while there is an integration that no operator manages
 */
function printCheck(
  { declared, skipped }: Imported,
  rows: readonly ObservedSetting[],
  clusterName: string,
  io: Io,
): number {
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const { name, namespace, spec, from } of declared) {
    const who = `${printable(namespace)}/${printable(name)}`;
    const place = `"${printable(from.alias)}" of project "${printable(from.project)}"`;
    const row = byId.get(from.id ?? '');
    const parsed = parsePart(gitIntegrationSpecSchema, 'spec', spec);
    if (!row || !parsed.ok) {
      io.out(`${who} creates ${place}.\n`);
      continue;
    }
    const desired = desiredOf(parsed.value, row, ownerMark(clusterName, namespace, name));
    const changes = differences(desired, row).filter((field) => field !== ownerKey);
    const what =
      changes.length === 0
        ? 'nothing but the owner mark and the secret'
        : `${changes.join(', ')}, the owner mark and the secret`;
    io.out(`${who} adopts ${place} (${printable(row.id)}): writes ${what}.\n`);
  }
  for (const { project, alias, why } of skipped)
    io.out(`Not adopted: "${printable(alias)}" of project "${printable(project)}". ${why}\n`);
  const isDone = declared.length === 0 && skipped.every(({ needsNothing }) => needsNothing);
  if (isDone) io.err('There is nothing to adopt.');
  return isDone ? exitCodes.ok : exitCodes.negative;
}

/** What the operator would write, with the masks in place of the secrets. */
function desiredOf(spec: GitIntegrationSpec, row: ObservedSetting, owner: string): DesiredSetting {
  const { token, githubApp } = spec.auth;
  const credential = githubApp
    ? ({
        kind: 'githubApp',
        appId: String(githubApp.appID),
        privateKey: 'masked',
        installationId: githubApp.installation?.id ?? (Number(row.values['installation_id']) || 0),
      } as const)
    : ({
        kind: 'token',
        token: 'masked',
        name: tokenName(spec.provider, token?.username),
        headerAuth: token?.headerAuth ?? false,
      } as const);
  return {
    scope: spec.scope,
    project: spec.project,
    alias: row.alias,
    isGlobal: spec.global,
    values: settingValues(urlForCodeMie(spec, providers), credential, owner),
  };
}

/**
 * Runs `import` as the command line asks for it.
 *
 * @returns the exit code
 */
export async function runImport(flags: ImportFlags, io: Io): Promise<number> {
  const { filename, check } = flags;
  const namespace = given(flags.namespace) ?? 'default';
  if (filename && !check)
    return printImport(await declareFormer(filename, optionsOf(flags, namespace), io), io);
  return withCluster(flags, io, (cluster) => importFromCodeMie(flags, cluster, io));
}

/** Runs `import` of what CodeMie has, and the comparison of files with it. @returns the exit code */
export async function importFromCodeMie(flags: ImportFlags, cluster: Cluster, io: Io): Promise<number> {
  const { filename, check } = flags;
  const options = optionsOf(flags, cluster.namespace);
  const former = filename && (await declareFormer(filename, options, io));
  return withCodeMie(connectionFlags(flags), cluster, io, async ({ session }) => {
    io.progress('Reading the integrations of CodeMie …');
    const rows = await session.client.listGitSettings('Project', io.signal);
    const imported = former ? matchRows(former, rows) : declareRows(rows, options);
    if (!check) return printImport(imported, io);
    return printCheck(imported, rows, await clusterNameOf(undefined, cluster, io), io);
  });
}

function optionsOf(flags: ImportFlags, namespace: string): ImportOptions {
  const { project: projects = [], provider = [], connection: name, namespaced } = flags;
  return {
    namespace,
    projects,
    products: new Map(provider),
    connection: { name, ofNamespace: namespaced },
  };
}
