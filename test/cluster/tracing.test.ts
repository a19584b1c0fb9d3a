import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { type OtlpCollector, startOtlpCollector } from '../harness/peers/otlp-collector.ts';
import { gitHubIntegration, storeGitHubToken } from './objects.ts';
import { useSuite } from './suite.ts';

const suite = useSuite({ running: false });
let collector: OtlpCollector;
let good: string;
let bad: string;

beforeAll(async () => {
  const { cluster, world } = suite;
  collector = await startOtlpCollector();
  suite.searched.set('traces', collector.bodies);
  const env = {
    ...world.operatorEnv,
    OTEL_EXPORTER_OTLP_ENDPOINT: new URL('/', collector.endpoint).href,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=platform',
    OTEL_SERVICE_NAME: 'git-operator-of-tests',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  };
  suite.operator = await suite.start({ env });

  const namespace = await suite.team();
  good = `${namespace}/good`;
  bad = `${namespace}/bad`;
  await storeGitHubToken(suite, `${namespace}/token`);
  await cluster.createSecret(bad, { token: suite.secret('ghp_') });
  await cluster.create(kinds.integration, gitHubIntegration(good));
  const auth = { token: { secretRef: { name: 'bad' } } };
  await cluster.create(kinds.integration, gitHubIntegration(bad, { auth }));
  await cluster.waitForConditions(good, { Ready: 'True/Ready' });
  await cluster.waitForConditions(bad, { Ready: 'False/Unauthorized' });
  // It sends what is left before it ends.
  await suite.operator.stop();
});

afterAll(() => collector.close());

/** The spans of all passes over an object. */
function spansOf(key: string) {
  const roots = collector.spans.filter(({ attributes }) => attributes['codemie.key'] === key);
  const traces = new Set(roots.map(({ traceId }) => traceId));
  return collector.spans.filter(({ traceId }) => traces.has(traceId));
}

describe('the traces of a reconcile', () => {
  it('show its steps, and each call under the step that made it', () => {
    const spans = spansOf(good);
    const parentOf = (id: string): string | undefined => spans.find(({ spanId }) => spanId === id)?.name;
    const calls = spans
      .filter(({ kind }) => kind === 3)
      .map(({ parentSpanId, name, attributes }) => [
        parentOf(parentSpanId),
        name,
        attributes['server.address'] === '127.0.0.1' ? '' : attributes['url.full'],
        attributes['http.response.status_code'],
      ]);
    expect(calls).toContainEqual(['credentials', 'get secrets', '', 200]);
    expect(calls).toContainEqual(['validate', 'GET', 'https://api.github.com/user', 200]);
    expect(calls).toContainEqual([
      'register',
      'POST',
      'https://codemie.example.com/code-assistant-api/v1/settings/project',
      200,
    ]);
    expect(calls).toContainEqual(['status', 'apply gitintegrations', '', 200]);
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === '');
    expect(roots.every(({ name }) => name === 'reconcile gitintegration')).toBe(true);
  });

  it('show where one stopped and why', () => {
    const step = spansOf(bad).find(({ name, failed }) => name === 'validate' && failed);
    expect(step?.attributes).toMatchObject({ 'error.type': 'Halt' });
    const root = spansOf(bad).find(({ attributes }) => attributes['codemie.reason'] === 'Unauthorized');
    expect(root?.attributes).toMatchObject({ 'codemie.condition': 'CredentialsValid' });
  });

  it('hold no query and no header, and say who they are of', () => {
    for (const { attributes } of collector.spans) {
      expect(String(attributes['url.full'])).not.toMatch(/[?#@]/);
      expect(Object.keys(attributes).filter((name) => name.includes('header'))).toEqual([]);
    }
    expect(collector.spans[0]?.resource).toMatchObject({
      'service.name': 'git-operator-of-tests',
      'k8s.namespace.name': suite.system,
      'deployment.environment.name': 'test',
    });
    expect(collector.headers()['x-tenant']).toBe('platform');
  });

  it('are named by the lines of the log', () => {
    const lines = suite.operator.output().split('\n');
    const line = lines.find((each) => each.includes('Readiness changed') && each.includes(`"${bad}"`));
    const { trace_id: traceId } = JSON.parse(line ?? '{}');
    expect(spansOf(bad).map((span) => span.traceId)).toContain(traceId);
  });

  it('stay inside: no request carries them on', () => {
    const { requests } = suite.world.internet;
    expect(requests.length).toBeGreaterThan(0);
    const carriers = ['traceparent', 'tracestate', 'baggage'];
    expect(requests.filter(({ headerNames }) => carriers.some((name) => headerNames.includes(name)))).toEqual(
      [],
    );
  });
});
