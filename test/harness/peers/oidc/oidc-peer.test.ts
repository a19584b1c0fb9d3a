import { createPublicKey, verify } from 'node:crypto';
import { fetch, ProxyAgent } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type Internet, startInternet } from '../internet.ts';
import { createOidcPeer, type OidcPeer } from './oidc-peer.ts';

const client = {
  clientId: 'codemie-git-operator',
  clientSecret: 'the-secret',
  account: {
    subject: '5f0f3a5e-4f0c-4d5e-9d3b-0a6a7d6c9b01',
    username: 'service-account-codemie-git-operator',
    email: 'operator@example.com',
    roles: ['admin'],
  },
};
const user = {
  subject: '5f0f3a5e-4f0c-4d5e-9d3b-0a6a7d6c9b02',
  username: 'jane',
  email: 'jane@example.com',
  password: 'her-password',
};
const basic = `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')}`;

const tokenAnswer = z.object({
  access_token: z.string(),
  expires_in: z.number(),
  token_type: z.literal('Bearer'),
});
const errorAnswer = z.object({ error: z.string() });

describe('createOidcPeer', () => {
  let peer: OidcPeer;
  let internet: Internet;
  let dispatcher: ProxyAgent;

  beforeEach(async () => {
    peer = createOidcPeer({ clients: [client], users: [user] });
    internet = await startInternet({ peers: [peer] });
    dispatcher = new ProxyAgent({ uri: internet.proxyUrl, requestTls: { ca: internet.ca } });
  });

  afterEach(async () => {
    await dispatcher.destroy();
    await internet.close();
  });

  function askForToken(form: Record<string, string>, headers: Record<string, string> = {}) {
    return fetch(peer.tokenUrl, { method: 'POST', body: new URLSearchParams(form), headers, dispatcher });
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

  it.each([
    {
      name: 'client_credentials with the secret in the header',
      form: { grant_type: 'client_credentials' },
      headers: { authorization: basic },
      subject: client.account.subject,
      roles: ['admin'],
    },
    {
      name: 'client_credentials with the secret in the body',
      form: {
        grant_type: 'client_credentials',
        client_id: client.clientId,
        client_secret: client.clientSecret,
      },
      headers: {},
      subject: client.account.subject,
      roles: ['admin'],
    },
    {
      name: 'client_credentials with a scope',
      form: { grant_type: 'client_credentials', scope: 'openid' },
      headers: { authorization: basic },
      subject: client.account.subject,
      roles: ['admin'],
    },
    {
      name: 'password through the public client',
      form: { grant_type: 'password', client_id: 'codemie-sdk', username: 'jane', password: 'her-password' },
      headers: {},
      subject: user.subject,
      roles: [],
    },
  ])('grants $name', async ({ form, headers, subject, roles }) => {
    const response = await askForToken(form, headers);
    expect(response.status).toBe(200);
    const answer = tokenAnswer.parse(await response.json());
    expect(answer.expires_in).toBe(300);
    expect(claimsOfToken(answer.access_token)).toMatchObject({
      iss: 'https://auth.example.com/realms/codemie',
      sub: subject,
      aud: 'codemie',
      realm_access: { roles },
    });
  });

  it.each([
    {
      name: 'a wrong secret',
      form: { grant_type: 'client_credentials', client_id: client.clientId, client_secret: 'no' },
      status: 401,
      error: 'invalid_client',
    },
    {
      name: 'an unknown client',
      form: { grant_type: 'client_credentials', client_id: 'nobody', client_secret: 'no' },
      status: 401,
      error: 'invalid_client',
    },
    {
      name: 'a wrong password',
      form: { grant_type: 'password', client_id: 'codemie-sdk', username: 'jane', password: 'no' },
      status: 401,
      error: 'invalid_grant',
    },
    {
      name: 'a grant the client may not use',
      form: { grant_type: 'password', client_id: client.clientId, client_secret: client.clientSecret },
      status: 400,
      error: 'invalid_request',
    },
  ])('refuses $name', async ({ form, status, error }) => {
    const response = await askForToken(form);
    expect(response.status).toBe(status);
    expect(errorAnswer.parse(await response.json()).error).toBe(error);
  });

  it('publishes discovery and keys under the realm', async () => {
    const discovery = await fetch(`${peer.issuer}/.well-known/openid-configuration`, { dispatcher });
    expect(await discovery.json()).toMatchObject({
      issuer: peer.issuer,
      token_endpoint: peer.tokenUrl,
      jwks_uri: `${peer.issuer}/protocol/openid-connect/certs`,
    });
    const keys = await fetch(`${peer.issuer}/protocol/openid-connect/certs`, { dispatcher });
    expect(await keys.json()).toMatchObject({ keys: [{ kty: 'RSA', kid: 'realm', alg: 'RS256' }] });
    expect((await fetch('https://auth.example.com/elsewhere', { dispatcher })).status).toBe(404);
  });

  it('gives tokens the lifetime it is told', async () => {
    peer.setTokenLifetime(2);
    const answer = tokenAnswer.parse(
      await (await askForToken({ grant_type: 'client_credentials' }, { authorization: basic })).json(),
    );
    const claims = claimsOfToken(answer.access_token);
    expect(answer.expires_in).toBe(2);
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(2);
  });

  it.each([
    { fault: { kind: 'down' } as const, status: 503 },
    { fault: { kind: 'invalidClient' } as const, status: 401 },
  ])('plays $fault.kind', async ({ fault, status }) => {
    peer.setFault(fault);
    expect((await askForToken({ grant_type: 'client_credentials' }, { authorization: basic })).status).toBe(
      status,
    );
    peer.setFault(undefined);
    expect((await askForToken({ grant_type: 'client_credentials' }, { authorization: basic })).status).toBe(
      200,
    );
  });

  it('answers slowly', async () => {
    const gate = Promise.withResolvers<void>();
    peer.setFault({ kind: 'slow', until: gate.promise });
    const response = askForToken({ grant_type: 'client_credentials' }, { authorization: basic });
    await vi.waitFor(() => expect(peer.requests).toHaveLength(1));
    gate.resolve();
    expect((await response).status).toBe(200);
  });

  it('has a wrong clock', async () => {
    peer.setFault({ kind: 'clock', offsetSeconds: -86_400 });
    const response = await askForToken({ grant_type: 'client_credentials' }, { authorization: basic });
    const claims = claimsOfToken(tokenAnswer.parse(await response.json()).access_token);
    expect(Number(claims['exp']) * 1_000).toBeLessThan(Date.now());
    expect(Date.parse(response.headers.get('date') ?? '')).toBeLessThan(Date.now() - 80_000_000);
  });
});
