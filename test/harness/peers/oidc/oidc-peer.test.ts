import { createPublicKey, randomUUID, verify } from 'node:crypto';
import { fetch, ProxyAgent } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventually } from '../../pace.ts';
import { type Internet, startInternet } from '../internet.ts';
import { describeKeycloak } from './keycloak-answers.ts';
import { createOidcPeer, type OidcPeer } from './oidc-peer.ts';

const client = {
  clientId: 'codemie-git-operator',
  clientSecret: 'the-secret',
  account: {
    subject: randomUUID(),
    username: 'service-account-codemie-git-operator',
    email: 'operator@example.com',
    roles: ['admin'],
  },
};
const form = { grant_type: 'client_credentials', client_id: client.clientId, client_secret: 'the-secret' };
const tokenAnswer = z.object({ access_token: z.string(), expires_in: z.number() });

let peer: OidcPeer;
let internet: Internet;
let dispatcher: ProxyAgent;

beforeAll(async () => {
  peer = createOidcPeer({ clients: [client] });
  internet = await startInternet({ peers: [peer] });
  dispatcher = new ProxyAgent({ uri: internet.proxyUrl, requestTls: { ca: internet.ca } });
});

afterEach(() => {
  peer.setFault(undefined);
  peer.setTokenLifetime(300);
});

afterAll(async () => {
  await dispatcher.destroy();
  await internet.close();
});

function askForToken() {
  return fetch(peer.tokenUrl, { method: 'POST', body: new URLSearchParams(form), dispatcher });
}

function claimsOfToken(token: string): Record<string, unknown> {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const [key] = peer.jwks();
  const genuine = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    createPublicKey({ key: key ?? {}, format: 'jwk' }),
    Buffer.from(signature, 'base64url'),
  );
  expect(genuine).toBe(true);
  return z.record(z.string(), z.unknown()).parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
}

describe('answers as Keycloak does:', () => {
  describeKeycloak(() => ({
    url: peer.url,
    realm: peer.realm.name,
    admin: peer.admin,
    fetch: (url, init) => fetch(url, { ...init, dispatcher }),
  }));
});

describe('createOidcPeer', () => {
  it('publishes discovery and keys under the realm', async () => {
    const discovery = await fetch(`${peer.issuer}/.well-known/openid-configuration`, { dispatcher });
    expect(await discovery.json()).toMatchObject({
      issuer: 'https://auth.example.com/auth/realms/codemie-prod',
      token_endpoint: peer.tokenUrl,
      jwks_uri: `${peer.issuer}/protocol/openid-connect/certs`,
    });
    const keys = await fetch(`${peer.issuer}/protocol/openid-connect/certs`, { dispatcher });
    expect(await keys.json()).toMatchObject({ keys: [{ kty: 'RSA', kid: 'realm', alg: 'RS256' }] });
    expect((await fetch('https://auth.example.com/realms/codemie-prod', { dispatcher })).status).toBe(404);
  });

  it('gives tokens the configured lifetime', async () => {
    peer.setTokenLifetime(2);
    const answer = tokenAnswer.parse(await (await askForToken()).json());
    const claims = claimsOfToken(answer.access_token);
    expect(answer.expires_in).toBe(2);
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(2);
    expect(claims).toMatchObject({
      sub: client.account.subject,
      realm_access: { roles: expect.arrayContaining(['admin']) },
    });
  });

  it.each([
    { fault: { kind: 'down' } as const, status: 503 },
    { fault: { kind: 'invalidClient' } as const, status: 401 },
    {
      fault: { kind: 'answer', status: 429, body: '', headers: { 'retry-after': '7' } } as const,
      status: 429,
    },
  ])('plays $fault.kind', async ({ fault, status }) => {
    peer.setFault(fault);
    expect((await askForToken()).status).toBe(status);
    peer.setFault(undefined);
    expect((await askForToken()).status).toBe(200);
  });

  it('answers slowly', async () => {
    const gate = Promise.withResolvers<void>();
    const before = peer.requests.length;
    peer.setFault({ kind: 'slow', until: gate.promise });
    const response = askForToken();
    await eventually(() => expect(peer.requests).toHaveLength(before + 1));
    gate.resolve();
    expect((await response).status).toBe(200);
  });

  it('has a wrong clock', async () => {
    peer.setFault({ kind: 'clock', offsetSeconds: -86_400 });
    const response = await askForToken();
    const claims = claimsOfToken(tokenAnswer.parse(await response.json()).access_token);
    expect(Number(claims['exp']) * 1_000).toBeLessThan(Date.now());
    expect(Date.parse(response.headers.get('date') ?? '')).toBeLessThan(Date.now() - 80_000_000);
  });
});
