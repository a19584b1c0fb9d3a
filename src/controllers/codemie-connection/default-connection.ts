import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { clusterCodeMieConnections, FIELD_MANAGER } from '../../api/group.ts';
import { parseClusterCodeMieConnectionSpec } from '../../api/v1alpha1/connection-spec.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Log } from '../../kube/log.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Store } from '../../kube/store.ts';
import { sameJson } from '../status-parts.ts';

/** The name of the connection that integrations without `connectionRef` use. */
export const DEFAULT_CONNECTION = 'default';

/** Marks the connection as made by the operator; without it, another user or program created one of that name. */
export const ownLabels = { 'app.kubernetes.io/managed-by': 'codemie-git-operator' };

/** Fields of the spec of a ClusterCodeMieConnection, as an installation gives them. */
type GivenSpec = Record<string, unknown>;

/** A description of the default connection that can't be used. The message is for the person who installs. */
export class DefaultConnectionError extends Error {
  override readonly name = 'DefaultConnectionError';
}

/**
 * Reads the text of `--default-connection-file`: the spec of a ClusterCodeMieConnection in YAML.
 *
 * @throws DefaultConnectionError naming the field and what it must be; values are not repeated
 */
export function parseDefaultConnection(text: string): GivenSpec {
  const given = z.record(z.string(), z.unknown()).safeParse(readYaml(text));
  if (!given.success)
    throw new DefaultConnectionError(
      '--default-connection-file: must hold the spec of a ClusterCodeMieConnection in YAML.',
    );
  const parsed = parseClusterCodeMieConnectionSpec(given.data);
  if (!parsed.ok) throw new DefaultConnectionError(`--default-connection-file: ${parsed.error}`);
  return given.data;
}

function readYaml(text: string): unknown {
  try {
    return parseYaml(text);
  } catch {
    // The library's message quotes the text.
    return undefined;
  }
}

/** What the default connection is kept with. */
export interface DefaultConnectionDeps {
  kube: Pick<KubeClient, 'apply'>;
  /** The ClusterCodeMieConnections. */
  store: Pick<Store, 'get'>;
  log: Log;
}

/**
 * Returns what makes the connection, or brings it back to what the installation says. Fields that the installation
 * does not give are left to others. A connection of that name that the operator did not create is left alone, and so
 * is one that is being deleted: it is created again when it is gone.
 */
export function createDefaultConnection(
  spec: GivenSpec,
  { kube, store, log }: DefaultConnectionDeps,
): (signal: AbortSignal) => Promise<void> {
  // The first time in any case: a field that was given before and is not any more can't be told from one that
  // another client set, except by the API server.
  let applied = false;
  return async (signal) => {
    const found = store.get(DEFAULT_CONNECTION);
    if (found?.metadata.deletionTimestamp !== undefined) return;
    if (found && !isOurs(found)) {
      log.warn(
        { connection: DEFAULT_CONNECTION },
        'There is a ClusterCodeMieConnection of this name that the operator did not create, so it is not changed. Delete it, or install without a connection.',
      );
      return;
    }
    if (applied && found && contains(found['spec'], spec)) return;
    const object = { metadata: { name: DEFAULT_CONNECTION, labels: ownLabels }, spec };
    await kube.apply(clusterCodeMieConnections, object, { fieldManager: FIELD_MANAGER }, signal);
    applied = true;
  };
}

function isOurs({ metadata: { labels } }: KubeObject): boolean {
  return Object.entries(ownLabels).every(([name, value]) => labels?.[name] === value);
}

/** Whether all that is given stands there, too; the API server adds defaults. */
function contains(there: unknown, given: unknown): boolean {
  const [has, wants] = [fieldsOf(there), fieldsOf(given)];
  if (!has || !wants) return sameJson(there, given);
  return Object.entries(wants).every(([name, value]) => contains(has[name], value));
}

function fieldsOf(value: unknown): Record<string, unknown> | undefined {
  return z.record(z.string(), z.unknown()).safeParse(value).data;
}
