import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { authority, failure } from '../../test/harness/net/test-server.ts';
import { createHttpClient, type HttpClientOptions } from './http-client.ts';
import type { NetErrorKind } from './net-error.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('A listening server has a port.');
  return address.port;
}

/** A server that does something with the first bytes of each connection. */
async function serve(act: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).once('data', () => act(socket));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return portOf(server.address());
}

/** What is said of a request that goes through a proxy. */
async function said(httpsProxy: string, options: Partial<HttpClientOptions> = {}) {
  const client = createHttpClient({
    policy: { allowedHosts: ['*'], allowPrivateNetworks: true },
    proxy: { httpsProxy },
    timeoutMs: 10_000,
    maxBodyBytes: 1_000,
    userAgent: 'test/1',
    ...options,
  });
  open.push(client);
  const { kind, message, hint, requestSent } = await failure(client.request({ url: 'https://git.test/' }));
  expect(requestSent).toBe(false);
  return [kind, `${message} ${hint}`];
}

const answer = (status: string, headers = '') => `HTTP/1.1 ${status}\r\n${headers}Content-Length: 0\r\n\r\n`;
const login: [NetErrorKind, string] = [
  'Proxy',
  'A proxy on the way to git.test demands a login. Put the right user name and password into the URL in HTTPS_PROXY or HTTP_PROXY; only Basic authentication is supported.',
];
const forbidden: [NetErrorKind, string] = [
  'Proxy',
  'The proxy refuses to connect to git.test. Allow the host in the proxy, or except it from the proxy with NO_PROXY.',
];
const unreachable: [NetErrorKind, string] = [
  'Proxy',
  "The proxy reports that it can't reach git.test. Check the host and port in the URL, and that the proxy can resolve and reach it; for a host that needs no proxy, set NO_PROXY.",
];
const signIn: [NetErrorKind, string] = [
  'Proxy',
  'The proxy for git.test sends to a sign-in page instead of connecting. Let the operator through without a sign-in on a web page, or give another proxy in HTTPS_PROXY.',
];
const none: [NetErrorKind, string] = [
  'Proxy',
  'What answers at the address of the proxy for git.test does not act as a proxy for https. Check host and port in HTTPS_PROXY or HTTP_PROXY, and that the proxy is running.',
];
const failed: [NetErrorKind, string] = [
  'Proxy',
  'The proxy did not connect to git.test. Check the proxy settings, and that the proxy allows this host.',
];
const notTls: [NetErrorKind, string] = [
  'TlsOther',
  'What came from git.test through the proxy is not TLS. Check the port in the URL, and that the proxy passes on the connection instead of answering itself.',
];
const notMade: [NetErrorKind, string] = [
  'Proxy',
  'No connection to the proxy for git.test could be made. Check host and port in HTTPS_PROXY or HTTP_PROXY, and that the proxy is running.',
];

describe('a proxy that answers CONNECT with', () => {
  it.each<[string, string | Buffer, [NetErrorKind, string]]>([
    ['407', answer('407 Proxy Authentication Required', 'Proxy-Authenticate: Basic realm="x"\r\n'), login],
    ['407 for NTLM', answer('407 Proxy Authentication Required', 'Proxy-Authenticate: NTLM\r\n'), login],
    ['401', answer('401 Unauthorized'), forbidden],
    ['403', answer('403 Forbidden', 'Content-Type: text/html\r\n'), forbidden],
    ['502', answer('502 Bad Gateway'), unreachable],
    ['503', answer('503 Service Unavailable', 'Content-Type: text/html\r\n'), unreachable],
    ['504', answer('504 Gateway Timeout'), unreachable],
    ['a redirect', answer('302 Found', 'Location: http://login.test/\r\n'), signIn],
    ['511', answer('511 Network Authentication Required'), signIn],
    ['400, as web servers do', answer('400 Bad Request'), none],
    ['404, as web servers do', answer('404 Not Found'), none],
    ['405, as web servers do', answer('405 Method Not Allowed'), none],
    ['500', answer('500 Internal Server Error'), failed],
    ['a page without HTTP', '<html></html>', none],
    ['the greeting of SSH', 'SSH-2.0-OpenSSH_9.6\r\n', none],
    ['what SOCKS says', Buffer.from([5, 255]), none],
    ['an alert of TLS', Buffer.from([21, 3, 3, 0, 2, 2, 40]), none],
    ['200 and a page', 'HTTP/1.1 200 OK\r\n\r\n<html>Sign in</html>', notTls],
  ])('%s', async (_, bytes, says) => {
    const port = await serve((socket) => socket.end(bytes));
    expect(await said(`http://127.0.0.1:${port}`)).toEqual(says);
  });

  it('nothing, but closes the connection', async () => {
    const port = await serve((socket) => socket.destroy());
    expect(await said(`http://127.0.0.1:${port}`)).toEqual(failed);
  });

  it('nothing at all', async () => {
    const port = await serve(() => {});
    expect(await said(`http://127.0.0.1:${port}`, { timeoutMs: 3_000 })).toEqual([
      'Timeout',
      'No connection to git.test was made through the proxy in time. Check that the proxy in HTTPS_PROXY answers and can reach the host; for a host that needs no proxy, set NO_PROXY.',
    ]);
  });

  it('200, and breaks off in the handshake behind it', async () => {
    const port = await serve((socket) => {
      socket.once('data', () => socket.resetAndDestroy());
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
    });
    const [kind, text] = await said(`http://127.0.0.1:${port}`);
    expect(kind).toBe('Reset');
    expect(text).toMatch(/^git\.test closed the connection during the TLS handshake\./);
  });
});

describe('a proxy that can not be connected to', () => {
  it('has a name that does not exist', async () => {
    expect(await said('http://no-such-proxy.invalid:3128')).toEqual([
      'Proxy',
      'The name of the proxy for git.test could not be resolved. Check host and port in HTTPS_PROXY or HTTP_PROXY, and that the proxy is running.',
    ]);
  });

  it('is not there', async () => {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const port = portOf(server.address());
    await new Promise((resolve) => server.close(resolve));
    expect(await said(`http://127.0.0.1:${port}`)).toEqual(notMade);
  });

  it('speaks plain http, and https was asked for', async () => {
    const server = createHttpServer().on('clientError', (_error, socket) =>
      socket.end('HTTP/1.1 400 x\r\n\r\n'),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    open.push(server);
    expect(await said(`https://127.0.0.1:${portOf(server.address())}`)).toEqual([
      'Proxy',
      'No TLS connection to the proxy for git.test could be made. Most proxies are spoken to in plain http, also for https: write http:// in HTTPS_PROXY.',
    ]);
  });

  it('has a certificate that is not trusted', async () => {
    const server = createHttpsServer(await authority.issue({ hosts: ['localhost'] }));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    open.push(server);
    expect(await said(`https://localhost:${portOf(server.address())}`)).toEqual([
      'Proxy',
      'The proxy for git.test presents a certificate that is not trusted. Check HTTPS_PROXY, and add the authority of the proxy to the certificates that the operator trusts (--ca-file).',
    ]);
  });
});
