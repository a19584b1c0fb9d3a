import { expect, it } from 'vitest';
import { createExposition } from '../../observability/exposition.ts';
import { createConnectionMetrics } from './metrics.ts';

const metadata = {
  name: 'default',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '2026-11-22T12:00:00Z',
};
const condition = (type: string, status: 'True' | 'False', reason: string) => ({
  type,
  status,
  reason,
  message: '',
  lastTransitionTime: '2026-11-22T12:00:00Z',
});

it('shows what is wrong with a connection and how many use it, while it is there', async () => {
  const exposition = createExposition();
  const metrics = createConnectionMetrics(exposition);
  const series = async () => {
    const text = (await Array.fromAsync(exposition.text())).join('');
    return text.split('\n').filter((line) => line.startsWith('codemie'));
  };
  metrics.observe('ClusterCodeMieConnection', { metadata }, { observedGeneration: 1, integrations: 3 });
  metrics.observe(
    'ClusterCodeMieConnection',
    { metadata },
    {
      observedGeneration: 1,
      conditions: [condition('Ready', 'False', 'Unauthorized'), condition('Stalled', 'True', 'Unauthorized')],
      integrations: 4,
    },
  );
  const labels = 'kind="ClusterCodeMieConnection",namespace="",name="default"';
  expect(await series()).toEqual([
    `codemie_connection_condition{${labels},type="Ready",status="False",reason="Unauthorized"} 1`,
    `codemie_connection_condition{${labels},type="Stalled",status="True",reason="Unauthorized"} 1`,
    `codemie_connection_integrations{${labels}} 4`,
  ]);
  metrics.forget('ClusterCodeMieConnection', 'default');
  expect(await series()).toEqual([]);
});
