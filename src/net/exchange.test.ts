import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  authority,
  everythingIn,
  failure,
  type Handler,
  json,
  startTestServer,
  type TestServer,
} from '../../test/harness/net/test-server.ts';
import { oldProtocol } from '../../test/harness/peers/connection-fault.ts';
import { behave } from '../../test/harness/peers/git-hosts/hostile.ts';
import { createCertificateAuthority, issueSelfSigned } from '../../test/harness/pki/certificate-authority.ts';

let peer: TestServer;
beforeEach(async () => {
  peer = await startTestServer();
});
afterEach(() => peer.close());

describe('TLS', () => {
  const past = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2020-02-01T00:00:00Z') };
  it.each([
    {
      name: 'an unknown authority',
      issue: async () => (await createCertificateAuthority('stranger')).issue({ hosts: ['git.test'] }),
      message: 'The certificate of git.test leads to no authority in the bundle of tls.caRef.',
    },
    {
      name: 'a self-signed certificate',
      issue: () => issueSelfSigned(['git.test']),
      message: 'git.test presents a self-signed certificate that is not in the bundle of tls.caRef.',
    },
    {
      name: 'another name',
      issue: () => authority.issue({ hosts: ['someone.test'] }),
      message: 'The certificate of git.test is for another name.',
    },
    {
      name: 'an expired certificate',
      issue: () => authority.issue({ hosts: ['git.test'], ...past }),
      message: 'The certificate of git.test, or one that signed it, has expired.',
    },
  ])('refuses $name', async ({ issue, message }) => {
    peer.server.setSecureContext(await issue());
    expect(await failure(peer.clientWith().request({ url: peer.url() }))).toMatchObject({
      kind: 'TlsUntrusted',
      message,
      requestSent: false,
    });
    expect(peer.requests).toHaveLength(0);
  });

  it('speaks no TLS that is older than 1.2', async () => {
    peer.server.setSecureContext({ ...(await authority.issue({ hosts: ['git.test'] })), ...oldProtocol });
    expect(await failure(peer.clientWith().request({ url: peer.url() }))).toMatchObject({
      kind: 'TlsOther',
      message: 'git.test speaks only TLS versions before 1.2.',
      requestSent: false,
    });
  });

  it('does not trust the authority unless configured', async () => {
    expect(await failure(peer.clientWith({ ca: [] }).request({ url: peer.url() }))).toMatchObject({
      kind: 'TlsUntrusted',
    });
  });
});

describe('size', () => {
  it('takes a body of exactly the limit', async () => {
    peer.handler = (_request, response) => json(response, 'x'.repeat(9998));
    await expect(peer.clientWith().request({ url: peer.url() })).resolves.toMatchObject({ status: 200 });
  });

  it('refuses endless headers', async () => {
    peer.handler = (_request, response) => void response.writeHead(200, { x: 'y'.repeat(100_000) }).end();
    expect(await failure(peer.clientWith().request({ url: peer.url() }))).toMatchObject({ kind: 'TooLarge' });
  });
});

describe('time', () => {
  it.each<{ name: string; handler: Handler }>([
    { name: 'never answers', handler: () => {} },
    {
      name: 'sends its head byte by byte forever',
      handler: (_request, response) => behave(response, 'dripHead'),
    },
    {
      name: 'sends its body byte by byte forever',
      handler: (_request, response) => behave(response, 'dripBody'),
    },
  ])('gives up on a server that $name', async ({ handler }) => {
    peer.handler = handler;
    const error = await failure(peer.clientWith().request({ url: peer.url(), timeoutMs: 150 }));
    expect(error).toMatchObject({
      kind: 'Timeout',
      message: 'git.test did not answer in time.',
      requestSent: true,
    });
  });

  it('gives up on a name that is never resolved', async () => {
    const client = peer.clientWith({ resolve: () => new Promise(() => {}), timeoutMs: 100 });
    expect(await failure(client.request({ url: peer.url() }))).toMatchObject({ kind: 'Timeout' });
  });

  it.each(['request', 'fetch'] as const)('stops when the caller of %s aborts', async (call) => {
    const controller = new AbortController();
    peer.handler = () => controller.abort();
    const client = peer.clientWith();
    const { signal } = controller;
    const work =
      call === 'request' ? client.request({ url: peer.url(), signal }) : client.fetch(peer.url(), { signal });
    expect(await failure(work)).toMatchObject({ kind: 'Aborted' });
  });

  it('sends nothing for a caller that has aborted already', async () => {
    const signal = AbortSignal.abort();
    expect(await failure(peer.clientWith().request({ url: peer.url(), signal }))).toMatchObject({
      kind: 'Aborted',
    });
    expect(peer.requests).toHaveLength(0);
  });
});

describe('a broken connection', () => {
  const cut: Handler = (request) => void request.socket.destroy();

  it('is tried once more for a GET', async () => {
    peer.handler = (request, response) =>
      peer.requests.length === 1 ? cut(request, response) : json(response, {});
    await expect(peer.clientWith().request({ url: peer.url() })).resolves.toMatchObject({ status: 200 });
    expect(peer.requests).toHaveLength(2);
  });

  it('is not tried forever', async () => {
    peer.handler = cut;
    expect(await failure(peer.clientWith().request({ url: peer.url() }))).toMatchObject({ kind: 'Reset' });
    expect(peer.requests).toHaveLength(2);
  });

  it('is never tried again for a write, whose outcome is unknown', async () => {
    peer.handler = cut;
    const error = await failure(peer.clientWith().request({ method: 'POST', url: peer.url(), body: '{}' }));
    expect(error).toMatchObject({ kind: 'Reset', requestSent: true });
    expect(peer.requests).toHaveLength(1);
  });

  it('in the middle of a body is not an answer', async () => {
    peer.handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{"a"', () => response.destroy());
    };
    expect(await failure(peer.clientWith().request({ url: peer.url() }))).toMatchObject({ kind: 'Reset' });
  });

  it('refused at the door was never a request', async () => {
    peer.server.close();
    const error = await failure(peer.clientWith().request({ method: 'POST', url: peer.url(), body: '{}' }));
    expect(error).toMatchObject({
      kind: 'Refused',
      message: 'No connection to git.test could be made.',
      requestSent: false,
    });
  });

  it.each([
    { name: 'does not speak HTTP', bytes: 'SSH-2.0-SECRET\r\n', kind: 'Other' },
    { name: 'says nothing and goes', bytes: '', kind: 'Reset' },
  ])('by a server that $name is not quoted', async ({ bytes, kind }) => {
    peer.server.removeAllListeners('secureConnection');
    peer.server.on('secureConnection', (socket: Socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(bytes));
    });
    const error = await failure(peer.clientWith().request({ url: peer.url() }));
    expect(error.kind).toBe(kind);
    expect(everythingIn(error)).not.toContain('SECRET');
  });
});
