import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { clusterCodeMieConnections, FIELD_MANAGER } from '../../api/group.ts';
import { parseClusterCodeMieConnectionSpec } from '../../api/v1alpha1/connection-spec.ts';
import type { KubeClient } from '../../kube/client.ts';
import {
  type AroundRun,
  type Controller,
  type ControllerMetrics,
  createController,
} from '../../kube/controller.ts';
import type { Informer } from '../../kube/informer.ts';
import type { Log } from '../../kube/log.ts';
import { type KubeObject, keyOf } from '../../kube/object.ts';
import type { Change, Store } from '../../kube/store.ts';
import { createWorkQueue } from '../../kube/work-queue.ts';
import { sameJson } from '../status-parts.ts';

/** The name of the connection that integrations without `connectionRef` use. */
const DEFAULT_CONNECTION = 'default';

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
  /** Of the ClusterCodeMieConnections. */
  informer: Pick<Informer, 'store' | 'onChange'>;
  /** Runs and their failures are counted with those of ClusterCodeMieConnections. */
  metrics?: ControllerMetrics;
  around?: AroundRun;
  log: Log;
}

/**
 * Creates the loop that keeps the default connection as the installation describes it: it runs at the start and at each
 * change of that object, and again with backoff when the API server fails.
 */
export function createDefaultConnectionController(
  spec: GivenSpec,
  { kube, informer, metrics, around, log }: DefaultConnectionDeps,
): Controller {
  const name = clusterCodeMieConnections.kind.toLowerCase();
  const queue = createWorkQueue({ name, workers: 1 });
  const keep = createKeeper(spec, { kube, store: informer.store, log });
  const controller = createController({
    name,
    queue,
    workers: 1,
    reconcile: async (_key, { signal }) => {
      await keep(signal);
      return {};
    },
    log,
    // Not the gauges, which the controller of that kind sets.
    metrics: { reconciled: (...run) => metrics?.reconciled?.(...run) },
    ...(around && { around }),
  });
  return {
    name,
    run(signal) {
      informer.onChange((change) => {
        if (keyOf(change.object) === DEFAULT_CONNECTION && concernsSpec(change))
          queue.add(DEFAULT_CONNECTION);
      });
      // It might not exist yet.
      queue.add(DEFAULT_CONNECTION);
      return controller.run(signal);
    },
  };
}

/** Whether a change may be one of the spec or the owner. Our own writes of the status are not. */
function concernsSpec({ type, object, previous }: Change): boolean {
  if (type !== 'updated' || !previous) return true;
  const facts = ({ metadata: { generation, labels, deletionTimestamp } }: KubeObject) =>
    JSON.stringify([generation, labels, deletionTimestamp]);
  return facts(object) !== facts(previous);
}

/**
 * Returns what creates the connection, or restores what the installation says. Fields that the installation does not give
 * are left to others. A connection of that name that another client created is left as it is, and so is one that is being
 * deleted: it is created again when it is gone.
 */
function createKeeper(
  spec: GivenSpec,
  { kube, store, log }: Pick<DefaultConnectionDeps, 'kube' | 'log'> & { store: Pick<Store, 'get'> },
): (signal: AbortSignal) => Promise<void> {
  // The first time in any case: only the API server can distinguish a field that was given before and no longer is from one
  // that another client set.
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

/** Whether all that is given is there, too; the API server adds defaults. */
function contains(there: unknown, given: unknown): boolean {
  const [has, wants] = [fieldsOf(there), fieldsOf(given)];
  if (!has || !wants) return sameJson(there, given);
  return Object.entries(wants).every(([name, value]) => contains(has[name], value));
}

function fieldsOf(value: unknown): Record<string, unknown> | undefined {
  return z.record(z.string(), z.unknown()).safeParse(value).data;
}
