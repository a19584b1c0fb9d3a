import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import { kinds } from '../harness/cluster.ts';
import { gitHubIntegration, storeGitHubToken } from './objects.ts';
import { clientCredentials, useSuite } from './suite.ts';
import { heldByCodeMie, listen } from './traffic.ts';

const suite = useSuite();
let namespace: string;
/** The key of the App 4711 in the form in which GitHub hands it out. */
let pem: string;

beforeAll(async () => {
  const { world } = suite;
  namespace = await suite.team();
  pem = suite.privateKey();
  world.github.addApp({ id: 4711, privateKey: pem });
  world.github.addInstallation({ appId: 4711, account: 'acme' });
});

/** Makes the GitIntegration `name` with the credential of the Secret `secret`. */
function create(name: string, spec: Record<string, unknown>): Promise<KubeObject> {
  return suite.cluster.create(kinds.integration, gitHubIntegration(`${namespace}/${name}`, spec));
}

const tokenIn = (secret: string) => ({ auth: { token: { secretRef: { name: secret } } } });
const appIn = (secret: string, rest: Record<string, unknown> = { appID: 4711 }) => ({
  auth: { githubApp: { privateKeySecretRef: { name: secret }, ...rest } },
});

/** What the Secret `used` holds, which spec reads it, and what the message says. */
interface Fault {
  /** Undefined: there is no Secret. */
  data: (() => Record<string, string>) | undefined;
  spec: Record<string, unknown>;
  reason: string;
  says: string;
}

const tokenFault = (token: string, says: string): Fault => ({
  data: () => ({ token }),
  spec: tokenIn('used'),
  reason: 'SecretValueInvalid',
  says: `The token in Secret "used" (key "token") ${says}`,
});

const keyFault = (privateKey: () => string, says: string): Fault => ({
  data: () => ({ privateKey: privateKey() }),
  spec: appIn('used'),
  reason: 'PrivateKeyInvalid',
  says: `The private key in Secret "used" (key "privateKey") ${says}`,
});

const numberFault = (rest: Record<string, unknown>, data: Record<string, string>, says: string): Fault => ({
  data: () => ({ privateKey: pem, ...data }),
  spec: appIn('used', rest),
  reason: 'SecretValueInvalid',
  says,
});

const fillIn = 'Put the value into the Secret under that key; the operator picks it up at once.';
const bareValue = 'Store the bare value in one line, without anything before or after it.';
const wholeFile = 'Store the whole .pem file that GitHub gave you, with its BEGIN and END lines.';
const withoutPassphrase = 'Store it without a passphrase: openssl rsa -in key.pem -out plain.pem.';
const numeric = 'from the settings page on GitHub, not a client ID or a name.';

const faults: Record<string, Fault> = {
  'no Secret': {
    data: undefined,
    spec: tokenIn('used'),
    reason: 'SecretNotFound',
    says: 'Secret "used" does not exist in namespace "<namespace>". Create it, or correct spec.auth.token.secretRef.name; the operator picks it up at once.',
  },
  'no such key': {
    data: () => ({ password: suite.secret('ghp_') }),
    spec: tokenIn('used'),
    reason: 'SecretKeyMissing',
    says: 'Secret "used" has no key "token"; it has password. Add the key, or correct spec.auth.token.secretRef.key.',
  },
  'an empty token': tokenFault('', `is empty. ${fillIn}`),
  'a newline for a token': tokenFault('\n', `is empty. ${fillIn}`),
  'two lines for a token': tokenFault('ghp_first\nghp_second', `has more than one line. ${bareValue}`),
  'no key with the user name': {
    data: () => ({ token: suite.secret('ghp_') }),
    spec: { auth: { token: { secretRef: { name: 'used' }, usernameSecretRef: { name: 'used' } } } },
    reason: 'SecretKeyMissing',
    says: 'Secret "used" has no key "username"; it has token. Add the key, or correct spec.auth.token.usernameSecretRef.key.',
  },
  'no ConfigMap with the authority': {
    data: () => ({ token: suite.secret('ghp_') }),
    spec: { ...tokenIn('used'), tls: { caRef: { name: 'authority' } } },
    reason: 'SecretNotFound',
    says: 'ConfigMap "authority" does not exist in namespace "<namespace>". Create it, or correct spec.tls.caRef.name; the operator picks it up at once.',
  },
  'an authority that is no certificate': {
    data: () => ({ token: suite.secret('ghp_'), 'ca.crt': 'a certificate' }),
    spec: { ...tokenIn('used'), tls: { caRef: { kind: 'Secret', name: 'used' } } },
    reason: 'SecretValueInvalid',
    says: `The CA bundle in Secret "used" (key "ca.crt") contains no PEM certificate. Store the authority's certificate in PEM, with its BEGIN and END lines.`,
  },
  'a key that was cut off': keyFault(
    () => pem.slice(0, pem.length / 2),
    `has no END line: it was cut off. ${wholeFile}`,
  ),
  'a key without a piece of a line': keyFault(
    () => pem.replace(/\n.{20}/, '\n'),
    `is damaged: it cannot be decoded. ${wholeFile}`,
  ),
  'a word for a key': keyFault(() => 'secret', `has no BEGIN line. ${wholeFile}`),
  'the public key': keyFault(
    () => rsa().publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    `is a public key. ${wholeFile}`,
  ),
  'an encrypted key': keyFault(
    () => encrypted('pkcs8'),
    `is encrypted with a passphrase. ${withoutPassphrase}`,
  ),
  'a key encrypted in the old way': keyFault(
    () => encrypted('pkcs1'),
    `is encrypted with a passphrase. ${withoutPassphrase}`,
  ),
  'an OpenSSH key': keyFault(
    () => pem.replaceAll('RSA PRIVATE', 'OPENSSH PRIVATE'),
    'is in OpenSSH format. Use the .pem file of the App, or convert it: ssh-keygen -p -m PEM -f key.',
  ),
  'an elliptic key': keyFault(
    () => elliptic('sec1'),
    `is not an RSA key, and GitHub Apps sign with RSA. ${wholeFile}`,
  ),
  'an elliptic key in PKCS#8': keyFault(
    () => elliptic('pkcs8'),
    `is not an RSA key, and GitHub Apps sign with RSA. ${wholeFile}`,
  ),
  'a client ID for an App ID': numberFault(
    { appIDSecretRef: { name: 'used' } },
    { appID: 'Iv23liABCDEF' },
    `The App ID in Secret "used" (key "appID") is a client ID. Store the numeric App ID from the settings page on GitHub, not the client ID.`,
  ),
  'a name for an installation ID': numberFault(
    { appID: 4711, installation: { idSecretRef: { name: 'used' } } },
    { installationID: 'acme' },
    `The installation ID in Secret "used" (key "installationID") is not a number. Store the numeric installation ID ${numeric}`,
  ),
};

const awaited = new Set(['SecretNotFound', 'SecretKeyMissing']);

describe('a Secret that is not fit', () => {
  it.each(Object.entries(faults))('%s', async (_, { data, spec, reason, says }) => {
    const { cluster, world } = suite;
    const heard = listen(world);
    if (data) await cluster.createSecret(`${namespace}/used`, data());
    await create('unfit', spec);
    const seen = await cluster.waitForConditions(`${namespace}/unfit`, {
      Ready: `False/${reason}`,
      CredentialsResolved: `False/${reason}`,
      // What is missing wakes the operator when it comes; a wrong value stays wrong until a user acts.
      Stalled: awaited.has(reason) || says.includes('is empty') ? '' : `True/${reason}`,
      Reconciling: '',
      CredentialsValid: '',
      Registered: '',
    });
    expect(seen.condition('Ready').message).toBe(says.replace('<namespace>', namespace));
    expect(seen.object.metadata.finalizers).toBeUndefined();
    expect(heard()).toEqual([]);

    await cluster.delete(kinds.integration, `${namespace}/unfit`);
    await cluster.waitForGone(kinds.integration, `${namespace}/unfit`);
    await cluster.delete(kinds.secret, `${namespace}/used`);
  });

  it('is all that is reported, once the connection is there', async () => {
    const { cluster, world } = suite;
    const own = await cluster.createNamespace('late');
    await cluster.createSecret(`${own}/login`, { clientSecret: world.clientSecret });
    await cluster.create(kinds.integration, gitHubIntegration(`${own}/early`));
    await cluster.waitForConditions(`${own}/early`, { Registered: 'False/ConnectionNotFound' });
    await cluster.create(kinds.connection, {
      metadata: { name: 'own', namespace: own },
      spec: { url: world.codemie.url, auth: clientCredentials(world, 'login') },
    });
    const seen = await cluster.waitForConditions(`${own}/early`, { Ready: 'False/SecretNotFound' });
    expect(seen.is('Registered', '')).toBe(true);
  });
});

const keyForms: Record<string, (given: string) => string> = {
  'as it is': (given) => given,
  'with CRLF': (given) => given.replaceAll('\n', '\r\n'),
  'with literal \\n': (given) => given.replaceAll('\n', '\\n'),
  'on one line': (given) => given.replaceAll('\n', ' '),
  'without the newline at the end': (given) => given.trimEnd(),
  'indented as in YAML': (given) => given.replaceAll(/^/gm, '    '),
  'wrapped in base64 once more': (given) => Buffer.from(given).toString('base64'),
  'in PKCS#8': (given) => createPrivateKey(given).export({ type: 'pkcs8', format: 'pem' }).toString(),
};

const tokenForms: Record<string, (given: string) => string> = {
  'with a newline at the end': (given) => `${given}\n`,
  'with CRLF at the end': (given) => `${given}\r\n`,
  'with a byte order mark': (given) => `\uFEFF${given}`,
};

describe('a Secret that is fit reaches CodeMie in its one right form', () => {
  it.each(Object.entries(keyForms))('private key %s', async (form, write) => {
    const { cluster, world } = suite;
    const name = nameOf('key', form);
    await cluster.createSecret(`${namespace}/${name}`, { privateKey: write(pem) });
    await create(name, appIn(name));
    await cluster.waitForConditions(`${namespace}/${name}`, { Ready: 'True/Ready' });
    expect(heldByCodeMie(world, `${namespace}/${name}`).values['private_key']).toBe(pem);
  });

  it.each(Object.entries(tokenForms))('token %s', async (form, write) => {
    const { cluster, world } = suite;
    const name = nameOf('token', form);
    const token = suite.secret('ghp_');
    world.github.addToken({ token, login: 'octocat' });
    await cluster.createSecret(`${namespace}/${name}`, { token: write(token) });
    await create(name, tokenIn(name));
    await cluster.waitForConditions(`${namespace}/${name}`, { Ready: 'True/Ready' });
    expect(heldByCodeMie(world, `${namespace}/${name}`).values['token']).toBe(token);
  });
});

describe('a Secret that comes and goes', () => {
  it.each(['Secret', 'ConfigMap'] as const)('is noticed when it comes last: %s', async (last) => {
    const { cluster, world } = suite;
    const name = nameOf('late', last);
    const key = `${namespace}/${name}`;
    const steps = {
      Secret: () => storeGitHubToken(suite, key),
      ConfigMap: () => cluster.create(kinds.configMap, authority(name)),
    };
    await steps[last === 'Secret' ? 'ConfigMap' : 'Secret']();
    await create(name, { ...tokenIn(name), tls: { caRef: { name } } });
    const waiting = await cluster.waitForConditions(key, { Ready: 'False/SecretNotFound', Stalled: '' });
    expect(waiting.condition('Ready').message).toContain(`${last} "${name}" does not exist`);

    await steps[last]();
    const { status } = await cluster.waitForConditions(key, { Ready: 'True/Ready' });
    expect(heldByCodeMie(world, key).id).toBe(status.registration?.id);
  });

  it('is noticed when the missing key is added', async () => {
    const { cluster, world } = suite;
    const key = `${namespace}/late-key`;
    const token = suite.secret('ghp_');
    world.github.addToken({ token, login: 'octocat' });
    await cluster.createSecret(key, { other: 'value' });
    await create('late-key', tokenIn('late-key'));
    await cluster.waitForConditions(key, { Ready: 'False/SecretKeyMissing', Stalled: '' });
    await cluster.setSecret(key, 'token', token);
    await cluster.waitForConditions(key, { Ready: 'True/Ready', Stalled: '' });
    expect(heldByCodeMie(world, key).values['token']).toBe(token);
  });

  it('is picked up when its empty value is filled in', async () => {
    const { cluster, world } = suite;
    const key = `${namespace}/late-value`;
    const token = suite.secret('ghp_');
    world.github.addToken({ token, login: 'octocat' });
    await cluster.createSecret(key, { token: '' });
    await create('late-value', tokenIn('late-value'));
    await cluster.waitForConditions(key, { Ready: 'False/SecretValueInvalid', Stalled: '' });
    await cluster.setSecret(key, 'token', token);
    await cluster.waitForConditions(key, { Ready: 'True/Ready', Stalled: '' });
    expect(heldByCodeMie(world, key).values['token']).toBe(token);
  });

  it('leaves to CodeMie what it has when it is deleted, and says so', async () => {
    const { cluster, world } = suite;
    const key = `${namespace}/deleted`;
    const token = await storeGitHubToken(suite, key);
    await create('deleted', tokenIn('deleted'));
    await cluster.waitForConditions(key, { Ready: 'True/Ready' });
    const held = heldByCodeMie(world, key);

    const heard = listen(world);
    await cluster.delete(kinds.secret, key);
    const seen = await cluster.waitForConditions(key, {
      Ready: 'False/SecretNotFound',
      CredentialsResolved: 'False/SecretNotFound',
      Registered: 'True/Registered',
      Stalled: '',
    });
    expect(seen.condition('Ready').message).toBe(
      `Secret "deleted" does not exist in namespace "${namespace}". Create it, or correct spec.auth.token.secretRef.name; the operator picks it up at once (CodeMie keeps the credential that was registered last).`,
    );

    // The same credential again is no news for GitHub and CodeMie.
    await cluster.createSecret(key, { token });
    await cluster.waitForConditions(key, { Ready: 'True/Ready' });
    expect(heldByCodeMie(world, key)).toEqual(held);
    expect(heard()).toEqual([]);
  });
});

function nameOf(...words: string[]): string {
  return words
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-');
}

function authority(name: string) {
  return { metadata: { name, namespace }, data: { 'ca.crt': suite.world.internet.ca } };
}

function rsa() {
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

function encrypted(type: 'pkcs1' | 'pkcs8'): string {
  const cipher = { cipher: 'aes-256-cbc', passphrase: 'open sesame' };
  return rsa()
    .privateKey.export({ type, format: 'pem', ...cipher })
    .toString();
}

function elliptic(type: 'sec1' | 'pkcs8'): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type, format: 'pem' }).toString();
}
