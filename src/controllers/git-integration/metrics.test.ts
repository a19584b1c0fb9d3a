import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { GitIntegrationStatus } from '../../api/v1alpha1/git-integration-status.ts';
import { parseObject } from './load.ts';
import { createIntegrationMetrics } from './metrics.ts';

function known() {
  const metadata = {
    name: 'acme',
    namespace: 'team-a',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-11-22T12:00:00Z',
  };
  return parseObject({ metadata });
}

function status(types: Record<string, 'True' | 'False'>, expiresAt?: string): GitIntegrationStatus {
  return {
    observedGeneration: 1,
    conditions: Object.entries(types).map(([type, value]) => ({
      type,
      status: value,
      reason: 'Any',
      message: '',
      lastTransitionTime: '2026-11-22T12:00:00Z',
    })),
    ...(expiresAt && { credential: { expiresAt } }),
  };
}

async function series(registry: Registry): Promise<string[]> {
  const lines = (await registry.metrics()).split('\n');
  return lines.filter((line) => line.includes('team-a'));
}

describe('createIntegrationMetrics', () => {
  it('shows each condition with all its possible states, and when the credential ends', async () => {
    const registry = new Registry();
    createIntegrationMetrics(registry).observe(known(), status({ Ready: 'True' }, '2026-12-01T00:00:00Z'));
    const labels = 'namespace="team-a",name="acme"';
    expect(await series(registry)).toEqual([
      `codemie_git_integration_condition{${labels},type="Ready",status="True"} 1`,
      `codemie_git_integration_condition{${labels},type="Ready",status="False"} 0`,
      `codemie_git_integration_condition{${labels},type="Ready",status="Unknown"} 0`,
      `codemie_git_integration_credential_expiry_timestamp_seconds{${labels}} 1796083200`,
    ]);
  });

  it('drops a condition that went, and everything with the object', async () => {
    const registry = new Registry();
    const metrics = createIntegrationMetrics(registry);
    metrics.observe(known(), status({ Ready: 'False', Stalled: 'True' }, '2026-12-01T00:00:00Z'));
    metrics.observe(known(), status({ Ready: 'True' }));
    expect((await series(registry)).join('\n')).not.toMatch(/Stalled|expiry/);
    metrics.forget('team-a/acme');
    expect(await series(registry)).toEqual([]);
  });
});
