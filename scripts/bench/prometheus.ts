/** One sample of a metric in the text format. https://prometheus.io/docs/instrumenting/exposition_formats/ */
export interface Sample {
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** All samples of one metric, by its exact name. Label values with escapes are not decoded. */
export function samplesOf(text: string, name: string): Sample[] {
  const line = new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm');
  return [...text.matchAll(line)].map(([, labels = '', value]) => ({
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text])),
    value: Number(value),
  }));
}

/** Cumulative counts of a histogram by upper bound, as Prometheus keeps them. */
export type Buckets = ReadonlyMap<number, number>;

/** The buckets of a histogram whose labels hold all of `labels`. */
export function bucketsOf(text: string, name: string, labels: Readonly<Record<string, string>>): Buckets {
  const samples = samplesOf(text, `${name}_bucket`).filter((sample) =>
    Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  return new Map(samples.map(({ labels: { le }, value }) => [le === '+Inf' ? Infinity : Number(le), value]));
}

/** What was observed between two reads of one histogram. */
export function bucketsSince(before: Buckets, now: Buckets): Buckets {
  return new Map([...now].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)]));
}

/**
 * The value below which the share `q` of all observations lies, interpolated within its bucket as Prometheus'
 * `histogram_quantile` does; NaN when there were none.
 */
export function quantile(q: number, buckets: Buckets): number {
  const sorted = [...buckets].toSorted(([a], [b]) => a - b);
  const total = sorted.at(-1)?.[1] ?? 0;
  if (total === 0) return Number.NaN;
  const rank = q * total;
  let lower = { bound: 0, count: 0 };
  for (const [bound, count] of sorted) {
    if (count >= rank) {
      if (bound === Infinity) return lower.bound;
      return lower.bound + (bound - lower.bound) * ((rank - lower.count) / (count - lower.count));
    }
    lower = { bound, count };
  }
  return lower.bound;
}
