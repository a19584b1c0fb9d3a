import { Registry } from '@prometheus-io/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { GitIntegrationStatus } from '../../api/v1alpha1/git-integration-status.ts';
import { createExposition, type Exposition } from '../../observability/exposition.ts';
import {
  createClockMetrics,
  createIntegrationMetrics,
  createRateLimitMetrics,
  type IntegrationMetrics,
  type RateLimitMetrics,
} from './metrics.ts';
import { parseIntegration } from './pass.ts';

function snapshot(name = 'acme') {
  const metadata = {
    name,
    namespace: 'team-a',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-11-22T12:00:00Z',
  };
  return parseIntegration({ metadata });
}

/** A status with conditions, as `True/Ready`. */
function status(conditions: Record<string, string>, expiresAt?: string): GitIntegrationStatus {
  return {
    observedGeneration: 1,
    conditions: Object.entries(conditions).map(([type, text]) => {
      const [value, reason = ''] = text.split('/');
      return {
        type,
        status: z.enum(['True', 'False', 'Unknown']).parse(value),
        reason,
        message: '',
        lastTransitionTime: '2026-11-22T12:00:00Z',
      };
    }),
    ...(expiresAt && { credential: { expiresAt } }),
  };
}

async function series(exposition: Exposition, having: string): Promise<string[]> {
  const text = (await Array.fromAsync(exposition.text())).join('');
  return text.split('\n').filter((line) => !line.startsWith('#') && line.includes(having));
}

const ready = { Ready: 'True/Ready', CredentialsValid: 'True/Valid', Registered: 'True/Registered' };
const labels = 'namespace="team-a",name="acme"';

let exposition: Exposition;
let metrics: IntegrationMetrics;
beforeEach(() => {
  exposition = createExposition();
  metrics = createIntegrationMetrics(exposition);
});

describe('createIntegrationMetrics', () => {
  it('shows of an object that works that it does, and when its credential expires', async () => {
    metrics.observe(snapshot(), status(ready, '2026-12-01T00:00:00Z'));
    expect(await series(exposition, 'team-a')).toEqual([
      `codemie_git_integration_condition{${labels},type="Ready",status="True",reason="Ready"} 1`,
      `codemie_git_integration_credential_expiry_timestamp_seconds{${labels}} 1796083200`,
    ]);
  });

  it.each([
    [{ CredentialsValid: 'Unknown/ProviderUnreachable' }, ['CredentialsValid']],
    [{ Registered: 'False/AliasConflict', Stalled: 'True/AliasConflict' }, ['Registered', 'Stalled']],
    [{ PermissionsSufficient: 'Unknown/NotReported' }, []],
    [{ PermissionsSufficient: 'False/MissingPermissions' }, ['PermissionsSufficient']],
    [{ Drifted: 'True/Changed', CredentialExpiring: 'True/ExpiresSoon' }, ['Drifted', 'CredentialExpiring']],
  ])('shows which other condition asks for attention: %o', async (conditions, types) => {
    metrics.observe(snapshot(), status({ Ready: 'False/Any', ...conditions }));
    const shown = await series(exposition, labels);
    expect(shown.map((line) => /type="(\w+)"/.exec(line)?.[1])).toEqual(['Ready', ...types]);
  });

  it('drops a condition that went, and everything with the object', async () => {
    metrics.observe(
      snapshot(),
      status({ Ready: 'False/Expired', Stalled: 'True/Expired' }, '2026-12-01T00:00:00Z'),
    );
    metrics.observe(snapshot(), status(ready));
    expect((await series(exposition, 'team-a')).join('\n')).not.toMatch(/Stalled|expiry|False/);
    metrics.forget('team-a/acme');
    expect(await series(exposition, 'team-a')).toEqual([]);
    expect(await series(exposition, 'codemie_git_integrations{')).toEqual([]);
  });

  it('counts objects by what each condition says', async () => {
    metrics.observe(snapshot('a'), status(ready));
    metrics.observe(snapshot('b'), status(ready));
    metrics.observe(snapshot('b'), status({ ...ready, Ready: 'Unknown/Suspended' }));
    metrics.observe(snapshot('b'), status({ ...ready, Ready: 'Unknown/Suspended' }));
    expect((await series(exposition, 'codemie_git_integrations{')).toSorted()).toEqual([
      'codemie_git_integrations{type="CredentialsValid",status="True",reason="Valid"} 2',
      'codemie_git_integrations{type="Ready",status="True",reason="Ready"} 1',
      'codemie_git_integrations{type="Ready",status="Unknown",reason="Suspended"} 1',
      'codemie_git_integrations{type="Registered",status="True",reason="Registered"} 2',
    ]);
  });
});

describe('createRateLimitMetrics', () => {
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

  const sample = (name: string, value: number): string =>
    `codemie_provider_rate_limit_${name}{host="github.com",credential="0a1b2c3d"} ${value}`;
  const budget = { limit: 5000, remaining: 4999, resetsAt: '2026-06-01T12:30:00Z' };
  const resetS = Date.parse(budget.resetsAt) / 1000;

  it('shows a budget as it was reported', async () => {
    metrics.observe('github.com', '0a1b2c3d', budget);
    expect(await scraped()).toEqual([
      sample('remaining', 4999),
      sample('limit', 5000),
      sample('reset_timestamp_seconds', resetS),
    ]);
  });

  it('shows that nothing is left, and until when', async () => {
    metrics.observe('github.com', '0a1b2c3d', budget);
    metrics.exhausted('github.com', '0a1b2c3d', start + 60_000);
    expect(await scraped()).toEqual([
      sample('remaining', 0),
      sample('limit', 5000),
      sample('reset_timestamp_seconds', start / 1000 + 60),
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
});

describe('createClockMetrics', () => {
  it('shows no more than 1,000 hosts, for tenants choose them', async () => {
    const registry = new Registry();
    const metrics = createClockMetrics(registry);
    for (let each = 0; each < 1_001; each += 1) metrics.observe(`git-${each}.example.com`, 60_000);
    metrics.observe('git-0.example.com', 0);
    const lines = (await registry.metrics()).split('\n').filter((line) => line.includes('host='));
    expect(lines).toHaveLength(1_000);
    expect(lines[0]).toBe('codemie_provider_clock_skew_seconds{host="git-0.example.com"} 0');
  });
});
