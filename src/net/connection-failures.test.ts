import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failure, startTestServer, type TestServer } from '../../test/harness/net/test-server.ts';
import type { NetErrorKind } from './net-error.ts';

let peer: TestServer;
beforeEach(async () => {
  peer = await startTestServer();
});
afterEach(() => peer.close());

const said = async (url: string, options: Parameters<TestServer['clientWith']>[0] = {}) => {
  const { kind, message, hint, requestSent } = await failure(peer.clientWith(options).request({ url }));
  return { kind, requestSent, text: `${message} ${hint}` };
};

describe('a name', () => {
  const unknown =
    'The name git.test could not be resolved. Check the spelling of the host, and that the DNS of the cluster knows it.';
  const noAnswer =
    'The DNS of the cluster gave no answer for the name git.test. The operator retries; if this persists, check the DNS of the cluster (CoreDNS) and what it forwards to.';

  it.each([
    ['ENOTFOUND', unknown],
    ['ENODATA', unknown],
    ['EAI_NODATA', unknown],
    ['EAI_NONAME', unknown],
    ['EAI_AGAIN', noAnswer],
    ['EAI_FAIL', noAnswer],
    ['EAI_SYSTEM', noAnswer],
    ['ESERVFAIL', noAnswer],
    ['EREFUSED', noAnswer],
    ['ETIMEOUT', noAnswer],
    ['EBADRESP', noAnswer],
  ])('that is not resolved (%s)', async (code, text) => {
    const resolve = () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code }));
    expect(await said(peer.url(), { resolve })).toEqual({ kind: 'Dns', requestSent: false, text });
  });

  it('without any address', async () => {
    expect(await said(peer.url(), { resolve: async () => [] })).toMatchObject({ kind: 'Dns', text: unknown });
  });

  it('with many addresses, of which only the last is there', async () => {
    const client = peer.clientWith({
      resolve: async () =>
        ['127.0.0.2', '127.0.0.3', '::1', '127.0.0.1'].map((address) => ({
          address,
          family: address.includes(':') ? 6 : 4,
        })),
    });
    await expect(client.request({ url: peer.url() })).resolves.toMatchObject({ status: 200 });
  });
});

describe('an error of the network', () => {
  const lookupOf = (error: Error) => ({
    async resolve(): Promise<never> {
      throw error;
    },
  });
  const failing = (code: string, message = `connect ${code} 192.0.2.1:443`) =>
    Object.assign(new Error(message), { code });

  it.each<[string, Error, NetErrorKind, string]>([
    [
      'no route, as for a name with IPv6 addresses only',
      failing('ENETUNREACH'),
      'Refused',
      'The network of the cluster has no route to git.test. Check routes and network policies; if the name has only IPv6 addresses, the cluster needs IPv6 or a proxy.',
    ],
    [
      'no route to one address, and none that answers',
      Object.assign(new AggregateError([failing('ENETUNREACH'), failing('ECONNREFUSED')]), {
        code: 'ENETUNREACH',
      }),
      'Refused',
      'No connection to git.test could be made. Check that the server is running and that the network lets this cluster reach it.',
    ],
    [
      'no answer to the first packet',
      failing('ETIMEDOUT'),
      'Timeout',
      'No connection to git.test was made in time. Check that the server is running, and that no firewall or network policy drops the packets.',
    ],
  ])('%s', async (_, error, kind, text) => {
    // What the lookup fails with passes through as what the connection fails with.
    expect(await said(peer.url(), lookupOf(error))).toEqual({ kind, requestSent: false, text });
  });
});

describe('a port', () => {
  it.each([22, 25, 6000, 10080])('that HTTP clients never call: %i', async (port) => {
    expect(await said(`https://git.test:${port}/`)).toEqual({
      kind: 'HostNotAllowed',
      requestSent: false,
      text: 'The port in the URL of git.test belongs to another protocol, so that HTTP clients never call it. Serve it on another port, such as 443 or 8443; https://fetch.spec.whatwg.org/#port-blocking lists those that are blocked.',
    });
  });
});

describe('a server that', () => {
  const portOf = (address: AddressInfo | string | null): number => {
    if (address === null || typeof address === 'string') throw new Error('A listening server has a port.');
    return address.port;
  };

  it('resets the connection in the handshake', async () => {
    const server = createServer((socket: Socket) => socket.once('data', () => socket.resetAndDestroy()));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const found = await said(`https://git.test:${portOf(server.address())}/`);
    server.close();
    expect(found).toMatchObject({ kind: 'Reset', requestSent: false });
    expect(found.text).toMatch(/^git\.test closed the connection during the TLS handshake\./);
  });

  it('answers with something else than HTTP', async () => {
    peer.server.removeAllListeners('secureConnection');
    peer.server.on('secureConnection', (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
    expect(await said(peer.url())).toMatchObject({
      kind: 'Other',
      text: 'The answer of git.test is not HTTP. Check that the URL and its port lead to a web server.',
    });
  });

  it('says that its answer is compressed, and it is not', async () => {
    peer.handler = (_request, response) =>
      void response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end('{"ok":true}');
    expect(await said(peer.url())).toMatchObject({
      kind: 'Other',
      text: 'The answer of git.test is damaged: it could not be decompressed. The operator retries; if this persists, check what is in front of the server, such as a proxy that changes answers.',
    });
  });

  it('is reached by a literal IPv6 address', async () => {
    const probe = connectTls({ host: '127.0.0.1', port: peer.port, rejectUnauthorized: false });
    await once(probe, 'secureConnect');
    probe.destroy();
    expect(
      await said(`https://[::1]:${peer.port}/`, {
        policy: { allowedHosts: ['::1'], allowPrivateNetworks: true },
      }),
    ).toMatchObject({
      kind: 'Refused',
      requestSent: false,
      text: expect.stringMatching(
        /^(No connection to ::1 could be made|The network of the cluster has no route to ::1)\./,
      ),
    });
  });
});
