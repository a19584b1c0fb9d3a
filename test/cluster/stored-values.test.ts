import { beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { gitHubIntegration, waitForConnection } from './objects.ts';
import { ready, stalled } from './outcome.ts';
import { useSuite } from './suite.ts';
import { heldByCodeMie, listen } from './traffic.ts';

const suite = useSuite();
let namespace: string;
let pem: string;
let made = 0;
let installation: number;

beforeAll(async () => {
  const { world } = suite;
  namespace = await suite.team();
  pem = suite.privateKey();
  world.github.addApp({ id: 4475970, privateKey: pem });
  installation = world.github.addInstallation({ appId: 4475970, account: 'acme' }).id;
  await waitForConnection(suite.cluster, kinds.connection, `${namespace}/own`, { Ready: 'True/Ready' });
});

/** What people store by mistake: the Secret's content, who reads it, and what is said of it. */
interface Stored {
  /** Texts, as `stringData` has them. */
  texts?: () => Record<string, string>;
  /** Content of `data`, as it is sent. */
  raw?: Record<string, string>;
  spec?: (name: string) => Record<string, unknown>;
  reason: string;
  says: (name: string) => string;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const utf16 = (text: string): string => Buffer.from(`\uFEFF${text}`, 'utf16le').toString('base64');
const invalid = (clause: string) => ({
  reason: 'SecretValueInvalid',
  says: (name: string) => `The token in Secret "${name}" (key "token") ${clause}`,
});
const token = (name: string, more: Record<string, unknown> = {}) => ({
  auth: { token: { secretRef: { name }, ...more } },
});
const app = (name: string, more: Record<string, unknown> = {}) => ({
  auth: { githubApp: { privateKeySecretRef: { name }, appIDSecretRef: { name }, ...more } },
});

const quoted =
  'starts and ends with quotation marks. Store it without them: kubectl and Kustomize keep quotes of an env file as a part of the value.';

const mistakes: Record<string, Stored> = {
  'a token in quotes': { texts: () => ({ token: `"${suite.secret('ghp_')}"` }), ...invalid(quoted) },
  'a token in quotes, under policy Skip': {
    texts: () => ({ token: `"${suite.secret('ghp_')}"` }),
    spec: (name) => ({ ...token(name), validation: { policy: 'Skip' } }),
    ...invalid(quoted),
  },
  'a token that is base64 once more': {
    texts: () => ({ token: base64(suite.secret('ghp_')) }),
    ...invalid(
      'is encoded in base64 once more. Store it decoded: put the bare value under stringData, where Kubernetes does the encoding.',
    ),
  },
  'a token that SOPS did not decrypt': {
    texts: () => ({ token: 'ENC[AES256_GCM,data:pNbegN0NQh2bXQ==,iv:c29t,tag:c29t,type:str]' }),
    ...invalid(
      'is still encrypted by SOPS. Turn on decryption where the Secret is applied (Flux: spec.decryption of the Kustomization).',
    ),
  },
  'a placeholder': {
    texts: () => ({ token: '<GITHUB_TOKEN>' }),
    ...invalid(
      'is a placeholder that was not filled in. Check the tool that fills it in, or store the value itself.',
    ),
  },
  'a JSON object': {
    texts: () => ({ token: `{"token":"${suite.secret('ghp_')}"}` }),
    ...invalid('is a JSON object. Store only the value (External Secrets: remoteRef.property).'),
  },
  'a token under data as it is': {
    raw: { token: 'b64377d7043139fc99ddb8a693f9a70900112233' },
    ...invalid(
      'is not text. A value under data has to be base64; put the plain value under stringData, where Kubernetes does the encoding.',
    ),
  },
  'a refresh token': {
    texts: () => ({ token: suite.secret('ghr_') }),
    ...invalid(
      'is a refresh token of a GitHub App ("ghr_…"), which can\'t authenticate on its own. Store a personal access token, or configure the App itself under spec.auth.githubApp.',
    ),
  },
  'a token of GitLab': {
    texts: () => ({ token: suite.secret('glpat-') }),
    reason: 'WrongProvider',
    says: (name) =>
      `The token in Secret "${name}" (key "token") is a GitLab access token ("glpat-…"), but spec.provider is GitHub. Store a token of GitHub, or create a GitIntegration with provider: GitLab; nothing was sent to github.com.`,
  },
  'a token of GitLab, under policy Skip': {
    texts: () => ({ token: suite.secret('glpat-') }),
    spec: (name) => ({ ...token(name), validation: { policy: 'Skip' } }),
    reason: 'WrongProvider',
    says: (name) =>
      `The token in Secret "${name}" (key "token") is a GitLab access token ("glpat-…"), but spec.provider is GitHub. Store a token of GitHub, or create a GitIntegration with provider: GitLab; nothing was sent to github.com.`,
  },
  'a token of GitHub for GitLab': {
    texts: () => ({ token: suite.secret('ghp_') }),
    spec: (name) => ({ provider: 'GitLab', ...token(name) }),
    reason: 'WrongProvider',
    says: (name) =>
      `The token in Secret "${name}" (key "token") is a GitHub personal access token ("ghp_…"), but spec.provider is GitLab. Store a token of GitLab, or create a GitIntegration with provider: GitHub; nothing was sent to gitlab.com.`,
  },
  'a user name that was not filled in': {
    texts: () => ({ token: suite.secret('ghp_'), username: '${USERNAME}' }),
    spec: (name) => token(name, { usernameSecretRef: { name } }),
    reason: 'SecretValueInvalid',
    says: (name) =>
      `The user name in Secret "${name}" (key "username") is a placeholder that was not filled in. Check the tool that fills it in, or store the value itself.`,
  },
  'a token for a user name': {
    texts: () => ({ token: suite.secret('ghp_'), username: suite.secret('ghp_') }),
    spec: (name) => token(name, { usernameSecretRef: { name } }),
    reason: 'SecretValueInvalid',
    says: (name) =>
      `The user name in Secret "${name}" (key "username") is a GitHub personal access token ("ghp_…"). Store the name here and the token under its own key.`,
  },
  'an App ID in quotes': {
    texts: () => ({ privateKey: pem, appID: '"4475970"' }),
    spec: app,
    reason: 'SecretValueInvalid',
    says: (name) => `The App ID in Secret "${name}" (key "appID") ${quoted}`,
  },
  'the address of an installation for its ID': {
    texts: () => ({
      privateKey: pem,
      appID: '4475970',
      installationID: 'https://github.com/organizations/acme/settings/installations/1',
    }),
    spec: (name) => app(name, { installation: { idSecretRef: { name } } }),
    reason: 'SecretValueInvalid',
    says: (name) =>
      `The installation ID in Secret "${name}" (key "installationID") is a URL. Store only the number at its end, which is the installation ID.`,
  },
  'the name of the file for a key': {
    texts: () => ({ privateKey: 'app.private-key.pem', appID: '4475970' }),
    spec: app,
    reason: 'PrivateKeyInvalid',
    says: (name) =>
      `The private key in Secret "${name}" (key "privateKey") is the name of a file instead of its content. Store the content: kubectl create secret generic --from-file.`,
  },
  'a private key for a CA bundle': {
    texts: () => ({ token: suite.secret('ghp_'), 'ca.crt': pem }),
    spec: (name) => ({ ...token(name), tls: { caRef: { kind: 'Secret', name } } }),
    reason: 'SecretValueInvalid',
    says: (name) =>
      `The CA bundle in Secret "${name}" (key "ca.crt") holds a private key and no certificate. Keep the key out of it and treat it as exposed if this is a ConfigMap; store the authority's certificate in PEM, with its BEGIN and END lines.`,
  },
};

describe('what people store by mistake is named and sent nowhere', () => {
  it.each(Object.entries(mistakes))('%s', async (_, { texts, raw, spec = token, reason, says }) => {
    const { cluster, world } = suite;
    const name = `stored-${made++}`;
    const key = `${namespace}/${name}`;
    const heard = listen(world);
    await cluster.createSecret(key, texts?.() ?? {}, raw);
    await cluster.create(kinds.integration, gitHubIntegration(key, spec(name)));
    const condition = reason === 'WrongProvider' ? 'CredentialsValid' : 'CredentialsResolved';
    const seen = await cluster.waitForConditions(key, { ...stalled(reason), [condition]: `False/${reason}` });
    expect(seen.condition('Ready').message).toBe(says(name));
    expect(heard()).toEqual([]);
  });
});

describe('what is put right is registered', () => {
  it('a token in UTF-16', async () => {
    const { cluster, world } = suite;
    const [key, value] = [`${namespace}/utf16`, suite.secret('ghp_')];
    world.github.addToken({ token: value, login: 'octocat' });
    await cluster.createSecret(key, {}, { token: utf16(`${value}\r\n`) });
    await cluster.create(kinds.integration, gitHubIntegration(key, token('utf16')));
    await cluster.waitForConditions(key, ready);
    expect(heldByCodeMie(world, key).values['token']).toBe(value);
  });

  it.each<[string, (text: string) => string]>([
    ['in UTF-16', (text) => utf16(text.replaceAll('\n', '\r\n'))],
    ['escaped twice', (text) => base64(text.replaceAll('\n', '\\\\n'))],
  ])('a private key %s, with an App ID that Helm wrote as a float', async (form, encode) => {
    const { cluster, world } = suite;
    const name = `app-${form.replaceAll(' ', '-').toLowerCase()}`;
    const key = `${namespace}/${name}`;
    await cluster.createSecret(key, { appID: '4.47597e+06' }, { privateKey: encode(pem) });
    await cluster.create(kinds.integration, gitHubIntegration(key, app(name)));
    await cluster.waitForConditions(key, ready);
    expect(heldByCodeMie(world, key).values).toMatchObject({ private_key: pem, app_id: '4475970' });
  });

  it('an App ID and an installation ID in quotes in the manifest', async () => {
    const { cluster, world } = suite;
    const key = `${namespace}/quoted-ids`;
    await cluster.createSecret(key, { privateKey: pem });
    const auth = {
      githubApp: {
        appID: '4475970',
        privateKeySecretRef: { name: 'quoted-ids' },
        installation: { id: String(installation) },
      },
    };
    await cluster.create(kinds.integration, gitHubIntegration(key, { auth }));
    await cluster.waitForConditions(key, ready);
    expect(heldByCodeMie(world, key).values).toMatchObject({
      app_id: '4475970',
      installation_id: String(installation),
    });
  });

  it('a CA bundle with a comment in Latin-1, which is under binaryData', async () => {
    const { cluster, world } = suite;
    const [key, value] = [`${namespace}/latin`, suite.secret('ghp_')];
    world.github.addToken({ token: value, login: 'octocat' });
    await cluster.createSecret(key, { token: value });
    const file = Buffer.concat([Buffer.from('# Autorit\u00e9\n', 'latin1'), Buffer.from(world.internet.ca)]);
    await cluster.create(kinds.configMap, {
      metadata: { name: 'latin', namespace },
      binaryData: { 'ca.crt': file.toString('base64') },
    });
    await cluster.create(
      kinds.integration,
      gitHubIntegration(key, { ...token('latin'), tls: { caRef: { name: 'latin' } } }),
    );
    await cluster.waitForConditions(key, ready);
    expect(heldByCodeMie(world, key).values['token']).toBe(value);
  });
});
