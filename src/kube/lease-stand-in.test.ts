import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerStatus, type FakeApiServer, startFakeApiServer } from '../../test/harness/fake-api-server.ts';
import { createManualClock } from '../../test/harness/manual-clock.ts';
import { eventually } from '../../test/harness/pace.ts';
import { type Certificate, issueSelfSigned } from '../../test/harness/pki/certificate-authority.ts';
import { systemClock } from '../lib/clock.ts';
import { type LeaseStandIn, type LeaseStandInOptions, startLeaseStandIn } from './lease-stand-in.ts';
import { silentLog } from './log.ts';

const path = '/apis/coordination.k8s.io/v1/namespaces/ns/leases';
const limits = { afterMs: 50, untilMs: 600_000, longestSilenceMs: 600_000 };

let certificate: Certificate;
let server: FakeApiServer;
let standIn: LeaseStandIn;
let versions: number;

beforeAll(async () => {
  certificate = await issueSelfSigned(['127.0.0.1']);
  server = await startFakeApiServer({ path, tls: certificate });
});
afterAll(() => server.close());
beforeEach(() => {
  server.requests.length = 0;
  versions = 7;
  server.always('call', (response) => response.end(JSON.stringify(leaseOf(++versions))));
});
afterEach(() => standIn.stop());

const leaseOf = (version: number) => ({
  metadata: {
    name: 'op',
    namespace: 'ns',
    uid: 'u',
    creationTimestamp: '',
    resourceVersion: String(version),
  },
  spec: { holderIdentity: 'us', renewTime: '2026-01-01T00:00:00.000000Z', leaseTransitions: 3 },
});
const sent = () =>
  server.requests.map(({ method, path: where, body }) => {
    const lease: ReturnType<typeof leaseOf> = JSON.parse(body);
    return { method, where, version: lease.metadata.resourceVersion, spec: lease.spec };
  });
/** Long enough for some requests, were there any. */
const wait = () => new Promise((resolve) => void setTimeout(resolve, 1_500));

/** A clock that stands still gives the main thread no turn, as if it were busy. */
function start(options: Partial<LeaseStandInOptions> = {}): void {
  const connection = { ...server.connection, server: new URL(server.url) };
  connection.credentials = () =>
    Promise.resolve({ headers: { authorization: 'Bearer x' }, tls: { ca: certificate.cert } });
  const all = { connection, userAgent: 'test', ...limits, log: silentLog, clock: createManualClock() };
  standIn = startLeaseStandIn({ ...all, ...options });
}

describe('while the main thread is busy', () => {
  it('the thread renews, each time by the version of the last write', async () => {
    start();
    standIn.renewed(leaseOf(7), 0);
    expect(standIn.renewedAt()).toBe(Number.NEGATIVE_INFINITY);
    await eventually(() => expect(sent().length).toBeGreaterThan(2));
    expect(sent().slice(0, 3)).toMatchObject(
      ['7', '8', '9'].map((version) => ({ method: 'PUT', where: `${path}/op`, version })),
    );
    const [{ spec } = { spec: undefined }] = sent();
    expect(spec).toMatchObject({ holderIdentity: 'us', leaseTransitions: 3 });
    expect(Date.parse(spec?.renewTime ?? '')).toBeGreaterThan(Date.parse('2026-06-01'));
    expect(standIn.renewedAt()).toBeGreaterThan(-600_000);
    expect(server.requests[0]?.headers).toMatchObject({ authorization: 'Bearer x', 'user-agent': 'test' });
  });

  it('it stops at a conflict, until the main thread has renewed', async () => {
    server.next('call', answerStatus(409, 'Conflict'));
    start();
    standIn.renewed(leaseOf(7), 0);
    await eventually(() => expect(sent()).toHaveLength(1));
    await wait();
    expect(sent()).toHaveLength(1);
    expect(standIn.renewedAt()).toBe(Number.NEGATIVE_INFINITY);
    standIn.renewed(leaseOf(20), 0);
    await eventually(() => expect(sent().at(1)?.version).toBe('20'));
  });

  it('it tries again after another failure', async () => {
    server.next('call', answerStatus(503, 'ServiceUnavailable'));
    start();
    standIn.renewed(leaseOf(7), 0);
    await eventually(() => expect(sent().length).toBeGreaterThan(1));
    expect(sent()[1]?.version).toBe('7');
  });

  it('it renews nothing after its end', async () => {
    start();
    standIn.renewed(leaseOf(7), 0);
    await eventually(() => expect(sent().length).toBeGreaterThan(0));
    standIn.stop();
    await wait();
    const { length } = sent();
    standIn.renewed(leaseOf(30), 0);
    await wait();
    expect(sent()).toHaveLength(length);
  });
});

it.each<{ name: string; options: Partial<LeaseStandInOptions>; renewedAt?: number }>([
  { name: 'the main thread has turns', options: { clock: systemClock } },
  { name: 'the Lease is lost', options: { untilMs: 10_000 }, renewedAt: -11_000 },
  { name: 'the main thread hangs', options: { longestSilenceMs: 10_000 }, renewedAt: -11_000 },
  { name: 'the last renewal is young', options: { afterMs: 300_000 } },
])('renews nothing when $name', async ({ options, renewedAt }) => {
  start(options);
  standIn.renewed(leaseOf(7), renewedAt ?? options.clock?.now() ?? 0);
  await wait();
  expect(sent()).toEqual([]);
});

it('starts no thread for a server without TLS', async () => {
  const plain = { ...server.connection, server: new URL('http://127.0.0.1:1') };
  start({ connection: plain });
  standIn.renewed(leaseOf(7), 0);
  await wait();
  expect(standIn.renewedAt()).toBe(Number.NEGATIVE_INFINITY);
});
