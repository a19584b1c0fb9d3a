import { parser } from '@prometheus-io/lezer-promql';
import type { MetricDescription } from '../harness/metric-catalogue.ts';

/** Labels that a scrape adds: Prometheus itself, and the ServiceMonitor of the chart. */
const targetLabels = ['job', 'instance', 'namespace', 'pod'];

/** What a histogram appends to its name. */
const histogramParts = /_(bucket|sum|count)$/;

/** One selector of a query: a metric and the labels that it is narrowed down by. */
interface Selector {
  metric: string;
  labels: string[];
}

/**
 * What is wrong with a query in PromQL, measured by the metrics that there are: it does not parse, names a metric
 * that no code creates, or a label that the metric does not have.
 */
export function faultsOf(query: string, metrics: readonly MetricDescription[]): string[] {
  const { selectors, grouping, broken } = read(query);
  if (broken) return [`${query}: does not parse`];
  const known = new Map(metrics.map((metric) => [metric.name, metric]));
  const labelsOf = (name: string): string[] | undefined => {
    // What Prometheus says of the scrape itself.
    if (name === 'up') return targetLabels;
    const whole = known.get(name);
    if (whole && whole.type !== 'histogram') return [...whole.labelNames, ...targetLabels];
    const histogram = known.get(name.replace(histogramParts, ''));
    if (histogram?.type !== 'histogram' || !histogramParts.test(name)) return undefined;
    return [...histogram.labelNames, ...targetLabels, ...(name.endsWith('_bucket') ? ['le'] : [])];
  };
  const all = new Set(selectors.flatMap(({ metric }) => labelsOf(metric) ?? []));
  return [
    ...selectors.flatMap(({ metric, labels }) => {
      const has = labelsOf(metric);
      if (!has) return [`${query}: no metric ${metric}`];
      return labels
        .filter((label) => !has.includes(label))
        .map((label) => `${query}: ${metric} has no label ${label}`);
    }),
    ...grouping.filter((label) => !all.has(label)).map((label) => `${query}: nothing has the label ${label}`),
  ];
}

/** The selectors of a query, and the labels by which it groups and matches. */
function read(query: string): { selectors: Selector[]; grouping: string[]; broken: boolean } {
  const selectors: Selector[] = [];
  const grouping: string[] = [];
  let broken = false;
  parser.parse(query).iterate({
    enter({ name, from, to, type, node }) {
      const text = query.slice(from, to);
      if (type.isError) broken = true;
      if (name === 'VectorSelector') selectors.push({ metric: '', labels: [] });
      const selector = selectors.at(-1);
      if (name === 'Identifier' && selector) selector.metric = text;
      if (name !== 'LabelName') return;
      if (node.parent?.name === 'GroupingLabels') grouping.push(text);
      else selector?.labels.push(text);
    },
  });
  return { selectors, grouping, broken };
}
