import { Gauge, type Registry } from '@prometheus-io/client';

/** What can be measured of the clocks of Git hosts. */
export interface ClockMetrics {
  /** Takes over by how much a host's clock is ahead of ours, in milliseconds; 0 for no difference that matters. */
  observe(host: string, skewMs: number): void;
}

/** Hosts beyond this are not shown. */
const mostShown = 1_000;

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
      if (shown.size >= mostShown && !shown.has(host)) return;
      shown.add(host);
      skew.set({ host }, Math.round(skewMs / 1000));
    },
  };
}
