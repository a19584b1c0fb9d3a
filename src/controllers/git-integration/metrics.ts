import { Counter } from '@prometheus-io/client';
import type { GitIntegrationStatus } from '../../api/v1alpha1/git-integration-status.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { type Exposition, labelText } from '../../observability/exposition.ts';
import { createConditionSeries } from '../condition-series.ts';

/** What can be measured of GitIntegrations. Series go with their object. */
export interface IntegrationMetrics {
  /** Takes over what a pass found. */
  observe(object: { key: ObjectKey; namespace: string; name: string }, status: GitIntegrationStatus): void;
  /** Drops the series of an object that is gone. */
  forget(key: ObjectKey): void;
  /** Counts an integration that had to be left behind in CodeMie. */
  orphaned(): void;
  /** Counts a change that somebody made in CodeMie and that was undone. */
  driftCorrected(): void;
}

/**
 * Makes the metrics and registers them. Of 10,000 objects there are 20,000 series, so they are not kept as the
 * library would keep them: see docs/adr/0016-lean-metrics.md.
 */
export function createIntegrationMetrics(exposition: Exposition): IntegrationMetrics {
  const conditions = createConditionSeries();
  const expiries = new Map<ObjectKey, readonly [labels: string, seconds: number]>();
  exposition.add({
    name: 'codemie_git_integration_condition',
    help: 'Always 1. Status and reason of Ready of each GitIntegration, and of each other condition that asks for attention.',
    labelNames: ['namespace', 'name', 'type', 'status', 'reason'],
    series: conditions.series,
  });
  exposition.add({
    name: 'codemie_git_integrations',
    help: 'GitIntegrations by what a condition of theirs says; those of the type Ready are all.',
    labelNames: ['type', 'status', 'reason'],
    series: conditions.counts,
  });
  exposition.add({
    name: 'codemie_git_integration_credential_expiry_timestamp_seconds',
    help: 'When the credential expires, in seconds since 1970. Absent where the expiry is unknown.',
    labelNames: ['namespace', 'name'],
    series: () => expiries.values(),
  });
  const registers = [exposition.registry];
  const orphans = new Counter({
    name: 'codemie_git_integration_registrations_orphaned_total',
    help: 'Integrations left behind in CodeMie, because the operator could no longer delete them.',
    registers,
  });
  const corrections = new Counter({
    name: 'codemie_git_integration_drift_corrected_total',
    help: 'Changes in CodeMie that the operator undid.',
    registers,
  });

  return {
    observe({ key, namespace, name }, { conditions: found = [], credential }) {
      const labels = labelText({ namespace, name });
      conditions.set(key, labels, found);
      if (credential?.expiresAt === undefined) expiries.delete(key);
      else expiries.set(key, [labels, Date.parse(credential.expiresAt) / 1000]);
    },
    forget(key) {
      conditions.delete(key);
      expiries.delete(key);
    },
    orphaned: () => orphans.inc(),
    driftCorrected: () => corrections.inc(),
  };
}
