import { Registry } from '@prometheus-io/client';
import { beforeEach, expect, it } from 'vitest';
import { createRateLimitMetrics, type RateLimitMetrics } from './provider-metrics.ts';

const start = Date.parse('2026-06-01T12:00:00Z');
let now: number;
let registry: Registry;
let metrics: RateLimitMetrics;

beforeEach(() => {
  now = start;
  registry = new Registry();
  metrics = createRateLimitMetrics(registry, () => now);
});

/** What is scraped, without comments. */
async function scraped(): Promise<string[]> {
  const text = await registry.metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

const series = (name: string, value: number): string =>
  `codemie_provider_rate_limit_${name}{host="github.com",credential="0a1b2c3d"} ${value}`;
const budget = { limit: 5000, remaining: 4999, resetsAt: '2026-06-01T12:30:00Z' };
const resetS = Date.parse(budget.resetsAt) / 1000;

it('shows a budget as it was told', async () => {
  metrics.observe('github.com', '0a1b2c3d', budget);
  expect(await scraped()).toEqual([
    series('remaining', 4999),
    series('limit', 5000),
    series('reset_timestamp_seconds', resetS),
  ]);
});

it('shows that nothing is left, and until when', async () => {
  metrics.observe('github.com', '0a1b2c3d', budget);
  metrics.exhausted('github.com', '0a1b2c3d', start + 60_000);
  expect(await scraped()).toEqual([
    series('remaining', 0),
    series('limit', 5000),
    series('reset_timestamp_seconds', start / 1000 + 60),
  ]);
});

it('shows nothing any more once the budget is renewed', async () => {
  metrics.observe('github.com', '0a1b2c3d', budget);
  now = resetS * 1000 - 1;
  expect(await scraped()).toHaveLength(3);
  now += 1;
  expect(await scraped()).toEqual([]);
});

it('shows no more than 5,000', async () => {
  for (let each = 0; each < 5_001; each += 1) metrics.observe('github.com', String(each), budget);
  expect((await scraped()).filter((line) => line.includes('_remaining'))).toHaveLength(5_000);
});
