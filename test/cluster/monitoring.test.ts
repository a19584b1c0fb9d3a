import { beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { metricCatalogue } from '../harness/metric-catalogue.ts';
import { gitHubIntegration, storeGitHubToken } from './objects.ts';
import { useSuite } from './suite.ts';

const suite = useSuite();
let namespace: string;
let metrics: string;

beforeAll(async () => {
  const { cluster } = suite;
  namespace = await suite.team();
  await storeGitHubToken(suite, `${namespace}/token`);
  await cluster.create(kinds.integration, gitHubIntegration(`${namespace}/good`));
  const auth = { token: { secretRef: { name: 'missing' } } };
  await cluster.create(kinds.integration, gitHubIntegration(`${namespace}/bad`, { auth }));
  await cluster.waitForConditions(`${namespace}/good`, { Ready: 'True/Ready' });
  await cluster.waitForConditions(`${namespace}/bad`, { Ready: 'False/SecretNotFound' });
  metrics = await suite.operator.metrics();
});

describe('what the operator serves on /metrics', () => {
  it('is each metric of the catalogue, and no other', () => {
    const { own, standard } = metricCatalogue();
    const served = [...metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    const known = [...own, ...standard].map(({ name, type }) => `${name} ${type}`);
    expect(new Set(served)).toEqual(new Set(known));
    expect(served).toHaveLength(known.length);
  });

  it('has the labels of the catalogue, and no other', () => {
    const { own } = metricCatalogue();
    const wrong = own.flatMap(({ name, labelNames, type }) => {
      const parts = type === 'histogram' ? '(?:_bucket|_sum|_count)' : '';
      const series = [...metrics.matchAll(new RegExp(`^${name}${parts}(?:\\{(.*)\\})? \\S+$`, 'gm'))];
      const labels = series.map(([, text = '']) => [...text.matchAll(/(\w+)="/g)].map(([, label]) => label));
      const expected = new Set(labelNames);
      return labels
        .filter(
          (found) => new Set(found.filter((label) => label !== 'le')).symmetricDifference(expected).size > 0,
        )
        .map((found) => `${name}: ${found.join()}`);
    });
    expect(wrong).toEqual([]);
  });

  it('has one series for what works, and the cause for what does not', () => {
    const ofObject = (name: string): string[] =>
      metrics
        .split('\n')
        .filter((line) => line.includes(`{namespace="${namespace}",name="${name}"`))
        .map((line) => /type="(\w+)",status="(\w+)",reason="(\w+)"/.exec(line)?.slice(1).join(' ') ?? '');
    expect(ofObject('good')).toEqual(['Ready True Ready']);
    expect(ofObject('bad')).toEqual([
      'CredentialsResolved False SecretNotFound',
      'Ready False SecretNotFound',
    ]);
    expect(metrics).toContain(
      `codemie_connection_condition{kind="CodeMieConnection",namespace="${namespace}",name="own",type="Ready",status="True",reason="Ready"} 1\n`,
    );
    expect(metrics).toMatch(
      new RegExp(
        `^codemie_connection_integrations\\{kind="CodeMieConnection",namespace="${namespace}",name="own"\\} [012]$`,
        'm',
      ),
    );
    expect(metrics).toContain('leader_election_master_status{name="codemie-git-operator"} 1\n');
  });
});
