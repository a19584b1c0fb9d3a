import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stretched } from '../../test/harness/pace.ts';
import { type Internet, startInternet } from '../../test/harness/peers/internet.ts';
import type { Peer } from '../../test/harness/peers/peer.ts';
import { createHttpClient, type HttpClient, type HttpClientOptions } from './http-client.ts';
import { checkNoProxy, chooseProxy, ProxySettingError, readProxyUrl } from './proxy.ts';

describe('chooseProxy', () => {
  const proxies = { httpsProxy: 'http://secure:1', httpProxy: 'http://plain:2' };
  it.each([
    { name: 'https', url: 'https://github.com/', noProxy: undefined, proxy: 'http://secure:1' },
    { name: 'http', url: 'http://codemie.svc/', noProxy: '', proxy: 'http://plain:2' },
    { name: 'everything excepted', url: 'https://github.com/', noProxy: '*', proxy: undefined },
    { name: 'the name', url: 'https://git.corp/', noProxy: 'git.corp', proxy: undefined },
    { name: 'the name in capitals', url: 'https://git.corp/', noProxy: 'x, GIT.corp', proxy: undefined },
    { name: 'a parent name', url: 'https://git.corp/', noProxy: 'corp', proxy: undefined },
    { name: 'a parent with a dot', url: 'https://git.corp/', noProxy: 'a.b .corp', proxy: undefined },
    { name: 'a parent with a star', url: 'https://git.corp/', noProxy: '*.corp', proxy: undefined },
    { name: 'a name with the same end', url: 'https://mycorp/', noProxy: 'corp', proxy: 'http://secure:1' },
    { name: 'the port', url: 'https://git.corp:8443/', noProxy: 'git.corp:8443', proxy: undefined },
    { name: 'the default port', url: 'https://git.corp/', noProxy: 'git.corp:443', proxy: undefined },
    { name: 'another port', url: 'https://git.corp/', noProxy: 'git.corp:8443', proxy: 'http://secure:1' },
    { name: 'an address', url: 'https://10.0.0.7/', noProxy: '10.0.0.7', proxy: undefined },
    { name: 'a block', url: 'http://10.96.0.1/', noProxy: 'localhost,10.96.0.0/12', proxy: undefined },
    { name: 'another block', url: 'http://10.96.0.1/', noProxy: '10.0.0.0/16', proxy: 'http://plain:2' },
    { name: 'an IPv6 block', url: 'http://[fd00::1]/', noProxy: 'fd00::/8', proxy: undefined },
    { name: 'an IPv6 address', url: 'http://[fd00::1]:8080/', noProxy: '[fd00::1]:8080', proxy: undefined },
    { name: 'a block for a name', url: 'http://name/', noProxy: '0.0.0.0/0', proxy: 'http://plain:2' },
    {
      name: 'an IPv6 address in another spelling',
      url: 'http://[fd00::1]/',
      noProxy: 'FD00:0::1',
      proxy: undefined,
    },
    { name: 'a name with the dot of the root', url: 'https://git.corp./', noProxy: 'corp', proxy: undefined },
    {
      name: 'a name with other letters',
      url: 'https://git.bücher.example/',
      noProxy: '.bücher.example',
      proxy: undefined,
    },
    { name: 'an entry that is a dot', url: 'https://git.corp/', noProxy: '.', proxy: 'http://secure:1' },
  ])('$name', ({ url, noProxy, proxy }) => {
    const settings = noProxy === undefined ? proxies : { ...proxies, noProxy };
    expect(chooseProxy(settings, new URL(url))).toBe(proxy);
  });

  it('goes directly without a proxy', () => {
    expect(chooseProxy({ httpsProxy: '' }, new URL('https://github.com/'))).toBeUndefined();
  });
});

describe('readProxyUrl', () => {
  it.each([
    ['proxy.corp:3128', 'http://proxy.corp:3128/'],
    ['127.0.0.1:3128', 'http://127.0.0.1:3128/'],
    ['[fd00::1]:3128', 'http://[fd00::1]:3128/'],
    ['proxy', 'http://proxy/'],
    ['user:pa%23ss@proxy.corp:3128', 'http://user:pa%23ss@proxy.corp:3128/'],
    ['http://user:p@ss@proxy.corp:3128', 'http://user:p%40ss@proxy.corp:3128/'],
    ['HTTP://Proxy.Corp:3128/', 'http://proxy.corp:3128/'],
    ['https://proxy.corp', 'https://proxy.corp/'],
    [' http://squid_1:3128\n', 'http://squid_1:3128/'],
  ])('takes %j', (text, url) => expect(readProxyUrl(text)).toBe(url));

  it.each([
    'socks5://user:secret@proxy:1080',
    'SOCKS5H://user:secret@proxy:1080',
    'ftp://user:secret@proxy',
    'http:/user:secret@proxy:3128',
    'http://user:se#secret@proxy:3128',
    'http://user:12#secret@proxy:3128',
    'http://user:12/secret@proxy:3128',
    'http://user:secret%@proxy:3128',
    'http://proxy:3128/secret',
    'http://proxy:secret',
    '"http://proxy:3128"',
    '"proxy:3128"',
    '$(PROXY)',
    '${PROXY}:3128',
    '<proxy>:3128',
    'proxy corp:3128',
    'proxy:70000',
    'proxy:0',
    'proxy:',
    'proxy:03128',
    'http://user:secret@proxy:+3128',
    'http://[fd00::1]:0/',
    ':3128',
    '3128',
    'http://',
  ])('refuses %j in a sentence without the value', (text) => {
    expect(() => readProxyUrl(text)).toThrow(ProxySettingError);
    expect(() => readProxyUrl(text)).toThrow(/^(must|names a SOCKS proxy)(?!.*(secret|PROXY)).*3128/);
  });
});

describe('checkNoProxy', () => {
  it.each([
    '*',
    '.svc,.cluster.local,10.0.0.0/8',
    'localhost, 127.0.0.1 [::1]:8443,::1,fd00::/8,*.corp,*.corp:8443,Git.Corp.,my_host,bücher.example',
    '',
  ])('takes %j', (text) => expect(() => checkNoProxy(text)).not.toThrow());

  it.each([
    ['a,https://git.corp', 'number 2, that is a URL'],
    ['10.0.0.0/33', 'number 1, that is not a CIDR block'],
    ['.svc/cluster', 'number 1, that is not a CIDR block'],
    ['git.corp:0', 'number 1, that has a port'],
    ['git.corp:70000', 'number 1, that has a port'],
    ['git.corp:0443', 'number 1, that has a port'],
    ['[::1]:65536', 'number 1, that has a port'],
    ['10.0.*', 'is a pattern of addresses'],
    ['<local>', 'is not a host name'],
    ['"git.corp"', 'is not a host name'],
    ['git.corp:https', 'is not a host name'],
    ['.', 'is not a host name'],
  ])('refuses %j', (text, message) => expect(() => checkNoProxy(text)).toThrow(message));
});

describe('through a proxy', () => {
  let internet: Internet;
  let client: HttpClient;
  const peer: Peer = {
    name: 'any',
    hosts: ['api.github.com', 'git.corp.example:8443'],
    handler: (request, response) => {
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ host: request.headers.host }));
    },
    requests: [],
    close: async () => {},
  };

  beforeEach(async () => {
    internet = await startInternet({ peers: [peer] });
    client = clientFor();
  });
  afterEach(async () => {
    await client.close();
    await internet.close();
  });

  function clientFor(options: Partial<HttpClientOptions> = {}): HttpClient {
    return createHttpClient({
      policy: { allowedHosts: ['api.github.com', '*.example', '10.*'], allowPrivateNetworks: false },
      ca: [internet.ca],
      proxy: { httpsProxy: internet.proxyUrl },
      timeoutMs: stretched(1000),
      maxBodyBytes: 10_000,
      userAgent: 'test/1',
      ...options,
    });
  }

  it('meets real names with real TLS', async () => {
    for (const host of ['api.github.com', 'git.corp.example:8443']) {
      await expect(client.request({ url: `https://${host}/` })).resolves.toMatchObject({ body: { host } });
    }
  });

  it.each([
    { name: 'a host the proxy refuses', url: 'https://unknown.example/', kind: 'Proxy' },
    { name: 'a host the policy refuses', url: 'https://evil.test/', kind: 'HostNotAllowed' },
    { name: 'a literal private address', url: 'https://10.0.0.7/', kind: 'AddressNotAllowed' },
  ])('fails for $name', async ({ url, kind }) => {
    await expect(client.request({ url })).rejects.toMatchObject({ kind, requestSent: false });
  });

  it.each([
    { name: 'refuse', fault: { kind: 'refuse' }, kind: 'Proxy', requestSent: false },
    { name: 'hang at CONNECT', fault: { kind: 'hang', at: 'connect' }, kind: 'Timeout', requestSent: false },
    { name: 'hang in the handshake', fault: { kind: 'hang' }, kind: 'Timeout', requestSent: false },
    {
      name: 'reset in the handshake',
      fault: { kind: 'reset', afterBytes: 40 },
      kind: 'Reset',
      requestSent: false,
    },
    {
      name: 'expired',
      fault: { kind: 'certificate', problem: 'expired' },
      kind: 'TlsUntrusted',
      requestSent: false,
    },
    {
      name: 'wrong name',
      fault: { kind: 'certificate', problem: 'wrongName' },
      kind: 'TlsUntrusted',
      requestSent: false,
    },
    {
      name: 'unknown authority',
      fault: { kind: 'certificate', problem: 'unknownAuthority' },
      kind: 'TlsUntrusted',
      requestSent: false,
    },
  ] as const)('reports $name on the way behind it', async ({ fault, kind, requestSent }) => {
    internet.setFault('api.github.com', fault);
    const work = client.request({
      method: 'POST',
      url: 'https://api.github.com/',
      body: '{}',
      timeoutMs: stretched(10_000),
    });
    await expect(work).rejects.toMatchObject({ kind, requestSent, host: 'api.github.com' });
  });

  it('that is down is named as the cause', async () => {
    const unused = createServer();
    await once(unused.listen(0, '127.0.0.1'), 'listening');
    const address = unused.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    unused.close();
    await client.close();
    client = clientFor({ proxy: { httpsProxy: `http://127.0.0.1:${port}` } });
    await expect(client.request({ url: 'https://api.github.com/' })).rejects.toMatchObject({ kind: 'Proxy' });
  });

  it('checks addresses again for what NO_PROXY lets past it', async () => {
    await client.close();
    client = clientFor({
      proxy: { httpsProxy: internet.proxyUrl, noProxy: 'api.github.com' },
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    });
    await expect(client.request({ url: 'https://api.github.com/' })).rejects.toMatchObject({
      kind: 'AddressNotAllowed',
    });
  });
});
