import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { kinds } from '../harness/cluster.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { discard, waitForConnection } from './objects.ts';
import { clientCredentials, useSuite } from './suite.ts';

const suite = useSuite({ running: false });
const name = 'default';
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'default-connection-'));
});

afterAll(async () => {
  await discard(suite.cluster, kinds.clusterConnection, name);
  await rm(folder, { recursive: true, force: true });
});

/** Starts an operator that brings a connection: to the world's CodeMie, unless `spec` says otherwise. */
async function startWith(spec: object, waitUntilReady = true): Promise<OperatorProcess> {
  const file = join(folder, 'connection.yaml');
  const { world, system } = suite;
  await writeFile(
    file,
    stringify({ url: world.codemie.url, auth: clientCredentials(world, 'login'), ...spec }),
  );
  const args = ['--operator-namespace', system, '--cluster-name', system, '--default-connection-file', file];
  return await suite.start({ args, waitUntilReady });
}

const connection = () => suite.cluster.get(kinds.clusterConnection, name);
const ready = () => waitForConnection(suite.cluster, kinds.clusterConnection, name, { Ready: 'True' });
const specOf = async (): Promise<unknown> => (await connection())?.['spec'];

describe('the connection that comes with the installation', () => {
  it('is made, and is ready', async () => {
    suite.operator = await startWith({ insecure: true, limits: { concurrency: 2 } });
    const { object } = await ready();
    expect(object.metadata.labels).toEqual({ 'app.kubernetes.io/managed-by': 'codemie-git-operator' });
    expect(object['spec']).toMatchObject({
      url: suite.world.codemie.url,
      limits: { concurrency: 2, requestsPerSecond: 25 },
    });
  });

  it('is brought back to what the installation says, but for fields that it leaves out', async () => {
    await suite.cluster.patch(kinds.clusterConnection, name, [
      { op: 'replace', path: '/spec/limits', value: { concurrency: 9, requestsPerSecond: 7 } },
    ]);
    await suite.cluster.waitFor('the limit to be back', async () =>
      JSON.stringify(await specOf()).includes('"concurrency":2'),
    );
    expect(await specOf()).toMatchObject({ limits: { concurrency: 2, requestsPerSecond: 7 } });
  });

  it('is created again when someone deletes it', async () => {
    const uid = (await connection())?.metadata.uid;
    await suite.cluster.delete(kinds.clusterConnection, name);
    await suite.cluster.waitFor('another one', async () => {
      const now = (await connection())?.metadata.uid;
      return now !== undefined && now !== uid;
    });
    const { object } = await ready();
    expect(object.metadata.uid).not.toBe(uid);
  });

  it('stays without its operator, and loses what the next one does not say any more', async () => {
    await suite.operator.stop();
    expect(await specOf()).toMatchObject({ insecure: true });
    suite.operator = await startWith({ limits: { concurrency: 2 } });
    await suite.cluster.waitFor('insecure to be false', async () =>
      JSON.stringify(await specOf()).includes('"insecure":false'),
    );
    await suite.operator.stop();
  });

  it('does not touch one that someone else created', async () => {
    await discard(suite.cluster, kinds.clusterConnection, name);
    const spec = { url: 'https://codemie.example.com', auth: { token: { secretRef: { name: 'other' } } } };
    await suite.cluster.create(kinds.clusterConnection, { metadata: { name }, spec });
    suite.operator = await startWith({});
    await waitForConnection(suite.cluster, kinds.clusterConnection, name, { Ready: 'False/SecretNotFound' });
    expect(await specOf()).toMatchObject(spec);
    expect(suite.operator.output()).toContain('that the operator did not create, so it is not changed');
    await suite.operator.stop();
  });

  it.each([
    ['a wrong URL', { url: 'codemie.example.com' }, 'spec.url: must be a URL, such as https://codemie'],
    ['two logins', { auth: {} }, 'spec.auth: give exactly one login; write one of'],
  ])('ends the start with a sentence about %s', async (_name, spec, sentence) => {
    const operator = await startWith(spec, false);
    expect(await operator.exited).toMatchObject({ code: 1 });
    expect(operator.output()).toContain(`--default-connection-file: ${sentence}`);
  });
});
