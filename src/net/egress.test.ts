import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  everythingIn,
  failure,
  json,
  startTestServer,
  type TestServer,
} from '../../test/harness/net/test-server.ts';

let peer: TestServer;
beforeEach(async () => {
  peer = await startTestServer();
});
afterEach(() => peer.close());

describe('what is refused before anything is sent', () => {
  const closed = { allowedHosts: ['*'], allowPrivateNetworks: false };
  it.each([
    { name: 'another host', target: 'https://evil.example/', kind: 'HostNotAllowed' },
    {
      name: 'a host that only ends like an allowed one',
      target: 'https://eviltest/',
      kind: 'HostNotAllowed',
    },
    {
      name: 'a host with an allowed one in its path',
      target: 'https://evil.example/git.test',
      kind: 'HostNotAllowed',
    },
    { name: 'plain http', target: 'http://git.test/', kind: 'HostNotAllowed' },
    { name: 'another scheme', target: 'file:///etc/passwd', kind: 'HostNotAllowed' },
    { name: 'a user name in the URL', target: 'https://bot@git.test/', kind: 'HostNotAllowed' },
    { name: 'not a URL', target: 'git.test', kind: 'Other' },
    { name: 'a loopback address', target: 'https://127.0.0.1/', kind: 'AddressNotAllowed', policy: closed },
    {
      name: 'a loopback address as a number',
      target: 'https://2130706433/',
      kind: 'AddressNotAllowed',
      policy: closed,
    },
    {
      name: 'a loopback address in octal',
      target: 'https://0177.0.0.1/',
      kind: 'AddressNotAllowed',
      policy: closed,
    },
    {
      name: 'a loopback address in hex',
      target: 'https://0x7f.0.0.1/',
      kind: 'AddressNotAllowed',
      policy: closed,
    },
    {
      name: 'a shortened loopback address',
      target: 'https://127.1/',
      kind: 'AddressNotAllowed',
      policy: closed,
    },
    {
      name: 'an address in wide digits',
      target: 'https://１２７.0.0.1/',
      kind: 'AddressNotAllowed',
      policy: closed,
    },
    {
      name: 'an address with a final dot',
      target: 'https://127.0.0.1./',
      kind: 'AddressNotAllowed',
      policy: closed,
    },
    { name: 'the unspecified address', target: 'https://0/', kind: 'AddressNotAllowed', policy: closed },
    { name: 'IPv6 loopback', target: 'https://[::1]/', kind: 'AddressNotAllowed', policy: closed },
    { name: 'NAT64', target: 'https://[64:ff9b::10.0.0.1]/', kind: 'AddressNotAllowed', policy: closed },
    { name: 'link-local', target: 'https://[fe80::1]/', kind: 'AddressNotAllowed', policy: closed },
    {
      name: 'metadata behind NAT64 even where private networks are allowed',
      target: 'https://[64:ff9b::169.254.169.254]/',
      kind: 'AddressNotAllowed',
      policy: { allowedHosts: ['*'], allowPrivateNetworks: true },
    },
    {
      name: 'a mapped address',
      target: 'https://[::ffff:10.0.0.1]/',
      kind: 'AddressNotAllowed',
      policy: closed,
    },
    {
      name: 'metadata even where private networks are allowed',
      target: 'https://169.254.169.254/',
      kind: 'AddressNotAllowed',
      policy: { allowedHosts: ['*'], allowPrivateNetworks: true },
    },
  ])('$name', async ({ target, kind, policy }) => {
    const client = peer.clientWith(policy === undefined ? {} : { policy });
    expect(await failure(client.request({ url: target }))).toMatchObject({ kind, requestSent: false });
    expect(await failure(client.fetch(target))).toMatchObject({ kind, requestSent: false });
  });

  it.each([
    { name: 'a line break in a value', headers: { 'private-token': 'SECRET\r\nx-admin: 1' } },
    { name: 'a trailing line break', headers: { authorization: 'Bearer SECRET\n' } },
    { name: 'a NUL', headers: { authorization: 'SECRET\0' } },
    { name: 'a character outside Latin-1', headers: { authorization: 'SECRET✓' } },
    { name: 'a blank in a name', headers: { 'a b': 'SECRET' } },
    { name: 'another host name', headers: { host: 'SECRET.example' } },
    { name: 'its own length', headers: { 'content-length': '3' } },
  ])('a header with $name, without quoting it', async ({ headers }) => {
    const error = await failure(peer.clientWith().request({ url: peer.url(), headers }));
    expect(error).toMatchObject({ kind: 'Other', requestSent: false });
    expect(everythingIn(error)).not.toContain('SECRET');
    expect(peer.requests).toHaveLength(0);
  });

  it('a header that fetch itself refuses, without quoting it', async () => {
    const error = await failure(
      peer.clientWith().fetch(peer.url(), { headers: { authorization: 'SECRET\r\nx: y' } }),
    );
    expect(error).toMatchObject({ kind: 'Other', requestSent: false });
    expect(everythingIn(error)).not.toContain('SECRET');
  });
});

describe('addresses', () => {
  it('checks the very answer that is dialled, one lookup for each connection', async () => {
    let lookups = 0;
    const client = peer.clientWith({
      resolve: async () => {
        lookups += 1;
        return [{ address: '127.0.0.1', family: 4 }];
      },
    });
    await client.request({ url: peer.url() });
    expect(lookups).toBe(1);
  });

  it.each([
    { name: 'a name that leads inside', addresses: ['127.0.0.1'] },
    { name: 'one address inside among others', addresses: ['140.82.121.4', '10.0.0.7'] },
    { name: 'an IPv4 address in IPv6 clothes', addresses: ['::ffff:127.0.0.1'] },
  ])('refuses $name', async ({ addresses }) => {
    const client = peer.clientWith({
      policy: { allowedHosts: ['*.test'], allowPrivateNetworks: false },
      resolve: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    });
    const error = await failure(client.request({ url: peer.url() }));
    expect(error).toMatchObject({ kind: 'AddressNotAllowed', host: 'git.test', requestSent: false });
    expect(peer.requests).toHaveLength(0);
  });

  it('that change between two requests are checked again, with the connection', async () => {
    // The first answer is one that the policy allows, the second one leads to the metadata of the machine.
    const answers = ['127.0.0.1', '169.254.169.254', '127.0.0.1'];
    let asked = 0;
    const client = peer.clientWith({
      policy: { allowedHosts: ['*.test'], allowPrivateNetworks: true },
      resolve: async () => [{ address: answers[asked++] ?? '', family: 4 }],
    });
    peer.handler = (_request, response) => json(response.setHeader('connection', 'close'), {});
    await expect(client.request({ url: peer.url() })).resolves.toMatchObject({ status: 200 });
    expect(await failure(client.request({ url: peer.url() }))).toMatchObject({
      kind: 'AddressNotAllowed',
      requestSent: false,
    });
    await expect(client.request({ url: peer.url() })).resolves.toMatchObject({ status: 200 });
    expect([asked, peer.requests.length]).toEqual([3, 2]);
  });

  it('are checked again on the way to a redirect', async () => {
    const answers = ['127.0.0.1', '169.254.169.254'];
    let asked = 0;
    const client = peer.clientWith({
      policy: { allowedHosts: ['*.test'], allowPrivateNetworks: true },
      resolve: async () => [{ address: answers[asked++] ?? '', family: 4 }],
    });
    peer.handler = (_request, response) =>
      void response.writeHead(302, { location: '/inside', connection: 'close' }).end();
    expect(await failure(client.request({ url: peer.url() }))).toMatchObject({ kind: 'AddressNotAllowed' });
    expect(peer.requests.map(({ url }) => url)).toEqual(['/']);
  });

  it('says that a name does not resolve', async () => {
    const client = peer.clientWith({
      resolve: async () => {
        throw Object.assign(new Error('queryA ENOTFOUND git.test'), { code: 'ENOTFOUND' });
      },
    });
    expect(await failure(client.request({ url: peer.url() }))).toMatchObject({
      kind: 'Dns',
      message: 'The name git.test could not be resolved.',
      requestSent: false,
    });
  });
});
