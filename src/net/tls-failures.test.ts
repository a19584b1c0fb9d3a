import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { authority, failure } from '../../test/harness/net/test-server.ts';
import { stretched } from '../../test/harness/pace.ts';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  issueSelfSigned,
} from '../../test/harness/pki/certificate-authority.ts';
import { createHttpClient, type HttpClient, type HttpClientOptions } from './http-client.ts';
import { trustFailure } from './tls-failures.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

function clientFor(options: Partial<HttpClientOptions>): HttpClient {
  const client = createHttpClient({
    policy: { allowedHosts: ['*'], allowPrivateNetworks: true },
    timeoutMs: stretched(5000),
    maxBodyBytes: 10_000,
    userAgent: 'test/1',
    resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    ...options,
  });
  open.push(client);
  return client;
}

/** The port of an https server that is set up so. */
async function serve(options: TlsOptions): Promise<number> {
  // Weak certificates can be served at the lowest level of security only.
  const server = createServer({ ciphers: 'DEFAULT@SECLEVEL=0', ...options }, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  open.push(server);
  return portOf(server.address());
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('A listening server has a port.');
  return address.port;
}

const hosts = ['git.test'];
let issuing: CertificateAuthority;
let stranger: CertificateAuthority;
beforeAll(async () => {
  issuing = await authority.createIssuing('issuing CA');
  stranger = await createCertificateAuthority('stranger');
});

describe('an issuing authority', () => {
  it('is enough to be trusted, as for curl and Go', async () => {
    const { cert, key } = await issuing.issue({ hosts });
    for (const chain of [cert, cert + issuing.pem, cert + issuing.pem + authority.pem]) {
      const port = await serve({ key, cert: chain });
      const answer = await clientFor({ ca: [issuing.pem] }).request({ url: `https://git.test:${port}/` });
      expect(answer.status).toBe(200);
    }
  });
});

/** Whether a client was given certificates: none, those of the test authority, or another's. */
type Given = 'none' | 'ours' | 'a stranger’s';

describe('a certificate that is not accepted', () => {
  const rows: { name: string; given: Given; serving: () => Promise<TlsOptions>; says: string }[] = [
    {
      name: 'self-signed',
      given: 'none',
      serving: () => issueSelfSigned(hosts),
      says: 'git.test presents a self-signed certificate, which is not trusted here.',
    },
    {
      name: 'self-signed, and replaced',
      given: 'ours',
      serving: () => issueSelfSigned(hosts),
      says: 'git.test presents a self-signed certificate that is not in the bundle of tls.caRef.',
    },
    {
      name: 'of a whole untrusted chain',
      given: 'none',
      serving: async () => withChain(await issuing.issue({ hosts }), issuing.pem + authority.pem),
      says: 'The certificate of git.test is signed by an authority that is not trusted here.',
    },
    {
      name: 'of a whole chain of another authority',
      given: 'a stranger’s',
      serving: async () => withChain(await issuing.issue({ hosts }), issuing.pem + authority.pem),
      says: 'The certificate of git.test is signed by another authority than those in the bundle of tls.caRef.',
    },
    {
      name: 'without what signed it',
      given: 'none',
      serving: () => issuing.issue({ hosts }),
      says: 'The certificate of git.test leads to no authority that is trusted here.',
    },
    {
      name: 'without the intermediate, and the root is given',
      given: 'ours',
      serving: () => issuing.issue({ hosts }),
      says: 'The certificate of git.test leads to no authority in the bundle of tls.caRef.',
    },
    {
      name: 'with a key of 1024 bits',
      given: 'ours',
      serving: () => authority.issue({ hosts, weak: 'key' }),
      says: 'The certificate of git.test, or that of its authority, is too weak: it is signed with SHA-1 or MD5, or its key is too short.',
    },
    {
      name: 'signed with SHA-1',
      given: 'ours',
      serving: () => authority.issue({ hosts, weak: 'signature' }),
      says: 'The certificate of git.test, or that of its authority, is too weak: it is signed with SHA-1 or MD5, or its key is too short.',
    },
    {
      name: 'for clients',
      given: 'ours',
      serving: () => authority.issue({ clientName: 'git.test' }),
      says: 'The certificate of git.test, or of one that signed it, was not issued for this use.',
    },
    {
      name: 'for another name',
      given: 'ours',
      serving: () => authority.issue({ hosts: ['someone.test'] }),
      says: 'The certificate of git.test is for another name.',
    },
  ];

  it.each([
    [
      'may sign for another domain only',
      { onlyDomain: 'corp.test' },
      'The chain of certificates that git.test presents is not valid.',
      true,
    ],
    [
      'has expired itself',
      { notBefore: new Date('2020-01-01'), notAfter: new Date('2020-02-01') },
      'The certificate of git.test, or one that signed it, has expired.',
      false,
    ],
  ])('of an issuing authority that %s', async (_, limits, says, needsPerson) => {
    const limited = await authority.createIssuing('limited CA', limits);
    const port = await serve(withChain(await limited.issue({ hosts }), limited.pem));
    const error = await failure(
      clientFor({ ca: [authority.pem] }).request({ url: `https://git.test:${port}/` }),
    );
    expect(error.message).toBe(says);
    expect(error).toMatchObject({ kind: 'TlsUntrusted', needsPerson });
  });

  const withChain = ({ cert, key }: { cert: string; key: string }, chain: string) => ({
    key,
    cert: cert + chain,
  });

  it.each(rows)('$name, given $given', async ({ given, serving, says }) => {
    const ca = { none: [], ours: [authority.pem], 'a stranger’s': [stranger.pem] }[given];
    const port = await serve(await serving());
    const error = await failure(clientFor({ ca }).request({ url: `https://git.test:${port}/` }));
    expect(error.message).toBe(says);
    expect(error).toMatchObject({ kind: 'TlsUntrusted', needsPerson: true, requestSent: false });
  });

  it.each([
    ['2020-01-01T00:00:00Z', '2020-02-01T00:00:00Z', 'has expired.'],
    ['2090-01-01T00:00:00Z', '2091-01-01T00:00:00Z', 'is not valid yet.'],
  ])('from %s to %s is expected to be renewed', async (notBefore, notAfter, says) => {
    const valid = { notBefore: new Date(notBefore), notAfter: new Date(notAfter) };
    const port = await serve(await authority.issue({ hosts, ...valid }));
    const error = await failure(
      clientFor({ ca: [authority.pem] }).request({ url: `https://git.test:${port}/` }),
    );
    expect(error.message).toBe(`The certificate of git.test, or one that signed it, ${says}`);
    expect(error).toMatchObject({ kind: 'TlsUntrusted', needsPerson: false });
  });

  it.each([
    ['EE certificate key too weak', 'TlsUntrusted'],
    ['CA signature digest algorithm too weak', 'TlsUntrusted'],
    ['permitted subtree violation', 'TlsUntrusted'],
    ['something that OpenSSL may say one day', 'TlsUntrusted'],
  ])('is one as well where Node has no name for "%s"', (text, kind) => {
    expect(trustFailure('UNSPECIFIED', text, false)).toMatchObject({ kind, needsPerson: true });
  });
});

describe('a server that TLS can not be spoken with', () => {
  const mutual = { requestCert: true, rejectUnauthorized: true, ca: authority.pem };

  it('demands a client certificate, in TLS 1.3', async () => {
    const port = await serve({ ...(await authority.issue({ hosts })), ...mutual });
    const client = clientFor({ ca: [authority.pem] });
    const error = await failure(client.request({ url: `https://git.test:${port}/` }));
    expect(error.message).toBe(
      "git.test demands a client certificate (mutual TLS), which this operator can't present.",
    );
    expect(error).toMatchObject({ kind: 'ClientCertificate', needsPerson: true });
  });

  it('demands one in TLS 1.2, which looks as if no cipher was agreed on', async () => {
    const port = await serve({ ...(await authority.issue({ hosts })), ...mutual, maxVersion: 'TLSv1.2' });
    const client = clientFor({ ca: [authority.pem] });
    const error = await failure(client.request({ url: `https://git.test:${port}/` }));
    expect(`${error.message} ${error.hint}`).toBe(
      "git.test refused the TLS handshake. It may demand a client certificate (mutual TLS), which this operator can't present, or offer no cipher of TLS 1.2 or 1.3 that is accepted here.",
    );
    expect(error).toMatchObject({ kind: 'TlsOther', requestSent: false });
  });

  it.each<[string, TlsOptions, string]>([
    [
      'speaks TLS 1.0 only',
      { minVersion: 'TLSv1', maxVersion: 'TLSv1' },
      'git.test speaks only TLS versions before 1.2. Enable TLS 1.2 or 1.3 on the server.',
    ],
    [
      'speaks TLS 1.1 only',
      { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' },
      'git.test speaks only TLS versions before 1.2. Enable TLS 1.2 or 1.3 on the server.',
    ],
    [
      'speaks HTTP/2 only',
      { ALPNProtocols: ['h2'] },
      'git.test accepts no connection for HTTP/1.1. Allow HTTP/1.1 next to HTTP/2 on the server or the gateway in front of it (ALPN http/1.1).',
    ],
    [
      'has weak ciphers only',
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0' },
      "git.test refused the TLS handshake. It may demand a client certificate (mutual TLS), which this operator can't present, or offer no cipher of TLS 1.2 or 1.3 that is accepted here.",
    ],
  ])('%s', async (_, options, says) => {
    const port = await serve({ ...(await authority.issue({ hosts })), ...options });
    const client = clientFor({ ca: [authority.pem] });
    const error = await failure(client.request({ url: `https://git.test:${port}/` }));
    expect(`${error.message} ${error.hint}`).toBe(says);
    expect(error).toMatchObject({ kind: 'TlsOther', requestSent: false });
  });

  /** Level and description of an alert: https://www.rfc-editor.org/rfc/rfc8446#section-6 */
  it.each([
    ['handshake_failure', 40, 'git.test refused the TLS handshake.'],
    ['bad_certificate', 42, 'git.test refused the TLS handshake.'],
    ['certificate_unknown', 46, 'git.test refused the TLS handshake.'],
    ['unknown_ca', 48, 'git.test refused the TLS handshake.'],
    ['access_denied', 49, 'git.test refused the TLS handshake.'],
    ['protocol_version', 70, 'git.test speaks only TLS versions before 1.2.'],
    ['insufficient_security', 71, 'git.test refused the TLS handshake.'],
    ['internal_error', 80, 'No TLS connection to git.test could be agreed on.'],
    ['unrecognized_name', 112, 'The server at the address of git.test does not know this name.'],
    ['no_application_protocol', 120, 'git.test accepts no connection for HTTP/1.1.'],
  ])('answers with the alert %s', async (_, description, says) => {
    const server = createTcpServer((socket) =>
      socket.once('data', () => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, description]))),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    open.push(server);
    const url = `https://git.test:${portOf(server.address())}/`;
    const error = await failure(clientFor({}).request({ url }));
    expect(error.message).toBe(says);
    expect(error).toMatchObject({ kind: 'TlsOther', requestSent: false });
  });

  it('speaks plain http', async () => {
    const server = createHttpServer().on('clientError', (_error, socket) => {
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    open.push(server);
    const url = `https://git.test:${portOf(server.address())}/`;
    const error = await failure(clientFor({}).request({ url }));
    expect(error.message).toBe('git.test does not answer with TLS on this port.');
  });

  it('hangs up in the handshake', async () => {
    const server = createTcpServer((socket) => socket.once('data', () => socket.destroy()));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    open.push(server);
    const url = `https://git.test:${portOf(server.address())}/`;
    const error = await failure(clientFor({}).request({ url }));
    expect(error.message).toBe('git.test closed the connection during the TLS handshake.');
  });
});
