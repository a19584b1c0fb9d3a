import { Gauge, type Registry } from '@prometheus-io/client';
import type { RateLimit } from '../../providers/provider.ts';

/** What can be measured of the providers' limits on calls. */
export interface RateLimitMetrics {
  /** Takes over a budget of calls, as a provider told it. */
  observe(host: string, credential: string, budget: RateLimit): void;
  /** Takes over that there are no calls left until a moment, epoch milliseconds. */
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
  /** A few digits of a keyed digest: tells credentials apart and nothing about them. */
  credential: string;
}

/** What can be measured of the clocks of Git hosts. */
export interface ClockMetrics {
  /** Takes over by how much a host's clock is ahead of ours, in milliseconds; 0 for no difference that matters. */
  observe(host: string, skewMs: number): void;
}

/** Hosts beyond this are not shown. */
const mostHosts = 1_000;

/** Makes the metric and registers it. Only hosts are shown whose clock mattered, because a GitHub App was proven there. */
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
