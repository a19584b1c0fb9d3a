import {
  clusterCodeMieConnections,
  codeMieConnections,
  FLUX_RECONCILE_REQUESTED_ANNOTATION,
  gitIntegrations,
  IN_USE_FINALIZER,
  RECONCILE_REQUESTED_ANNOTATION,
  REGISTRATION_FINALIZER,
} from '../api/group.ts';
import type { Resource } from '../kube/object.ts';
import type { Kept } from '../kube/slim.ts';
import type { LabelSelector } from '../lib/label-selector.ts';
import { ownLabels } from './codemie-connection/default-connection.ts';
import { configMaps, namespaces, secrets } from './core-resources.ts';

const annotations = [RECONCILE_REQUESTED_ANNOTATION, FLUX_RECONCILE_REQUESTED_ANNOTATION];

/**
 * What of each kind is read. Of Secrets and ConfigMaps that is who they are and which version; of integrations the
 * labels by which shards choose; of namespaces all labels, as the selectors of connections may ask for any.
 */
export function keptBy({
  shardSelector,
}: {
  shardSelector?: LabelSelector | undefined;
}): (resource: Resource) => Kept | undefined {
  const finalizers = [REGISTRATION_FINALIZER, IN_USE_FINALIZER];
  const nothing: Kept = { labels: [], annotations: [], finalizers: [] };
  // By a label the operator knows the default connection that it created.
  const connection: Kept = { labels: Object.keys(ownLabels), annotations, finalizers };
  const kept = new Map<string, Kept>([
    [secrets.kind, nothing],
    [configMaps.kind, nothing],
    [namespaces.kind, { annotations: [], finalizers: [] }],
    [gitIntegrations.kind, { labels: shardSelector?.keys ?? [], annotations, finalizers }],
    [clusterCodeMieConnections.kind, connection],
    [codeMieConnections.kind, connection],
  ]);
  return ({ kind }) => kept.get(kind);
}
