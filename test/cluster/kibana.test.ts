import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { kinds } from '../harness/cluster.ts';
import { codeBlocks } from '../harness/code-blocks.ts';
import { gitHubIntegration, rowsOf, storeGitHubToken } from './objects.ts';
import { useSuite } from './suite.ts';

const suite = useSuite();
const root = join(import.meta.dirname, '..', '..');
const page = await readFile(join(root, 'docs', 'guides', 'alert-with-kibana.md'), 'utf8');

/** The queries of the page, by what they find. */
const queries = new Map(
  [...page.matchAll(/^\| ([^|]+) \| `([^`]+)` \| (.+) \|$/gm)].map(
    ([, what = '', query = '', tells = '']) => [
      what,
      { query, fields: [...tells.matchAll(/`(\w+)`/g)].map(([, field = '']) => field) },
    ],
  ),
);

const line = z.record(z.string(), z.unknown());

/** The lines of the operator's log that a query finds: `field: "value"`, joined by `and`. */
function found(what: string): Record<string, unknown>[] {
  const terms = (queries.get(what)?.query ?? '').split(' and ').map((term) => {
    const [, field = '', value = ''] = /^(\w+): "([^"]+)"$/.exec(term) ?? [];
    return { field, value };
  });
  const lines = suite.operator.output().split('\n');
  return lines
    .filter((text) => text.startsWith('{'))
    .map((text) => line.parse(JSON.parse(text)))
    .filter((fields) => terms.every(({ field, value }) => fields[field] === value));
}

/** Waits for a line about an integration, and expects the fields of the table in it. */
async function expectLine(what: string, key: string): Promise<Record<string, unknown>> {
  const seen = await suite.cluster.waitFor(`a line for "${what}"`, async () =>
    found(what).find((fields) => fields['key'] === key),
  );
  expect(Object.keys(seen)).toEqual(expect.arrayContaining(queries.get(what)?.fields ?? []));
  return seen;
}

async function integration(
  name: string,
  spec: Record<string, unknown> = {},
  prepare?: (token: string) => void,
): Promise<string> {
  const namespace = await suite.team();
  const key = `${namespace}/${name}`;
  const token = await storeGitHubToken(suite, `${namespace}/token`);
  prepare?.(token);
  await suite.cluster.create(kinds.integration, gitHubIntegration(key, spec));
  return key;
}

const inDays = (days: number): string => new Date(Date.now() + days * 24 * 3_600_000).toISOString();
const endsAt = (expiresAt: string) => ({ auth: { token: { secretRef: { name: 'token' }, expiresAt } } });

describe('the queries for Kibana find', () => {
  it('a credential that expires soon, once and with its end', async () => {
    const expiresAt = inDays(3);
    const key = await integration('expiring', endsAt(expiresAt));
    const seen = await expectLine('A credential expires soon', key);
    expect(Date.parse(String(seen['expiresAt']))).toBeCloseTo(Date.parse(expiresAt), -4);
    expect(seen).toMatchObject({ level: 'warn', reason: 'ExpiresSoon', msg: 'Condition raised' });
    await suite.cluster.patch(kinds.integration, key, [
      { op: 'add', path: '/spec/alias', value: `${key}-2` },
    ]);
    await suite.cluster.waitForConditions(key, { Ready: 'True/Ready' });
    expect(found('A credential expires soon').filter((fields) => fields['key'] === key)).toHaveLength(1);
  });

  it('a credential that has expired, which requires action', async () => {
    const key = await integration('expired', endsAt(inDays(-1)), (token) =>
      suite.world.github.expireToken(token),
    );
    const expired = await expectLine('A credential has expired', key);
    expect(await expectLine('Action is required', key)).toEqual(expired);
  });

  it('a change in CodeMie', async () => {
    const key = await integration('drifted', { driftPolicy: 'Report' });
    await suite.cluster.waitForConditions(key, { Ready: 'True/Ready' });
    suite.world.codemie.remove(rowsOf(suite.world, key)[0]?.id ?? '');
    await suite.cluster.patch(kinds.integration, key, [
      {
        op: 'add',
        path: '/metadata/annotations',
        value: { 'codemie.ai/reconcile-requested-at': 'now' },
      },
    ]);
    expect(await expectLine('Someone changed an integration in CodeMie', key)).toMatchObject({
      reason: 'Removed',
    });
  });

  it('a check that failed', async () => {
    suite.world.internet.setFault('api.github.com', { kind: 'refuse' });
    onTestFinished(() => suite.world.internet.setFault('api.github.com', undefined));
    const key = await integration('outage');
    expect(await expectLine('A check failed and is repeated', key)).toMatchObject({ level: 'warn' });
  });

  it('messages that the operator has', async () => {
    const files = globSync('src/{kube,controllers}/**/*.ts', { cwd: root });
    const code = (await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')))).join('\n');
    const messages = [...queries.values()].flatMap(({ query }) => /msg: "([^"]+)"/.exec(query)?.[1] ?? []);
    expect(messages.length).toBeGreaterThan(2);
    expect(messages.filter((message) => !code.includes(message))).toEqual([]);
  });
});

it('the rule asks for the first query of the table', () => {
  const rule = z
    .object({ params: z.object({ esQuery: z.string() }) })
    .parse(JSON.parse(codeBlocks(page, 'json')[0] ?? ''));
  const [first] = queries.values();
  const [, field = '', value = ''] = /^(\w+): "([^"]+)"$/.exec(first?.query ?? '') ?? [];
  expect(JSON.parse(rule.params.esQuery)).toEqual({
    query: { bool: { filter: [{ match_phrase: { [field]: value } }] } },
  });
});
