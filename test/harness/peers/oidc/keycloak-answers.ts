import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  byClient,
  byPassword,
  client,
  type Fields,
  type Form,
  otherPaths,
  refusals,
  withoutServiceAccount,
} from './keycloak-refusals.ts';

/** A Keycloak: the real one, or the peer. */
export interface KeycloakServer {
  /** Below which `/realms` and `/admin` are. */
  readonly url: string;
  /** A realm with CodeMie's client scope, roles and public client. */
  readonly realm: string;
  readonly admin: { readonly username: string; readonly password: string };
  readonly fetch: (
    url: string,
    init: { method: string; headers: Record<string, string>; body?: string },
  ) => Promise<{
    readonly status: number;
    readonly headers: { get(name: string): string | null };
    text(): Promise<string>;
  }>;
}

/** What came back; `body` is parsed where it is JSON. */
interface Answer {
  status: number;
  body: unknown;
  challenge: string | null;
}

/**
 * Registers the tests that a Keycloak has to pass: everything that the operator, CodeMie and docs/codemie.md rest on.
 */
export function describeKeycloak(server: () => KeycloakServer): void {
  let token = '';
  const ids: Record<string, string> = {};

  async function send(method: string, path: string, headers: Form, body?: string): Promise<Answer> {
    const { url, fetch } = server();
    const response = await fetch(url + path, { method, headers, ...(body !== undefined && { body }) });
    const text = await response.text();
    return {
      status: response.status,
      body: parsed(text),
      challenge: response.headers.get('www-authenticate'),
    };
  }
  const ask = (form: Form, realm = server().realm) =>
    send(
      'POST',
      `/realms/${realm}/protocol/openid-connect/token`,
      { 'content-type': 'application/x-www-form-urlencoded' },
      new URLSearchParams(form).toString(),
    );
  const admin = (method: string, path: string, body?: Fields) =>
    send(
      method,
      `/admin/realms/${server().realm}${path}`,
      { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body && JSON.stringify(body),
    );
  const userinfo = (bearer?: string) =>
    send(
      'GET',
      `/realms/${server().realm}/protocol/openid-connect/userinfo`,
      bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
    );
  async function signIn(): Promise<void> {
    const { username, password } = server().admin;
    const answer = await ask(
      { grant_type: 'password', client_id: 'admin-cli', username, password },
      'master',
    );
    token = accessToken(answer);
  }
  async function idOf(path: string): Promise<string> {
    const { body } = await admin('GET', path);
    return (
      z
        .union([
          z.array(z.object({ id: z.string() })),
          z.object({ id: z.string() }).transform((one) => [one]),
        ])
        .parse(body)[0]?.id ?? ''
    );
  }
  async function change(of: string, fields: Fields): Promise<void> {
    const path =
      { realm: '', client: `/clients/${ids['client']}`, sdk: `/clients/${ids['sdk']}` }[of] ??
      `/users/${ids[of]}`;
    expect((await admin('PUT', path, fields)).status).toBe(204);
  }

  beforeAll(async () => {
    await signIn();
    const made = { ...client, serviceAccountsEnabled: true, standardFlowEnabled: false };
    expect((await admin('POST', '/clients', made)).status).toBe(201);
    expect((await admin('POST', '/clients', withoutServiceAccount)).status).toBe(201);
    const credentials = (value: string) => ({ enabled: true, credentials: [{ type: 'password', value }] });
    const jane = {
      username: 'answers-jane',
      email: 'answers-jane@example.com',
      firstName: 'Jane',
      lastName: 'Doe',
    };
    const { password = '' } = byPassword;
    expect((await admin('POST', '/users', { ...jane, ...credentials(password) })).status).toBe(201);
    expect(
      (await admin('POST', '/users', { username: 'answers-bare', ...credentials(password) })).status,
    ).toBe(201);
    ids['client'] = await idOf('/clients?clientId=answers');
    ids['sdk'] = await idOf('/clients?clientId=codemie-sdk');
    ids['service account'] = await idOf(`/clients/${ids['client']}/service-account-user`);
    ids['jane'] = z.object({ sub: z.string() }).parse(claimsOf(await ask(byPassword))).sub;
  });

  describe('the token endpoint', () => {
    it.each(refusals)('refuses $name', async ({ form, change: made, status, error, description }) => {
      if (made) await change(made.of, made.fields);
      try {
        const answer = await ask(form);
        expect(answer).toMatchObject({ status, body: { error, error_description: description } });
      } finally {
        const opposite = Object.entries(made?.fields ?? {}).map(([key, value]) => [key, value !== true]);
        if (made) await change(made.of, made.undo ?? Object.fromEntries(opposite));
      }
    });

    it.each(otherPaths)('is not at $path', async ({ path, status, error }) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const body = new URLSearchParams(byClient).toString();
      const answer = await send('POST', path.replace('REALM', server().realm), headers, body);
      expect(answer).toMatchObject({ status, body: { error } });
    });

    it.each([
      { name: 'a client', form: byClient, scope: undefined, granted: ['email', 'profile'] },
      { name: 'a client', form: byClient, scope: 'openid', granted: ['openid', 'email', 'profile'] },
      { name: 'a client', form: byClient, scope: 'openid roles', granted: ['openid', 'email', 'profile'] },
      { name: 'a client', form: byClient, scope: 'email', granted: ['email', 'profile'] },
      {
        name: 'a human user',
        form: byPassword,
        scope: 'openid',
        granted: ['openid', 'codemie', 'email', 'profile'],
      },
    ])('grants $name that asks for $scope the scopes $granted', async ({ form, scope, granted }) => {
      const answer = await ask({ ...form, ...(scope !== undefined && { scope }) });
      expect(answer).toMatchObject({ status: 200, body: { expires_in: 300, token_type: 'Bearer' } });
      const claims = z.looseObject({ scope: z.string() }).parse(claimsOf(answer));
      expect(claims.scope.split(' ').toSorted()).toEqual(granted.toSorted());
      expect(claims).toMatchObject({
        iss: `${server().url}/realms/${server().realm}`,
        aud: 'account',
        typ: 'Bearer',
        azp: form['client_id'],
        sub: expect.stringMatching(/^[0-9a-f-]{36}$/),
        realm_access: { roles: expect.arrayContaining([`default-roles-${server().realm}`]) },
      });
      const { id_token: idToken } = z.looseObject({ id_token: z.string().optional() }).parse(answer.body);
      expect(idToken !== undefined).toBe(scope?.includes('openid') ?? false);
    });

    it('takes the secret in the header as well', async () => {
      const basic = Buffer.from(`answers:${encodeURIComponent(client.secret)}`).toString('base64');
      const headers = {
        authorization: `Basic ${basic}`,
        'content-type': 'application/x-www-form-urlencoded',
      };
      const path = `/realms/${server().realm}/protocol/openid-connect/token`;
      expect((await send('POST', path, headers, 'grant_type=client_credentials')).status).toBe(200);
    });
  });

  describe('the userinfo endpoint', () => {
    const name = () => server().realm;
    it('rejects a token without the scope openid', async () => {
      expect(await userinfo(accessToken(await ask(byClient)))).toMatchObject({
        status: 403,
        challenge: `Bearer realm="${name()}", error="insufficient_scope", error_description="Missing openid scope"`,
      });
    });

    it('rejects no token, and one that is none', async () => {
      expect(await userinfo()).toMatchObject({ status: 401, challenge: `Bearer realm="${name()}"` });
      expect(await userinfo('abc')).toMatchObject({
        status: 401,
        challenge: `Bearer realm="${name()}", error="invalid_token", error_description="Token verification failed"`,
      });
    });

    it('rejects the token of a user who was disabled since', async () => {
      const bearer = accessToken(await ask({ ...byPassword, scope: 'openid' }));
      await change('jane', { enabled: false });
      const { status, challenge } = await userinfo(bearer);
      await change('jane', { enabled: true });
      expect(status).toBe(401);
      expect(challenge).toContain('error="invalid_token", error_description="User disabled"');
    });

    it('shows the claims of the scopes as they are now', async () => {
      const bearer = accessToken(await ask({ ...byPassword, scope: 'openid' }));
      const claims = {
        sub: ids['jane'],
        email_verified: false,
        name: 'Jane Doe',
        preferred_username: 'answers-jane',
        given_name: 'Jane',
        family_name: 'Doe',
        email: 'answers-jane@example.com',
      };
      expect((await userinfo(bearer)).body).toEqual(claims);
      await change('jane', { lastName: 'Roe' });
      expect((await userinfo(bearer)).body).toEqual({ ...claims, name: 'Jane Roe', family_name: 'Roe' });
    });
  });

  describe('the admin API', () => {
    const attributes = { applications: ['demo,other'], applications_admin: ['demo'] };
    const stored = async (of: string) =>
      z
        .looseObject({ attributes: z.unknown().optional() })
        .parse((await admin('GET', `/users/${ids[of]}`)).body).attributes;

    it('wants a token, an existing realm, and names that are free', async () => {
      const { realm } = server();
      expect(await send('GET', `/admin/realms/${realm}/clients`, {})).toMatchObject({ status: 401 });
      expect(
        await send('GET', '/admin/realms/nowhere/clients', { authorization: `Bearer ${token}` }),
      ).toMatchObject({
        status: 404,
        body: { error: 'Realm not found.' },
      });
      expect(await admin('POST', '/clients', { clientId: 'answers' })).toMatchObject({
        status: 409,
        body: { errorMessage: 'Client answers already exists' },
      });
      expect(await admin('GET', '/roles/nobody')).toMatchObject({
        status: 404,
        body: { error: 'Could not find role' },
      });
      expect(await admin('GET', '/clients?clientId=nobody')).toMatchObject({ status: 200, body: [] });
    });

    it('keeps attributes of a service account, and of a human user only where unmanaged ones are switched on', async () => {
      const person = { email: 'answers-jane@example.com', firstName: 'Jane', lastName: 'Doe', attributes };
      await change('service account', { attributes });
      expect(await stored('service account')).toEqual(attributes);
      await change('jane', person);
      expect(await stored('jane')).toBeUndefined();
      const profile = z.looseObject({}).parse((await admin('GET', '/users/profile')).body);
      await admin('PUT', '/users/profile', { ...profile, unmanagedAttributePolicy: 'ADMIN_EDIT' });
      await change('jane', person);
      expect(await stored('jane')).toEqual(attributes);
      await admin('PUT', '/users/profile', profile);
    });

    it('shows the attributes through the client scope codemie, and the roles in the token', async () => {
      const scopes = z
        .array(z.object({ id: z.string(), name: z.string() }))
        .parse((await admin('GET', '/client-scopes')).body);
      const scope = scopes.find(({ name }) => name === 'codemie')?.id;
      const role = z.looseObject({ id: z.string() }).parse((await admin('GET', '/roles/developer')).body);
      await change('service account', { attributes });
      const before = await userinfo(accessToken(await ask({ ...byClient, scope: 'openid' })));
      expect(before.body).not.toHaveProperty('applications');
      expect((await admin('PUT', `/clients/${ids['client']}/default-client-scopes/${scope}`)).status).toBe(
        204,
      );
      const path = `/users/${ids['service account']}/role-mappings/realm`;
      // The API takes a list.
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const { realm } = server();
      expect(
        (await send('POST', `/admin/realms/${realm}${path}`, headers, JSON.stringify([role]))).status,
      ).toBe(204);
      const answer = await ask({ ...byClient, scope: 'openid' });
      const claims = { applications: 'demo,other', applications_admin: 'demo' };
      expect(claimsOf(answer)).toMatchObject({
        ...claims,
        realm_access: { roles: expect.arrayContaining(['developer']) },
      });
      expect((await userinfo(accessToken(answer))).body).toMatchObject(claims);
      expect((await admin('GET', `/clients/${ids['client']}/client-secret`)).body).toMatchObject({
        value: client.secret,
      });
    });
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function accessToken({ body }: Answer): string {
  return z.looseObject({ access_token: z.string() }).parse(body).access_token;
}

function claimsOf(answer: Answer): unknown {
  return JSON.parse(Buffer.from(accessToken(answer).split('.')[1] ?? '', 'base64url').toString());
}
