import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { OidcAuth } from '../../src/codemie/auth.ts';
import { createLoginCheck } from '../../src/codemie/login-check.ts';
import { oidcGrant } from '../../src/codemie/oidc-grant.ts';
import { readToken } from '../../src/codemie/token-content.ts';
import { createHttpClient, type HttpClient } from '../../src/net/http-client.ts';
import { keycloakGuide } from '../harness/keycloak-guide.ts';
import { runTool } from '../harness/kube-tools.ts';
import { describeKeycloak } from '../harness/peers/oidc/keycloak-answers.ts';
import { type RealKeycloak, startKeycloak } from './real-keycloak.ts';

const realm = 'codemie-prod';
let keycloak: RealKeycloak;
let http: HttpClient;

const tokenUrl = () => `${keycloak.url}/realms/${realm}/protocol/openid-connect/token`;

beforeAll(async () => {
  keycloak = await startKeycloak((line) => console.log(line));
  await makeRealm();
  http = createHttpClient({
    policy: { allowedHosts: ['127.0.0.1'], allowPrivateNetworks: true, allowHttp: true },
    timeoutMs: 10_000,
    maxBodyBytes: 100_000,
    userAgent: 'test/1',
  });
}, 900_000);

afterAll(async () => {
  await http?.close();
  await keycloak?.stop();
});

/** Signs in and gives calls of the admin API, whose paths are below `/admin/realms`. */
async function signInAdmin(): Promise<(method: string, path: string, body?: unknown) => Promise<unknown>> {
  const { username, password } = keycloak.admin;
  const form = { grant_type: 'password', client_id: 'admin-cli', username, password };
  const url = `${keycloak.url}/realms/master/protocol/openid-connect/token`;
  const signedIn = await fetch(url, { method: 'POST', body: new URLSearchParams(form) });
  const { access_token: token } = z.object({ access_token: z.string() }).parse(await signedIn.json());
  return async (method, path, body) => {
    const response = await fetch(`${keycloak.url}/admin/realms${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}.`);
    const text = await response.text();
    return text === '' ? undefined : JSON.parse(text);
  };
}

/** What CodeMie's installation brings: the realm, its client scope and roles, and the public client of its SDK. */
async function makeRealm(): Promise<void> {
  const mapper = (name: string) => ({
    name,
    protocol: 'openid-connect',
    protocolMapper: 'oidc-usermodel-attribute-mapper',
    config: {
      'user.attribute': name,
      'claim.name': name,
      'jsonType.label': 'String',
      'access.token.claim': 'true',
      'userinfo.token.claim': 'true',
    },
  });
  const sdk = { clientId: 'codemie-sdk', publicClient: true, directAccessGrantsEnabled: true };
  const defaultClientScopes = ['codemie', 'basic', 'email', 'profile', 'roles'];
  const admin = await signInAdmin();
  await admin('POST', '', { realm, enabled: true });
  await admin('POST', `/${realm}/roles`, { name: 'developer' });
  await admin('POST', `/${realm}/roles`, { name: 'admin' });
  await admin('POST', `/${realm}/client-scopes`, {
    name: 'codemie',
    protocol: 'openid-connect',
    attributes: { 'include.in.token.scope': 'true' },
    protocolMappers: [mapper('applications'), mapper('applications_admin')],
  });
  await admin('POST', `/${realm}/clients`, { ...sdk, defaultClientScopes });
}

const keycloakClient = z.object({
  kind: z.literal('KeycloakClient'),
  spec: z.object({
    clientId: z.string(),
    public: z.boolean(),
    standardFlowEnabled: z.boolean(),
    directAccess: z.boolean(),
    defaultClientScopes: z.array(z.string()),
    protocolMappers: z.array(z.looseObject({})),
    serviceAccount: z.object({
      enabled: z.boolean(),
      realmRoles: z.array(z.string()),
      attributesV2: z.record(z.string(), z.array(z.string())),
    }),
  }),
});

describe('a real Keycloak answers as the peer does:', () => {
  describeKeycloak(() => ({ url: keycloak.url, realm, admin: keycloak.admin, fetch }));
});

describe('the commands of docs/codemie.md', () => {
  let auth: OidcAuth;

  beforeAll(async () => {
    const guide = await keycloakGuide();
    const blocks = [guide.signIn, guide.client, guide.names, guide.unmanagedAttributes, guide.attributes];
    const script = blocks.join('').replace('https://auth.example.com/auth', keycloak.url);
    const { code, stderr, stdout } = await runTool('sh', {
      args: ['-euc', `${script}\nkeycloak "/clients/$CLIENT/client-secret"`],
      env: { KEYCLOAK_USER: keycloak.admin.username, KEYCLOAK_PASSWORD: keycloak.admin.password },
    });
    if (code !== 0 || stderr !== '')
      throw new Error(`The commands of the page ended with ${code}: ${stderr}`);
    const { value } = z.object({ value: z.string() }).parse(JSON.parse(stdout));
    auth = {
      kind: 'clientCredentials',
      tokenUrl: tokenUrl(),
      clientId: 'codemie-git-operator',
      clientSecret: value,
    };
  });

  const grant = (scope: string) => oidcGrant(http, auth, scope, Date.now);

  function check(token: string) {
    const tokens = {
      token: async () => ({ name: '', value: '' }),
      replace: async () => undefined,
      current: () => token,
    };
    return createLoginCheck({ auth, http, tokens });
  }

  it('make a login whose token userinfo accepts, with everything that CodeMie asks for', async () => {
    const { token } = await grant('openid');
    const url = tokenUrl().replace(/token$/, 'userinfo');
    const answer = await http.request({ url, headers: { authorization: `Bearer ${token}` } });
    expect(answer.body).toMatchObject({
      preferred_username: 'service-account-codemie-git-operator',
      email: 'codemie-git-operator@example.com',
      given_name: 'Git',
      family_name: 'Operator',
      applications: 'demo',
      applications_admin: 'demo',
    });
    const { signal } = new AbortController();
    const error = await check(token).whyRefused('unsaid', signal);
    expect(error.message).toContain('although the identity provider accepts its token');
    expect(check(token).howToGetRights()).toBe('Make it an administrator of its projects in CodeMie.');
  });

  it('make a login whose token is explained where it was asked for without openid', async () => {
    const { token } = await grant('email');
    const error = await check(token).whyRefused('unsaid', new AbortController().signal);
    expect(error.message).toContain('its token lacks the scope openid');
  });

  it.each([
    { name: 'a wrong secret', change: { clientSecret: 'no' }, hint: 'rejects the client secret' },
    {
      name: 'an unknown client',
      change: { clientId: 'nobody' },
      hint: 'no such client, or the client is disabled',
    },
    { name: 'an unknown scope', change: {}, scope: 'nonsense', hint: 'does not give the scope' },
  ])('make a login whose refusal for $name is explained', async ({ change, scope = 'openid', hint }) => {
    await expect(oidcGrant(http, { ...auth, ...change }, scope, Date.now)).rejects.toMatchObject({
      kind: 'unauthorized',
      hint: expect.stringContaining(hint),
    });
  });
});

describe('the KeycloakClient of examples/logins, created as its operator does', () => {
  it('makes a login whose token has everything that CodeMie asks for', async () => {
    const file = await readFile(
      join(import.meta.dirname, '../../examples/logins/keycloak-client.yaml'),
      'utf8',
    );
    const [first] = parseAllDocuments(file);
    const { spec } = keycloakClient.parse(first?.toJS());
    const admin = await signInAdmin();
    const clientId = `${spec.clientId}-of-manifest`;
    const { defaultClientScopes, protocolMappers, standardFlowEnabled, directAccess } = spec;
    await admin('POST', `/${realm}/clients`, {
      clientId,
      publicClient: spec.public,
      standardFlowEnabled,
      directAccessGrantsEnabled: directAccess,
      serviceAccountsEnabled: spec.serviceAccount.enabled,
      defaultClientScopes,
      protocolMappers,
      secret: 's3cret',
    });
    const clients = z.array(z.object({ id: z.string() }));
    const [client] = clients.parse(await admin('GET', `/${realm}/clients?clientId=${clientId}`));
    const user = z
      .looseObject({ id: z.string() })
      .parse(await admin('GET', `/${realm}/clients/${client?.id}/service-account-user`));
    for (const name of spec.serviceAccount.realmRoles) {
      const role = await admin('GET', `/${realm}/roles/${name}`);
      await admin('POST', `/${realm}/users/${user.id}/role-mappings/realm`, [role]);
    }
    const attributes = spec.serviceAccount.attributesV2;
    await admin('PUT', `/${realm}/users/${user.id}`, { ...user, attributes });

    const auth = {
      kind: 'clientCredentials' as const,
      tokenUrl: tokenUrl(),
      clientId,
      clientSecret: 's3cret',
    };
    const { token } = await oidcGrant(http, auth, 'openid', Date.now);
    expect(readToken(token)).toMatchObject({ email: true, names: true, applicationsAdmin: true });
    expect(readToken(token)?.roles).toContain('developer');
    const url = tokenUrl().replace(/token$/, 'userinfo');
    const { body } = await http.request({ url, headers: { authorization: `Bearer ${token}` } });
    expect(body).toMatchObject({
      email: 'codemie-git-operator@example.com',
      given_name: 'Git',
      family_name: 'Operator',
      applications: 'demo',
      applications_admin: 'demo',
    });
  });
});
