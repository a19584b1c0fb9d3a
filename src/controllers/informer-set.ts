import {
  clusterCodeMieConnections,
  codeMieConnections,
  FLUX_RECONCILE_REQUESTED_ANNOTATION,
  gitIntegrations,
  IN_USE_FINALIZER,
  RECONCILE_REQUESTED_ANNOTATION,
  REGISTRATION_FINALIZER,
} from '../api/group.ts';
import type { KubeClient } from '../kube/client.ts';
import { createInformer } from '../kube/informer.ts';
import type { Log } from '../kube/log.ts';
import { configMaps, namespaces, type Resource, secrets } from '../kube/object.ts';
import { createPolledInformer } from '../kube/polled-informer.ts';
import type { ReflectorMetrics } from '../kube/reflector.ts';
import type { Projection } from '../kube/slim.ts';
import { durations } from '../lib/durations.ts';
import type { LabelSelector } from '../lib/label-selector.ts';
import { ownLabels } from './codemie-connection/default-connection.ts';
import { connectionIndexes } from './codemie-connection/indexes.ts';
import { integrationIndexes } from './git-integration/indexes.ts';
import type { InformerSet } from './watches.ts';

/** What the informers are made with. */
export interface InformerSetOptions {
  client: KubeClient;
  settings: {
    operatorNamespace: string;
    /** Undefined: all of them. */
    watchNamespaces?: readonly string[] | undefined;
    clusterConnections: boolean;
  };
  log: Log;
  metrics: ReflectorMetrics;
}

/**
 * Each named namespace has four watches. They live longer the more there are, so that all of them together cost at
 * most two requests a second, see docs/adr/0025-short-watches.md.
 */
const watchSecondsFor = (count: number): number => Math.max(20, 2 * count);

/** How often namespaces are read that may be got one by one only. */
const namespaceIntervalMs = durations.operator.namespaceIntervalMs;

/**
 * Makes the informers, for all namespaces or for those that are named. They ask for nothing that
 * `access/permissions.ts` does not have.
 */
export function createInformerSet({ client, settings, log, metrics }: InformerSetOptions): InformerSet {
  const { operatorNamespace, watchNamespaces, clusterConnections } = settings;
  const scope = watchNamespaces && { namespaces: watchNamespaces };
  // Where ClusterCodeMieConnections have their Secrets.
  const alsoOwn = clusterConnections ? [operatorNamespace] : [];
  const referenced = watchNamespaces && { namespaces: [...new Set([...watchNamespaces, ...alsoOwn])] };
  const common = { client, log, metrics, watchSeconds: watchSecondsFor(watchNamespaces?.length ?? 1) };
  const metadata = (resource: Resource, fieldSelector?: string) =>
    createInformer({
      ...common,
      ...referenced,
      resource,
      metadataOnly: true,
      ...(fieldSelector && { fieldSelector }),
    });
  return {
    integrations: createInformer({
      ...common,
      ...scope,
      resource: gitIntegrations,
      indexes: integrationIndexes,
    }),
    clusterConnections: createInformer({
      ...common,
      ...(!clusterConnections && { namespaces: [] }),
      resource: clusterCodeMieConnections,
      indexes: connectionIndexes(operatorNamespace),
    }),
    connections: createInformer({
      ...common,
      ...scope,
      resource: codeMieConnections,
      indexes: connectionIndexes(operatorNamespace),
    }),
    // Helm keeps a Secret for every revision of every release, and none of them is of interest here.
    secrets: metadata(secrets, 'type!=helm.sh/release.v1'),
    configMaps: metadata(configMaps),
    namespaces: watchNamespaces
      ? createPolledInformer({
          client,
          resource: namespaces,
          keys: watchNamespaces,
          intervalMs: namespaceIntervalMs,
          log,
        })
      : createInformer({ ...common, resource: namespaces, metadataOnly: true }),
  };
}

const annotations = [RECONCILE_REQUESTED_ANNOTATION, FLUX_RECONCILE_REQUESTED_ANNOTATION];

/**
 * What of each kind is read. Of Secrets and ConfigMaps that is who they are and which version; of integrations the
 * labels by which shards choose; of namespaces all labels, as the selectors of connections may ask for any.
 */
export function projectionsFor({
  shardSelector,
}: {
  shardSelector?: LabelSelector | undefined;
}): (resource: Resource) => Projection | undefined {
  const finalizers = [REGISTRATION_FINALIZER, IN_USE_FINALIZER];
  const nothing: Projection = { labels: [], annotations: [], finalizers: [] };
  // By a label the operator knows the default connection that it created.
  const connection: Projection = { labels: Object.keys(ownLabels), annotations, finalizers };
  const projections = new Map<string, Projection>([
    [secrets.kind, nothing],
    [configMaps.kind, nothing],
    [namespaces.kind, { annotations: [], finalizers: [] }],
    [gitIntegrations.kind, { labels: shardSelector?.keys ?? [], annotations, finalizers }],
    [clusterCodeMieConnections.kind, connection],
    [codeMieConnections.kind, connection],
  ]);
  return ({ kind }) => projections.get(kind);
}
