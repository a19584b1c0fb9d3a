import { createServer, type Server } from 'node:https';
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { costlyChain } from '../../test/harness/hostile/certificate-chain.ts';
import { createGuard, guardClients } from './guarded-clients.ts';
import { createHandshakes, type Handshakes } from './handshakes.ts';
import { createHttpClientPool } from './http-client-pool.ts';
import { NetError } from './net-error.ts';

type Connect = Parameters<Handshakes['bound']>[0];
const options = { hostname: 'git.example.com', protocol: 'https:', port: '443' };

describe('createHandshakes', () => {
  let nowMs: number;
  let cpuMs: number;
  let handshakes: Handshakes;
  /** Ends the connections that are being made, oldest first. */
  let ends: (() => void)[];
  let outcome: [Error, null] | [null, Socket];
  const connect: Connect = (_options, callback) => void ends.push(() => callback(...outcome));

  beforeEach(() => {
    [nowMs, cpuMs, ends] = [0, 0, []];
    outcome = [new Error('The connection was refused.'), null];
    handshakes = createHandshakes({ now: () => nowMs, threadCpuUs: () => cpuMs * 1_000 });
  });
  afterEach(() => handshakes.close());

  function start(tenant: string, hostname = options.hostname): Promise<Error | null> {
    const bound = handshakes.bound(connect);
    return handshakes.for(
      tenant,
      () =>
        new Promise((resolve) => {
          bound({ ...options, hostname }, (...[error]) => resolve(error));
        }),
    );
  }

  it('lets a tenant make two connections at a time, whatever others do', async () => {
    const outcomes = [1, 2, 3].map(() => start('attacker'));
    expect(ends).toHaveLength(2);
    outcomes.push(start('bystander'));
    expect(ends).toHaveLength(3);
    ends[0]?.();
    expect(ends).toHaveLength(4);
    for (const end of ends.slice(1)) end();
    for (const outcome of await Promise.all(outcomes)) expect(outcome?.message).toContain('refused');
  });

  it('makes none for a tenant whose failed handshakes computed too much, until that is paid back', async () => {
    const costly = start('attacker');
    cpuMs += 6_050;
    ends[0]?.();
    await costly;
    const refused = await start('attacker');
    expect(refused).toBeInstanceOf(NetError);
    expect(refused).toMatchObject({ kind: 'HostPaused', host: 'git.example.com', retryAtMs: 20_000 });
    expect(ends).toHaveLength(1);
    void start('bystander');
    expect(ends).toHaveLength(2);
    nowMs += 20_000;
    void start('attacker');
    expect(ends).toHaveLength(3);
  });

  it('charges nothing for a handshake that succeeds, and asks such a server again in any case', async () => {
    outcome = [null, new Socket()];
    const slow = start('bystander');
    cpuMs += 10_000;
    ends[0]?.();
    await slow;
    outcome = [new Error('The connection was refused.'), null];
    const costly = start('bystander', 'evil.example.com');
    cpuMs += 10_000;
    ends[1]?.();
    await costly;
    expect(await start('bystander', 'evil.example.com')).toMatchObject({ kind: 'HostPaused' });
    void start('bystander');
    expect(ends).toHaveLength(3);
  });

  it('goes on after a connection that could not even begin', async () => {
    const broken = handshakes.bound(() => {
      throw new TypeError('A server name is no name.');
    });
    const failures = [1, 2, 3].map(
      () =>
        new Promise((resolve) => {
          broken(options, (...[error]) => resolve(error));
        }),
    );
    for (const failure of await Promise.all(failures)) expect(failure).toBeInstanceOf(TypeError);
  });

  it('leaves connections without TLS alone', async () => {
    for (let index = 0; index < 5; index++)
      handshakes.bound(connect)({ ...options, protocol: 'http:' }, () => {});
    expect(ends).toHaveLength(5);
  });
});

describe('a server with a chain of certificates that takes a second to check', () => {
  let server: Server;
  let accepted = 0;
  beforeEach(async () => {
    server = createServer(costlyChain());
    server.on('connection', () => (accepted += 1));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => void server.close());

  it('is paused after some of them', { timeout: 120_000 }, async () => {
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    // As if the machine were ten times as slow, so that fewer are needed.
    const threadCpuUs = (): number => {
      const { user, system } = process.threadCpuUsage();
      return 10 * (user + system);
    };
    const handshakes = createHandshakes({ now: Date.now, threadCpuUs });
    const made = createHttpClientPool({
      timeoutMs: 100_000,
      maxBodyBytes: 1_000,
      userAgent: 'test',
      handshakes,
    });
    const guard = createGuard({ now: Date.now, handshakes });
    const http = guardClients(made, guard, { maxPerServer: 4, pauses: false }).get({
      policy: { allowedHosts: ['*'], allowPrivateNetworks: true },
      owner: { namespace: 'attacker', connection: 'uid' },
    });
    const ask = () =>
      http.request({ url: `https://127.0.0.1:${port}/` }).catch((error: NetError) => error.kind);
    const kinds: (string | object)[] = [];
    for (let index = 0; index < 60 && kinds.at(-1) !== 'HostPaused'; index++) kinds.push(await ask());
    expect(kinds[0]).toBe('TlsUntrusted');
    expect(kinds.at(-1)).toBe('HostPaused');
    expect(accepted).toBeLessThan(60);
    await made.close();
    handshakes.close();
  });
});
