import { Counter, Gauge, type Registry } from 'prom-client';
import type { GitIntegrationStatus } from '../../api/v1alpha1/git-integration-status.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { Known } from './load.ts';

/** What can be measured of GitIntegrations. Series go with their object. */
export interface IntegrationMetrics {
  /** Takes over what a pass found. */
  observe(known: Known, status: GitIntegrationStatus): void;
  /** Drops the series of an object that is gone. */
  forget(key: ObjectKey): void;
  /** Counts an integration that had to be left behind in CodeMie. */
  leaked(): void;
}

/** Makes the metrics and registers them. */
export function createIntegrationMetrics(registry: Registry): IntegrationMetrics {
  const registers = [registry];
  const condition = new Gauge({
    name: 'codemie_git_integration_condition',
    help: 'Conditions of each GitIntegration: 1 for the status that it has, 0 for the others.',
    labelNames: ['namespace', 'name', 'type', 'status'],
    registers,
  });
  const expiry = new Gauge({
    name: 'codemie_git_integration_credential_expiry_timestamp_seconds',
    help: 'When the credential ends, in seconds since 1970. Absent where nobody knows.',
    labelNames: ['namespace', 'name'],
    registers,
  });
  const leaks = new Counter({
    name: 'codemie_git_integration_registrations_leaked_total',
    help: 'Integrations that were left behind in CodeMie, because nothing could be done any more.',
    registers,
  });
  const statuses = ['True', 'False', 'Unknown'] as const;
  /** Label sets of each object: the library cannot drop series by a part of their labels. */
  const shown = new Map<ObjectKey, { namespace: string; name: string; types: Set<string> }>();

  function drop(key: ObjectKey, types: Iterable<string>): void {
    const series = shown.get(key);
    if (!series) return;
    const { namespace, name } = series;
    for (const type of types) {
      for (const status of statuses) condition.remove({ namespace, name, type, status });
      series.types.delete(type);
    }
  }

  return {
    observe({ key, namespace, name }, { conditions = [], credential }) {
      const types = new Set(conditions.map(({ type }) => type));
      drop(key, shown.get(key)?.types.difference(types) ?? []);
      shown.set(key, { namespace, name, types });
      for (const { type, status } of conditions)
        for (const each of statuses)
          condition.set({ namespace, name, type, status: each }, each === status ? 1 : 0);
      if (credential?.expiresAt === undefined) expiry.remove({ namespace, name });
      else expiry.set({ namespace, name }, Date.parse(credential.expiresAt) / 1000);
    },
    forget(key) {
      const series = shown.get(key);
      if (!series) return;
      drop(key, [...series.types]);
      expiry.remove({ namespace: series.namespace, name: series.name });
      shown.delete(key);
    },
    leaked: () => leaks.inc(),
  };
}
