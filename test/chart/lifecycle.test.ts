import { expect, it } from 'vitest';
import { reconciled, rowsOf } from '../cluster/objects.ts';
import { kinds } from '../harness/cluster.ts';
import { earlierChart, quickstart, system, useInstallation } from './installation.ts';

const suite = useInstallation();
const key = 'team-a/github';
const codeMieHost = 'codemie.example.com';

/** Requests that created an integration in CodeMie since the beginning. */
const creates = (): number =>
  suite.world.codemie.requests.filter(({ method, path }) => method === 'POST' && /settings/.test(path))
    .length;

const pods = (): Promise<string> =>
  suite.kubectl(['get', 'pods', '-n', system, '-o', 'jsonpath={.items[*].metadata.name}']);

it('helm install, then the quickstart, leads to an integration that is Ready', async () => {
  await suite.helm(['install', ...suite.release()]);
  const status = await suite.kubectl([
    'get',
    'deployment',
    '-n',
    system,
    '-o',
    'jsonpath={.items[*].status.readyReplicas}',
  ]);
  expect(status).toBe('2');
  await suite.kubectl(['apply', '-f', '-'], await quickstart(suite.world));
  await suite.cluster.waitForConditions(key, { Ready: 'True/Ready' });
  expect(rowsOf(suite.world, key)).toHaveLength(1);
});

it('helm uninstall ends while CodeMie is down, and leaves CRDs and integrations', async () => {
  suite.world.internet.setFault(codeMieHost, { kind: 'refuse' });
  await suite.helm(['uninstall', 'codemie-git-operator', '--wait', '--timeout=60s']);
  await suite.cluster.waitFor('the Pods to be gone', async () => (await pods()) === '');
  const integration = await suite.cluster.get(kinds.integration, key);
  expect(integration?.metadata).toMatchObject({ finalizers: ['codemie.ai/registration'] });
  expect(integration?.metadata).not.toHaveProperty('deletionTimestamp');
  suite.world.internet.setFault(codeMieHost, undefined);
  expect(rowsOf(suite.world, key)).toHaveLength(1);
});

it('an upgrade from the chart before takes everything over, and makes nothing twice', async () => {
  const [row] = rowsOf(suite.world, key);
  const one = { replicas: 1 };
  await suite.helm(['install', ...suite.release({ chart: earlierChart, values: one })]);
  // Another flag, so that the Pod is replaced whatever the two charts have in common.
  await suite.helm(['upgrade', ...suite.release({ values: { ...one, logLevel: 'debug' } })]);
  await reconciled(suite.cluster, key, { Ready: 'True/Ready' });
  expect(rowsOf(suite.world, key).map(({ id }) => id)).toEqual([row?.id]);
  expect(creates()).toBe(1);
});

it('a rollback leads back to a Pod of the version before, and leaves CodeMie as it is', async () => {
  const before = (await pods()).split(' ');
  await suite.helm(['rollback', 'codemie-git-operator', '1', '--wait', '--timeout=60s']);
  await suite.cluster.waitFor('the Pod to be replaced', async () => {
    const after = await pods();
    return before.every((pod) => !after.includes(pod));
  });
  expect(rowsOf(suite.world, key)).toHaveLength(1);
  expect(creates()).toBe(1);
});

it('shards hold a Lease each, and the one that it is for goes on with an integration', async () => {
  const shards = [
    { name: 'a', selector: 'codemie.ai/shard=a' },
    { name: 'rest', selector: '!codemie.ai/shard', connections: true },
  ];
  await suite.helm(['upgrade', ...suite.release({ values: { replicas: 1, shards } })]);
  await suite.cluster.waitFor('both shards to lead', async () => {
    const query = 'jsonpath={.items[*].spec.holderIdentity}';
    const holders = await suite.kubectl(['get', 'leases', '-n', system, '-o', query]);
    return ['operator-a-', 'operator-rest-'].every((shard) => holders.includes(shard));
  });
  await suite.kubectl(['label', '-n', 'team-a', 'gint/github', 'codemie.ai/shard=a']);
  await reconciled(suite.cluster, key, { Ready: 'True/Ready' });
  const query = ['-l', 'codemie.ai/operator-shard=a', '-o', 'jsonpath={.items[*].status.podIP}'];
  const address = await suite.kubectl(['get', 'pods', '-n', system, ...query]);
  await suite.cluster.waitFor('shard a to measure it', async () => {
    const metrics = await (await fetch(`http://${address}:8080/metrics`)).text();
    return metrics.includes('codemie_git_integration_condition{namespace="team-a",name="github"');
  });
  expect(creates()).toBe(1);
});
