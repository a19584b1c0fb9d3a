import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type OtlpCollector, startOtlpCollector } from '../../test/harness/peers/otlp-collector.ts';
import { createOtlpTracing } from './otlp-tracing.ts';
import type { Tracing } from './tracing.ts';

let collector: OtlpCollector;
let troubles: unknown[];

beforeEach(async () => {
  collector = await startOtlpCollector();
  troubles = [];
});
afterEach(() => collector.close());

function start(tracesSampleRatio = 1): Tracing {
  return createOtlpTracing({
    settings: { tracesSampleRatio, serviceName: 'op', podName: 'op-0', operatorNamespace: 'ops' },
    endpoint: collector.endpoint,
    ca: [],
    now: Date.now,
    onTrouble: (error) => troubles.push(error),
  });
}

const pass = { controller: 'gitintegration', key: 'team-a/acme', attempt: 2 };
const call = {
  method: 'GET',
  host: 'git.example.com',
  url: 'https://git.example.com:8443/api/user',
  durationMs: 5,
};

describe('a trace', () => {
  it('holds the steps of a reconcile and their calls', async () => {
    const tracing = start();
    await tracing.run(pass, async () => {
      await tracing.step('validate', async () => {
        tracing.note({ 'codemie.reason': 'Valid' });
        tracing.exchange({ ...call, status: 200 });
      });
      tracing.kubeRequest({
        verb: 'apply',
        resource: 'gitintegrations',
        method: 'PATCH',
        url: 'https://10.0.0.1/apis/codemie.ai/v1alpha1/namespaces/team-a/gitintegrations/acme/status',
        code: 409,
        durationMs: 3,
      });
      return 'requeueAfter';
    });
    await tracing.stop();

    const spans = collector.spans;
    const [root, step] = ['reconcile gitintegration', 'validate'].map((name) =>
      spans.find((span) => span.name === name),
    );
    expect(root).toMatchObject({
      parentSpanId: '',
      failed: false,
      attributes: {
        'codemie.controller': 'gitintegration',
        'codemie.key': 'team-a/acme',
        'codemie.attempt': 2,
        'codemie.outcome': 'requeueAfter',
      },
      resource: { 'service.name': 'op', 'service.instance.id': 'op-0', 'k8s.namespace.name': 'ops' },
    });
    expect(step).toMatchObject({ parentSpanId: root?.spanId, attributes: { 'codemie.reason': 'Valid' } });
    expect(spans.find(({ name }) => name === 'GET')).toMatchObject({
      parentSpanId: step?.spanId,
      kind: 3,
      failed: false,
      attributes: {
        'http.request.method': 'GET',
        'url.full': 'https://git.example.com:8443/api/user',
        'server.address': 'git.example.com',
        'server.port': 8443,
        'http.response.status_code': 200,
      },
    });
    expect(spans.find(({ name }) => name === 'apply gitintegrations')).toMatchObject({
      parentSpanId: root?.spanId,
      failed: true,
      attributes: { 'server.port': 443, 'http.response.status_code': 409, 'error.type': '409' },
    });
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(troubles).toEqual([]);
  });

  it.each(['error', 'timeout'] as const)('says that a reconcile ended by %s', async (outcome) => {
    const tracing = start();
    await tracing.run(pass, async () => outcome);
    await tracing.stop();
    expect(collector.spans).toMatchObject([{ failed: true, attributes: { 'error.type': outcome } }]);
  });

  it('says where a reconcile stopped, and nothing of the message', async () => {
    const tracing = start();
    const failing = tracing.run(pass, async () => {
      await tracing.step('validate', () => Promise.reject(new TypeError('with a canary')));
      return 'success';
    });
    await expect(failing).rejects.toThrow('with a canary');
    await tracing.stop();
    expect(collector.spans).toMatchObject([
      { name: 'validate', failed: true, attributes: { 'error.type': 'TypeError' } },
      { failed: true },
    ]);
    expect(collector.bodies()).not.toContain('canary');
  });

  it('is of one reconcile only, also where several run at the same time', async () => {
    const tracing = start();
    const passes = ['a', 'b', 'c'].map((key) =>
      tracing.run({ ...pass, key }, async () => {
        await tracing.step(key, async () => {
          await Promise.resolve();
          tracing.exchange({ ...call, error: 'Timeout' });
        });
        return 'success';
      }),
    );
    await Promise.all(passes);
    await tracing.stop();
    const traces = Map.groupBy(collector.spans, ({ traceId }) => traceId);
    expect([...traces.values()].map((spans) => spans.length)).toEqual([3, 3, 3]);
  });
});

describe('outside of a reconcile', () => {
  it('nothing is followed', async () => {
    const tracing = start();
    tracing.exchange({ ...call, status: 200 });
    await tracing.step('alone', () => Promise.resolve());
    expect(tracing.logFields()).toEqual({});
    await tracing.stop();
    expect(collector.bodies()).toBe('');
  });
});

describe('the log', () => {
  it('leads to the trace, if that is kept', async () => {
    const tracing = start();
    let fields = {};
    await tracing.run(pass, async () => {
      fields = tracing.logFields();
      return 'success';
    });
    await tracing.stop();
    expect(fields).toEqual({ trace_id: collector.spans[0]?.traceId, span_id: collector.spans[0]?.spanId });

    const none = start(0);
    await none.run(pass, async () => {
      expect(none.logFields()).toEqual({});
      return 'success';
    });
    await none.stop();
    expect(collector.spans).toHaveLength(1);
  });
});

it('logs once that spans cannot be sent, and stops all the same', async () => {
  collector.answerWith(400);
  const tracing = start();
  await tracing.run(pass, async () => 'success');
  await tracing.stop();
  expect(troubles).toHaveLength(1);
});
