import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { waitForConnection } from './objects.ts';
import { clientCredentials, useSuite } from './suite.ts';

/*
 * What people store by mistake for the login of a connection. CodeMie allows few sign-ins with its own accounts in a
 * quarter of an hour, of which a tenant may use three: as many as this file needs.
 */

const suite = useSuite();
let namespace: string;
beforeAll(async () => {
  namespace = await suite.cluster.createNamespace('logins');
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const quoted =
  'starts and ends with quotation marks. Store it without them: kubectl and Kustomize keep quotes of an env file as a part of the value.';

/** Creates a connection with a login in a Secret of the same name. */
async function connect(name: string, auth: Record<string, unknown>, secret: Record<string, string>) {
  const { cluster, world } = suite;
  await cluster.createSecret(`${namespace}/${name}`, secret);
  await cluster.create(kinds.connection, {
    metadata: { name, namespace },
    spec: { url: world.codemie.url, auth },
  });
}

const see = (name: string, wanted: Record<string, string>) =>
  waitForConnection(suite.cluster, kinds.connection, `${namespace}/${name}`, wanted);

/**
 * How many sign-ins, at CodeMie and at the identity provider, named this client or user. Other connections of this file
 * are still retried, so that a count of all would be theirs too.
 */
function signInsOf(name: string): number {
  const { codemie, oidc } = suite.world;
  const atCodeMie = codemie.requests.filter(({ path }) => path.endsWith('/local-auth/login'));
  return [...oidc.requests, ...atCodeMie].filter((request) => {
    const [, basic = ''] = request.header('authorization')?.split('Basic ') ?? [];
    const sent = [request.body(), Buffer.from(basic, 'base64').toString()];
    return sent.some((text) => text.includes(name) || text.includes(base64(name)));
  }).length;
}

/** The login of a client that no other case names. */
function clientLogin(name: string) {
  const { clientCredentials: login } = clientCredentials(suite.world, name);
  return { clientCredentials: { ...login, clientID: name } };
}

const localLogin = (name: string) => ({
  localLogin: { emailSecretRef: { name }, passwordSecretRef: { name } },
});

/** A user of CodeMie's own, and the values of its login. */
function localUser(password: string): { email: string; password: string } {
  const { email } = suite.world.codemie.addUser({ username: `local-${randomUUID()}`, password });
  return { email, password };
}

describe('a client secret', () => {
  const cases: [string, (value: string) => string, string][] = [
    ['in quotes', (value) => `"${value}"`, quoted],
    [
      'that was not decrypted',
      () => 'ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]',
      'is still encrypted by SOPS.',
    ],
    [
      'of another product',
      () => suite.secret('ghp_'),
      'is a GitHub personal access token ("ghp_…"), which no login of CodeMie uses.',
    ],
    ['in a line of an env file', (value) => `CLIENT_SECRET=${value}`, 'has a name in front of it.'],
    ['of a workflow', () => '${{ secrets.CLIENT_SECRET }}', 'is a placeholder that was not filled in.'],
    ['that is masked', () => '**********', 'is masked.'],
  ];

  it.each(cases)('%s is named and sent to no one', async (form, store, says) => {
    const { world } = suite;
    const name = `client-${form.replaceAll(' ', '-')}`;
    await connect(name, clientLogin(name), { clientSecret: store(world.clientSecret) });
    const { message } = await see(name, {
      Ready: 'False/SecretValueInvalid',
      Stalled: 'True/SecretValueInvalid',
    });
    expect(message).toContain(`The client secret in Secret "${name}" (key "clientSecret") ${says}`);
    expect(signInsOf(name)).toBe(0);
  });

  it('that may be one is sent, and what is odd about it is said when it is rejected', async () => {
    await connect('client-filler', clientLogin('client-filler'), { clientSecret: 'changeme' });
    const { message } = await see('client-filler', {
      Ready: 'False/Unauthorized',
      Stalled: 'True/Unauthorized',
    });
    expect(message).toContain(
      '; the client secret in Secret "client-filler" (key "clientSecret") might not be the bare value: it looks like a placeholder, a file or another value.',
    );
    expect(signInsOf('client-filler')).toBeGreaterThan(0);
  });
});

describe("a login with CodeMie's own accounts", () => {
  const cases: [string, (login: { email: string; password: string }) => Record<string, string>, string][] = [
    [
      'whose password was not decrypted',
      ({ email }) => ({ email, password: 'ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]\n' }),
      'The password in Secret "<name>" (key "password") is still encrypted by SOPS.',
    ],
    [
      'whose password is a placeholder',
      ({ email }) => ({ email, password: '{{ .Values.password }}' }),
      'The password in Secret "<name>" (key "password") is a placeholder that was not filled in.',
    ],
    [
      'whose password is a JSON object',
      ({ email, password }) => ({ email, password: JSON.stringify({ password }) }),
      'The password in Secret "<name>" (key "password") is a JSON object.',
    ],
    [
      'whose e-mail address is in quotes',
      ({ email, password }) => ({ email: `"${email}"`, password }),
      `The e-mail address in Secret "<name>" (key "email") ${quoted}`,
    ],
    [
      'whose e-mail address is base64 once more',
      ({ email, password }) => ({ email: base64(email), password }),
      'The e-mail address in Secret "<name>" (key "email") is encoded in base64 once more.',
    ],
  ];

  it.each(cases)('%s is named and sent to no one', async (form, store, says) => {
    const name = `local-${form.split(' ').slice(1).join('-').toLowerCase()}`;
    const user = localUser(suite.secret('local'));
    await connect(name, localLogin(name), store(user));
    const { message } = await see(name, {
      Ready: 'False/SecretValueInvalid',
      Stalled: 'True/SecretValueInvalid',
    });
    expect(message).toContain(says.replace('<name>', name));
    expect(signInsOf(user.email)).toBe(0);
  });

  it('whose password contains quotes works', async () => {
    const user = localUser(`"${suite.secret('local')}"`);
    await connect('own-quotes', localLogin('own-quotes'), user);
    const { message } = await see('own-quotes', { Ready: 'True/Ready', Stalled: '' });
    expect(message).toMatch(/^CodeMie accepts the login of /);
    expect(signInsOf(user.email)).toBeGreaterThan(0);
  });

  it('whose password is stored in quotes says so when it is rejected, until it is corrected', async () => {
    const { email, password } = localUser(suite.secret('local'));
    await connect('in-quotes', localLogin('in-quotes'), { email, password: `'${password}'` });
    const { message } = await see('in-quotes', {
      Ready: 'False/Unauthorized',
      Stalled: 'True/Unauthorized',
    });
    expect(message).toContain(
      '; the password in Secret "in-quotes" (key "password") starts and ends with quotation marks, which are sent as a part of it.',
    );
    await suite.cluster.setSecret(`${namespace}/in-quotes`, 'password', password);
    await see('in-quotes', { Ready: 'True/Ready', Stalled: '' });
  });
});
