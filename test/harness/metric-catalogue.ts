import { collectDefaultMetrics, Registry } from '@prometheus-io/client';
import { z } from 'zod';
import { createConnectionMetrics } from '../../src/controllers/codemie-connection/metrics.ts';
import {
  createClockMetrics,
  createIntegrationMetrics,
  createRateLimitMetrics,
} from '../../src/controllers/git-integration/metrics.ts';
import { createExposition, type Exposition } from '../../src/observability/exposition.ts';
import { createMetrics, measureCaches, measureQueues } from '../../src/observability/metrics.ts';

/** A metric as its maker declared it. */
export type MetricDescription = z.output<typeof description>;

/** The library keeps these fields on each metric and leaves the names of labels out of its types. */
const description = z.object({
  name: z.string(),
  help: z.string(),
  type: z.enum(['counter', 'gauge', 'histogram', 'summary']),
  labelNames: z.array(z.string()),
});

/**
 * All metrics of the operator as the code makes them: `own` are ours, `standard` those that the library has for every
 * process.
 */
export function metricCatalogue(): { own: MetricDescription[]; standard: MetricDescription[] } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const standard = describe(registry);
  const known = new Set(standard.map(({ name }) => name));
  return { own: describeAll().filter(({ name }) => !known.has(name)), standard };
}

function describeAll(): MetricDescription[] {
  const exposition = createExposition();
  createMetrics(exposition.registry);
  createIntegrationMetrics(exposition);
  createConnectionMetrics(exposition);
  createRateLimitMetrics(exposition.registry, () => 0);
  createClockMetrics(exposition.registry);
  measureCaches(exposition.registry, []);
  measureQueues(exposition.registry, []);
  return [...describe(exposition.registry), ...describeObjects(exposition)];
}

function describe(registry: Registry): MetricDescription[] {
  return z.array(description).parse(registry.getMetricsAsArray());
}

function describeObjects({ objectGauges }: Exposition): MetricDescription[] {
  return objectGauges.map(({ name, help, labelNames }) => ({
    name,
    help,
    type: 'gauge',
    labelNames: [...labelNames],
  }));
}
