import { clusterCodeMieConnections, codeMieConnections, gitIntegrations } from '../../api/group.ts';
import {
  type ClusterCodeMieConnectionSpec,
  type CodeMieConnectionSpec,
  parseClusterCodeMieConnectionSpec,
  parseCodeMieConnectionSpec,
} from '../../api/v1alpha1/connection-spec.ts';
import type { GitIntegrationSpec } from '../../api/v1alpha1/git-integration-spec.ts';
import { claimKey, serverKey } from '../../domain/claim.ts';
import { connectionAccess } from '../../domain/tenancy.ts';
import { checkUrl } from '../../net/egress-policy.ts';
import { NetError } from '../../net/net-error.ts';
import { providers } from '../../providers/registry.ts';
import { printable } from '../io.ts';
import type { LintFinding } from './finding.ts';
import { type Manifest, type Path, recordOf } from './manifests.ts';
import { findingAt, integrationSpec, nameOf } from './object-checks.ts';
import { createValues } from './values.ts';

/** A GitIntegration whose spec is valid. */
interface Integration {
  manifest: Manifest;
  namespace: string;
  spec: GitIntegrationSpec;
}

/** A connection whose spec is valid. */
interface Connection {
  manifest: Manifest;
  spec: CodeMieConnectionSpec | ClusterCodeMieConnectionSpec;
}

/** What lint assumes about the cluster that the manifests are for. */
export interface SetOptions {
  /** Of manifests that name none. */
  namespace: string;
  /** Where the Secrets of ClusterCodeMieConnections are. */
  operatorNamespace: string;
}

/**
 * What only shows when all manifests are seen together: who may use which connection, what is missing, what collides.
 */
export async function checkSet(
  manifests: readonly Manifest[],
  options: SetOptions,
  signal: AbortSignal,
): Promise<LintFinding[]> {
  const placed = manifests.map((manifest) => place(manifest, options));
  const findings = duplicates(placed);
  const connections = new Map<string, Connection>();
  for (const manifest of placed) {
    const spec = connectionSpec(manifest);
    if (spec) connections.set(identity(manifest), { manifest, spec });
  }
  const integrations = placed.flatMap((manifest) => {
    if (manifest.kind !== gitIntegrations.kind) return [];
    const spec = integrationSpec(manifest);
    return spec.ok ? [{ manifest, namespace: manifest.namespace ?? '', spec: spec.value }] : [];
  });
  findings.push(...aliasConflicts(integrations, connections));
  const declared = new Set(placed.map(identity));
  const namespaces = new Map(
    placed.filter(({ kind }) => kind === 'Namespace').map((manifest) => [manifest.name, labelsOf(manifest)]),
  );
  const values = createValues(placed, options.operatorNamespace);
  for (const integration of integrations) {
    findings.push(...checkConnection(integration, connections, declared, namespaces));
    findings.push(...(await values.check(integration, signal)));
  }
  for (const { manifest, spec } of connections.values())
    findings.push(...(await values.checkLogin(manifest, spec, signal)));
  return findings;
}

/** Kinds without a namespace that a set is likely to have. */
const clusterScoped: ReadonlySet<string> = new Set([clusterCodeMieConnections.kind, 'Namespace']);

function place(manifest: Manifest, { namespace }: SetOptions): Manifest {
  if (clusterScoped.has(manifest.kind)) return { ...manifest, namespace: undefined };
  return { ...manifest, namespace: manifest.namespace ?? namespace };
}

function identity({ kind, namespace = '', name }: Pick<Manifest, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace}/${name}`;
}

/** The {@link identity} of the connection that an integration names. */
function connectionOf({ namespace, spec }: Pick<Integration, 'namespace' | 'spec'>): string {
  const { kind, name } = spec.connectionRef;
  return identity({ kind, name, namespace: kind === codeMieConnections.kind ? namespace : undefined });
}

function labelsOf({ object }: Manifest): Record<string, string> {
  const labels = recordOf(recordOf(object['metadata'])['labels']);
  return Object.fromEntries(
    Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function connectionSpec({ kind, object }: Manifest): Connection['spec'] | undefined {
  if (kind !== clusterCodeMieConnections.kind && kind !== codeMieConnections.kind) return undefined;
  const parse =
    kind === codeMieConnections.kind ? parseCodeMieConnectionSpec : parseClusterCodeMieConnectionSpec;
  const parsed = parse(object['spec']);
  return parsed.ok ? parsed.value : undefined;
}

function duplicates(manifests: readonly Manifest[]): LintFinding[] {
  const first = new Map<string, Manifest>();
  return manifests.flatMap((manifest) => {
    if (manifest.name === '') return [];
    const id = `${manifest.apiVersion} ${identity(manifest)}`;
    const earlier = first.get(id);
    if (!earlier) {
      first.set(id, manifest);
      return [];
    }
    const message = `${nameOf(manifest)} is declared twice, first in ${where(earlier, ['metadata', 'name'])}. Remove one of them.`;
    return [findingAt(manifest, ['metadata', 'name'], 'duplicate-object', message)];
  });
}

function where(manifest: Manifest, path: Path): string {
  return `${printable(manifest.file)}:${manifest.position(path).line}`;
}

/**
 * A name belongs to one integration per CodeMie server, whatever connection leads there and whichever namespace it
 * comes from. A connection that is not in the set counts as a separate server, and the login of personal integrations,
 * which only CodeMie knows, as one per connection.
 */
function aliasConflicts(
  integrations: readonly Integration[],
  connections: ReadonlyMap<string, Connection>,
): LintFinding[] {
  const first = new Map<string, Integration>();
  return integrations.flatMap((integration) => {
    const { manifest, spec } = integration;
    const { scope, project, alias = manifest.name } = spec;
    const through = connectionOf(integration);
    const known = connections.get(through);
    const server = known ? serverKey(known.spec.url) : through;
    const claim = claimKey({ server, scope, login: scope === 'User' ? through : '', project, alias });
    const earlier = first.get(claim);
    if (!earlier) {
      first.set(claim, integration);
      return [];
    }
    if (identity(earlier.manifest) === identity(manifest)) return [];
    const path = spec.alias === undefined ? ['metadata', 'name'] : ['spec', 'alias'];
    const message = `The alias "${printable(alias)}" of project "${printable(project)}" is taken by ${nameOf(earlier.manifest)} in ${where(earlier.manifest, ['metadata', 'name'])}. Choose another alias.`;
    return [findingAt(manifest, path, 'alias-conflict', message)];
  });
}

function checkConnection(
  { manifest, namespace, spec }: Integration,
  connections: ReadonlyMap<string, Connection>,
  declared: ReadonlySet<string>,
  namespaces: ReadonlyMap<string, Record<string, string>>,
): LintFinding[] {
  const { kind, name } = spec.connectionRef;
  const id = connectionOf({ namespace, spec });
  const path = ['spec', 'connectionRef', 'name'];
  const label = `${kind} "${printable(name)}"`;
  const connection = connections.get(id);
  if (!connection) {
    // One that is there and not valid has its own findings.
    if (declared.has(id)) return [];
    const message = `No document declares ${label}. Make sure that the cluster has it.`;
    return [findingAt(manifest, path, 'missing-reference', message, { severity: 'warning' })];
  }
  const labels = namespaces.get(namespace);
  const consumers = 'consumers' in connection.spec ? connection.spec.consumers : [];
  // Labels of a namespace that is not in the set are not known.
  const canJudge = labels !== undefined || consumers.every((consumer) => !consumer.namespaceSelector);
  const access = canJudge
    ? connectionAccess(connection.spec, {
        namespace: { name: namespace, labels: labels ?? {} },
        project: spec.project,
      })
    : 'allowed';
  if (access === 'consumers') {
    const message = `${label} does not allow namespace "${printable(namespace)}". Add it to spec.consumers in ${where(connection.manifest, ['spec', 'consumers'])}.`;
    return [findingAt(manifest, path, 'connection-not-allowed', message)];
  }
  if (access !== 'allowed') {
    const message = `${label} does not allow project "${printable(spec.project)}" for namespace "${printable(namespace)}". Correct spec.project, or allow it in ${where(connection.manifest, ['spec'])}.`;
    return [findingAt(manifest, ['spec', 'project'], 'project-not-allowed', message)];
  }
  return checkHosts(manifest, spec, connection, label);
}

function checkHosts(
  manifest: Manifest,
  spec: GitIntegrationSpec,
  connection: Connection,
  label: string,
): LintFinding[] {
  const provider = providers[spec.provider];
  const webUrl = new URL(spec.url ?? provider.defaultUrl);
  const apiUrl = spec.apiURL === undefined ? provider.apiUrl(webUrl) : new URL(spec.apiURL);
  const policy = { allowedHosts: connection.spec.providerHosts, allowPrivateNetworks: true };
  try {
    checkUrl(apiUrl, policy);
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    const path = spec.apiURL !== undefined ? ['spec', 'apiURL'] : ['spec', spec.url ? 'url' : 'provider'];
    const message = `${label} does not allow the host ${printable(apiUrl.host)}. Add it to spec.providerHosts in ${where(connection.manifest, ['spec', 'providerHosts'])}.`;
    return [findingAt(manifest, path, 'host-not-allowed', message)];
  }
  return [];
}
