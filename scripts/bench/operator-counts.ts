import type { OperatorProcess } from '../../test/harness/operator-process.ts';
import { type Buckets, bucketsOf, samplesOf } from './prometheus.ts';

/** What the operator counts of itself, since its start. */
export interface OperatorCounts {
  /** Requests to the API server by `verb resource`, watches left out; those that were refused too. */
  requests: Readonly<Record<string, number>>;
  /** How long passes over a GitIntegration took, in seconds. */
  reconciles: Buckets;
  /** Series on /metrics. */
  series: number;
}

/** Reads its metrics. That is work for the operator, so never while something is timed. */
export async function readCounts(operator: OperatorProcess): Promise<OperatorCounts> {
  const text = await operator.metrics();
  const requests: Record<string, number> = {};
  for (const { labels, value } of samplesOf(text, 'rest_client_requests_total')) {
    const key = `${labels['verb']} ${labels['resource']}`;
    if (labels['verb'] !== 'watch') requests[key] = (requests[key] ?? 0) + value;
  }
  return {
    requests,
    reconciles: bucketsOf(text, 'controller_runtime_reconcile_time_seconds', {
      controller: 'gitintegration',
    }),
    series: text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length,
  };
}

const writingVerbs = ['create', 'update', 'patch', 'apply', 'delete'];

/** Writes among the requests between two looks, to one resource or to all. */
export function writesBetween(before: OperatorCounts, now: OperatorCounts, resource?: string): number {
  return Object.entries(now.requests)
    .filter(([key]) => {
      const [verb = '', of] = key.split(' ');
      return writingVerbs.includes(verb) && (resource === undefined || of === resource);
    })
    .reduce((sum, [key, count]) => sum + count - (before.requests[key] ?? 0), 0);
}

/** Nothing counted yet. */
export const noCounts: OperatorCounts = { requests: {}, reconciles: new Map(), series: 0 };
