import { expect, it } from 'vitest';
import type { MetricDescription } from '../harness/metric-catalogue.ts';
import { faultsOf } from './query.ts';

const metrics: MetricDescription[] = [
  { name: 'calls_total', help: '', type: 'counter', labelNames: ['host'] },
  { name: 'wait_seconds', help: '', type: 'histogram', labelNames: ['lane'] },
];

it.each([
  ['sum by (host) (rate(calls_total{host!="a", job="b"}[5m])) > 0', []],
  ['histogram_quantile(0.9, sum by (lane, le) (rate(wait_seconds_bucket[5m])))', []],
  ['up == 0 unless on (instance) calls_total', []],
  ['sum(calls_total', ['does not parse']],
  ['call_total', ['no metric call_total']],
  ['rate(wait_seconds[5m])', ['no metric wait_seconds']],
  ['calls_total{lane="high"}', ['calls_total has no label lane']],
  ['wait_seconds_sum{le="1"}', ['wait_seconds_sum has no label le']],
  ['sum by (lane) (calls_total)', ['nothing has the label lane']],
])('%s', (query, faults) => {
  expect(faultsOf(query, metrics)).toEqual(faults.map((fault) => `${query}: ${fault}`));
});
