import type { ConnectionStatus } from '../../api/v1alpha1/connection-status.ts';
import { type KubeObject, keyOf, type ObjectKey } from '../../kube/object.ts';
import { type Exposition, labelText } from '../../observability/exposition.ts';
import { createConditionSeries } from '../condition-series.ts';

/** What can be measured of connections, of both kinds. Series go with their object. */
export interface ConnectionMetrics {
  /** Records what a reconcile found. */
  observe(kind: string, connection: KubeObject, status: ConnectionStatus): void;
  /** Drops the series of an object that is gone. */
  forget(kind: string, key: ObjectKey): void;
}

/** Makes the metrics and registers them. */
export function createConnectionMetrics(exposition: Exposition): ConnectionMetrics {
  const conditions = createConditionSeries();
  const users = new Map<string, readonly [labels: string, integrations: number]>();
  const labelNames = ['kind', 'namespace', 'name'];
  exposition.add({
    name: 'codemie_connection_condition',
    help: 'Always 1. Status and reason of Ready of each connection, and of each other condition that asks for attention.',
    labelNames: [...labelNames, 'type', 'status', 'reason'],
    series: conditions.series,
  });
  exposition.add({
    name: 'codemie_connection_integrations',
    help: 'GitIntegrations that use the connection.',
    labelNames,
    series: () => users.values(),
  });
  return {
    observe(kind, connection, status) {
      const { namespace = '', name } = connection.metadata;
      const key = `${kind} ${keyOf(connection)}`;
      const labels = labelText({ kind, namespace, name });
      conditions.set(key, labels, status.conditions ?? []);
      users.set(key, [labels, status.integrations ?? 0]);
    },
    forget(kind, object) {
      const key = `${kind} ${object}`;
      conditions.delete(key);
      users.delete(key);
    },
  };
}
