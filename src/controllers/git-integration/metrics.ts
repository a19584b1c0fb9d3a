import { Counter, Gauge, type Registry } from '@prometheus-io/client';
import type { GitIntegrationStatus } from '../../api/v1alpha1/git-integration-status.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { type Exposition, labelText } from '../../observability/exposition.ts';
import type { RateLimit } from '../../providers/provider.ts';
import { createConditionSeries } from '../condition-series.ts';

/** What can be measured of GitIntegrations. Series go with their object. */
export interface IntegrationMetrics {
  /** Records what a reconcile found. */
  observe(object: { key: ObjectKey; namespace: string; name: string }, status: GitIntegrationStatus): void;
  /** Drops the series of an object that is gone. */
  forget(key: ObjectKey): void;
  /** Counts an integration that had to be left behind in CodeMie. */
  orphaned(): void;
  /** Counts a change that someone made in CodeMie and that was undone. */
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

/** What can be measured of the providers' limits on calls. */
export interface RateLimitMetrics {
  /** Records a budget of calls, as a provider reported it. */
  observe(host: string, credential: string, budget: RateLimit): void;
  /** Records that there are no calls left until a moment, epoch milliseconds. */
  exhausted(host: string, credential: string, untilMs: number): void;
}

/** Credentials beyond this are not shown: each costs three series. */
const mostCredentials = 5_000;

/**
 * Makes the metrics and registers them. A budget is shown until it is renewed: after that, what is left of it is not
 * known before the next call.
 *
 * @param now epoch milliseconds
 */
export function createRateLimitMetrics(registry: Registry, now: () => number): RateLimitMetrics {
  /** When each budget is renewed, by its labels. */
  const shown = new Map<string, { labels: Labels; resetMs: number }>();
  const gauge = (name: string, help: string): Gauge<keyof Labels> =>
    new Gauge({
      name: `codemie_provider_rate_limit_${name}`,
      help,
      labelNames: ['host', 'credential'],
      registers: [registry],
      collect: dropRenewed,
    });
  const remaining = gauge('remaining', 'Calls that the provider allows until the budget is renewed.');
  const limit = gauge('limit', 'Calls that the provider allows in all from one renewal to the next.');
  const reset = gauge('reset_timestamp_seconds', 'When the budget is renewed, in seconds since 1970.');

  function dropRenewed(): void {
    for (const [key, { labels, resetMs }] of shown) {
      if (now() < resetMs) continue;
      shown.delete(key);
      for (const each of [remaining, limit, reset]) each.remove(labels);
    }
  }

  function show(labels: Labels, left: number, resetMs: number): boolean {
    const key = `${labels.host} ${labels.credential}`;
    if (shown.size >= mostCredentials && !shown.has(key)) dropRenewed();
    if (shown.size >= mostCredentials && !shown.has(key)) return false;
    shown.set(key, { labels, resetMs });
    remaining.set(labels, left);
    reset.set(labels, resetMs / 1000);
    return true;
  }

  return {
    observe(host, credential, budget) {
      const labels = { host, credential };
      if (show(labels, budget.remaining, Date.parse(budget.resetsAt))) limit.set(labels, budget.limit);
    },
    exhausted: (host, credential, untilMs) => void show({ host, credential }, 0, untilMs),
  };
}

interface Labels {
  host: string;
  /** A few digits of a keyed digest: distinguishes credentials and reveals nothing about them. */
  credential: string;
}

/** What can be measured of the clocks of Git hosts. */
export interface ClockMetrics {
  /** Records by how much a host's clock is ahead of ours, in milliseconds; 0 for no difference that matters. */
  observe(host: string, skewMs: number): void;
}

/** Hosts beyond this are not shown. */
const mostHosts = 1_000;

/** Makes the metric and registers it. Only hosts are shown whose clock mattered, for validating a GitHub App. */
export function createClockMetrics(registry: Registry): ClockMetrics {
  const shown = new Set<string>();
  const skew = new Gauge({
    name: 'codemie_provider_clock_skew_seconds',
    help: "By how much the Git host's clock is ahead of the operator's, in seconds. 0 for less than half a minute.",
    labelNames: ['host'],
    registers: [registry],
  });
  return {
    observe(host, skewMs) {
      if (shown.size >= mostHosts && !shown.has(host)) return;
      shown.add(host);
      skew.set({ host }, Math.round(skewMs / 1000));
    },
  };
}
