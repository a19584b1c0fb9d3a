import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Certificate, createCertificateAuthority } from '../harness/pki/certificate-authority.ts';
import { scrape } from '../harness/scrape.ts';
import { succeed } from './installed-chart.ts';
import { useStage } from './use-stage.ts';

/*
 * Who reaches the Pod's port and wants to know what other teams have. Prometheus gets in, by the token of its account
 * and the chart's ClusterRole; no other account does, however it asks.
 */

const stage = useStage({ values: { 'metrics.auth.enabled': true } });
/** Header of Prometheus, and of a team that may do everything in its own namespace. */
let prometheus: string;
let tenant: string;

async function headerOf(namespace: string, account: string): Promise<string> {
  const token = await succeed(stage.kubeconfig, ['create', 'token', account, '-n', namespace]);
  return `Bearer ${token.trim()}`;
}

beforeAll(async () => {
  const monitoring = await stage.cluster.createNamespace('monitoring');
  const run = (...args: string[]) => succeed(stage.kubeconfig, args);
  await run('create', 'serviceaccount', 'prometheus', '-n', monitoring);
  const subject = `--serviceaccount=${monitoring}:prometheus`;
  const binding = `${stage.system}-prometheus`;
  await run('create', 'clusterrolebinding', binding, `--clusterrole=${stage.system}-metrics-reader`, subject);
  prometheus = await headerOf(monitoring, 'prometheus');
  const team = await stage.tenant('team-a');
  tenant = await headerOf(team.namespace, 'admin');
});
afterAll(() => succeed(stage.kubeconfig, ['delete', 'clusterrolebinding', `${stage.system}-prometheus`]));

const read = (authorization?: string) =>
  scrape(stage.operator.metricsAddress(), { ...(authorization !== undefined && { authorization }) });

it('are there for the account of Prometheus', async () => {
  const { status, body } = await read(prometheus);
  expect(status).toBe(200);
  expect(body).toContain('leader_election_master_status');
});

it.each([
  ['a client without a token', () => undefined, 401],
  ['an administrator of a namespace', () => tenant, 403],
  ['who sends a password', () => 'Basic YWRtaW46YWRtaW4=', 401],
  ['who makes a token up', () => 'Bearer made-up', 401],
  ['who changes one', () => `${prometheus.slice(0, -4)}AAAA`, 401],
  ['who sends two', () => `${prometheus}, ${tenant}`, 401],
  ['who sends what no token is', () => `Bearer ${'\u00ff'.repeat(100)}`, 401],
  ['who sends a very long one', () => `Bearer ${'a'.repeat(12_000)}`, 401],
])('are not there for %s', async (_who, header, wanted) => {
  const { status, body } = await read(header());
  expect(status).toBe(wanted);
  expect(body).not.toContain('namespace=');
});

it('are not there for who sends more than fits, who may be cut off', async () => {
  const outcome = await read(`Bearer ${'a'.repeat(1_000_000)}`).then(
    ({ status }) => `status ${status}`,
    (error: unknown) => String(error),
  );
  expect(outcome).toMatch(/^status 431$|ECONNRESET|EPIPE/);
  expect((await read(prometheus)).status).toBe(200);
});

it('stay there while others guess tokens', async () => {
  await read(prometheus);
  const guesses = Array.from({ length: 200 }, (_, index) =>
    read(`Bearer guess-${index}`).catch(() => undefined),
  );
  expect((await read(prometheus)).status).toBe(200);
  const statuses = new Set((await Promise.all(guesses)).map((answer) => answer?.status));
  for (const status of statuses) expect([401, 503, undefined]).toContain(status);
});

it('stay there while others hold connections open, and so do the probes', async () => {
  const [host = '', port = ''] = stage.operator.metricsAddress().split(':');
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let count = 0; count < 400; count += 1) {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
    socket.on('error', () => {});
    // Half say nothing at all, half begin to ask.
    if (count % 2 === 0)
      socket.once('secureConnect', () => socket.write('GET /metrics HTTP/1.1\r\nx-slow: '));
    sockets.push(socket);
  }
  expect((await read(prometheus)).status).toBe(200);
  expect(await stage.operator.isAlive()).toBe(true);
});

it('are there from a replica on standby, too', async () => {
  const standby = await stage.start();
  const answer = await scrape(standby.metricsAddress(), { authorization: prometheus });
  expect(answer.status).toBe(200);
  expect(answer.body).toContain('leader_election_master_status{name="codemie-git-operator"} 0');
  await standby.stop();
});

describe('with a mounted certificate', () => {
  it('can be verified, and a renewed one is taken up', async () => {
    const authority = await createCertificateAuthority();
    const folder = await mkdtemp(join(tmpdir(), 'metrics-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
    const store = async ({ cert, key }: Certificate): Promise<void> => {
      await writeFile(certFile, cert);
      await writeFile(keyFile, key);
    };
    await store(await authority.issue({ hosts: ['127.0.0.1'] }));
    const operator = await stage.start({
      args: [`--metrics-cert-file=${certFile}`, `--metrics-key-file=${keyFile}`],
    });
    const verified = () =>
      scrape(operator.metricsAddress(), { authorization: prometheus, ca: authority.pem });
    const { status, fingerprint } = await verified();
    expect(status).toBe(200);
    await store(await authority.issue({ hosts: ['127.0.0.1'] }));
    await stage.cluster.waitFor(
      'the new certificate',
      async () => (await verified()).fingerprint !== fingerprint,
    );
    await operator.stop();
  });
});
