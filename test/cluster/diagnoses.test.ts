import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { kubectl } from '../harness/kubectl.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { gitHubIntegration, makeClusterConnection, waitForConnection } from './objects.ts';
import { useSuite } from './suite.ts';

const suite = useSuite();
let namespace: string;
let pem: string;
let fingerprint: string;

beforeAll(async () => {
  const { world, cluster } = suite;
  namespace = await suite.team();
  pem = suite.privateKey();
  world.github.addApp({ id: 123456, privateKey: suite.privateKey() });
  world.github.addApp({ id: 999, privateKey: pem });
  world.github.addInstallation({ appId: 999, account: 'acme' });
  await waitForConnection(cluster, kinds.connection, `${namespace}/own`, { Ready: 'True/Ready' });
  await cluster.createSecret(`${namespace}/reference`, { privateKey: pem });
  const reference = `${namespace}/reference`;
  const auth = { githubApp: { appID: 999, privateKeySecretRef: { name: 'reference' } } };
  await cluster.create(kinds.integration, gitHubIntegration(reference, { auth }));
  const { status } = await cluster.waitForConditions(reference, { Ready: 'True/Ready' });
  fingerprint = status.credential?.fingerprint ?? '';
});

/** Something that went wrong, and everything that the message needs to say so that a user can fix it. */
interface Task {
  /** The content of the Secret `credential`. */
  secret?: () => Record<string, string>;
  spec?: () => Record<string, unknown> | Promise<Record<string, unknown>>;
  /** The columns Ready and Reason. */
  columns: [ready: string, reason: string];
  /** What the message names: the Secret and key, the field to change, the page to open. */
  names: (string | (() => string))[];
}

const tokensPage = 'https://github.com/settings/tokens';
const secretAndKey = 'token in Secret "credential" (key "token")';
const token = (more: Record<string, unknown> = {}) => ({
  auth: { token: { secretRef: { name: 'credential' }, ...more } },
});
const app = (more: Record<string, unknown>) => ({
  auth: { githubApp: { privateKeySecretRef: { name: 'credential' }, ...more } },
});

/** A token that GitHub knows. */
function known(scopes = ['repo', 'project']): string {
  const made = suite.secret('ghp_');
  suite.world.github.addToken({ token: made, login: 'octocat', scopes });
  return made;
}

const tasks: Record<string, Task> = {
  'a token that has expired': {
    secret: () => ({ token: suite.secret('ghp_') }),
    spec: () => token({ expiresAt: '2020-01-01T00:00:00Z' }),
    columns: ['False', 'Expired'],
    names: [secretAndKey, 'github.com', 'Create a new'],
  },
  'a token of another product': {
    secret: () => ({ token: suite.secret('glpat-') }),
    columns: ['False', 'WrongProvider'],
    names: [secretAndKey, '"glpat-…"', 'spec.provider is GitHub', 'provider: GitLab', 'nothing was sent'],
  },
  'a token without its scopes': {
    secret: () => ({ token: known([]) }),
    columns: ['False', 'MissingPermissions'],
    names: [secretAndKey, 'repo, project', 'validation.requiredScopes', tokensPage],
  },
  'the private key of another App': {
    secret: () => ({ privateKey: pem }),
    spec: () => app({ appID: 123456 }),
    columns: ['False', 'KeyAppMismatch'],
    names: [
      'private key in Secret "credential" (key "privateKey"',
      () => fingerprint,
      '123456',
      'auth.githubApp.appID',
      'https://',
    ],
  },
  'a misspelt owner': {
    secret: () => ({ privateKey: pem }),
    spec: () => app({ appID: 999, installation: { owner: 'acmee' } }),
    columns: ['False', 'NotFound'],
    names: ['acmee', 'auth.githubApp.installation'],
  },
  'a misspelt project': {
    secret: () => ({ token: known() }),
    spec: async () => ({
      project: 'dmeo',
      connectionRef: { kind: 'ClusterCodeMieConnection', name: await shared([namespace]) },
    }),
    columns: ['False', 'ProjectNotAllowed'],
    names: [
      '"dmeo"',
      'ClusterCodeMieConnection "shared-',
      'only: demo',
      "spec.project can't be edited",
      'owner of the connection',
      'spec.consumers',
    ],
  },
  'a namespace that the connection does not allow': {
    secret: () => ({ token: known() }),
    spec: async () => ({
      connectionRef: { kind: 'ClusterCodeMieConnection', name: await shared(['others']) },
    }),
    columns: ['False', 'ConnectionNotAllowed'],
    names: [
      'ClusterCodeMieConnection "shared-',
      () => `namespace "${namespace}"`,
      'owner of the connection',
      'spec.consumers',
    ],
  },
  'a misspelt Secret': {
    secret: () => ({ token: known() }),
    spec: () => ({ auth: { token: { secretRef: { name: 'credentail' } } } }),
    columns: ['False', 'SecretNotFound'],
    names: [
      'Secret "credentail"',
      () => `namespace "${namespace}"`,
      'there is one called "credential"',
      'spec.auth.token.secretRef.name',
    ],
  },
  'a misspelt key': {
    secret: () => ({ password: 'x', username: 'y' }),
    columns: ['False', 'SecretKeyMissing'],
    names: [
      'Secret "credential"',
      'key "token"',
      'it has password, username',
      'spec.auth.token.secretRef.key',
    ],
  },
  'a host that the connection does not allow': {
    secret: () => ({ token: suite.secret('glpat-') }),
    spec: () => ({ provider: 'GitLab', url: 'https://gitlab.other.example', ...token() }),
    columns: ['False', 'HostNotAllowed'],
    names: ['gitlab.other.example', 'CodeMieConnection "own"', 'spec.providerHosts'],
  },
  'a self-signed certificate': {
    secret: () => ({ token: suite.secret('glpat-') }),
    spec: () => {
      const { internet } = suite.world;
      internet.setFault('gitlab.com', { kind: 'certificate', problem: 'selfSigned' });
      onTestFinished(() => internet.setFault('gitlab.com', undefined));
      return { provider: 'GitLab', ...token() };
    },
    columns: ['False', 'TLSUntrusted'],
    names: [
      'gitlab.com presents a self-signed certificate',
      'kubectl create configmap git-ca --from-file=ca.crt',
      'tls.caRef',
    ],
  },
  'an installation token': {
    secret: () => ({ token: suite.secret('ghs_') }),
    columns: ['False', 'SecretValueInvalid'],
    names: [secretAndKey, '"ghs_…"', 'one hour', 'spec.auth.githubApp'],
  },
  'a token in quotes': {
    secret: () => ({ token: `"${suite.secret('ghp_')}"` }),
    columns: ['False', 'SecretValueInvalid'],
    names: [secretAndKey, 'quotation marks'],
  },
};

/** A connection of the cluster that lets these namespaces write the project `demo`. */
function shared(namespaces: string[]): Promise<string> {
  return makeClusterConnection(suite, { consumers: [{ namespaces, projects: ['demo'] }] });
}

async function run(...args: string[]): Promise<string> {
  const { stdout, stderr, code } = await kubectl(args, { kubeconfig: kubeconfigPath() });
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  return stdout;
}

describe('what kubectl shows is enough to put right', () => {
  it.each(Object.entries(tasks))(
    '%s',
    async (_, { secret, spec = token, columns, names }) => {
      const { cluster } = suite;
      const name = `task-${randomUUID().slice(0, 8)}`;
      const key = `${namespace}/${name}`;
      // All Secrets have the same name, so that the texts above are plain.
      onTestFinished(async () => {
        await cluster.delete(kinds.integration, key);
        await cluster.waitForGone(kinds.integration, key);
        if (secret) await cluster.delete(kinds.secret, `${namespace}/credential`);
      });
      if (secret) await cluster.createSecret(`${namespace}/credential`, secret());
      await cluster.create(kinds.integration, gitHubIntegration(key, await spec()));
      const [isReady, reason] = columns;
      // A refusal that may be a matter of seconds is asked about again before it is a verdict.
      const seen = await cluster.waitFor(
        `${key} to be ${columns.join('/')}`,
        async () => {
          const found = await cluster.waitForConditions(key, {});
          return found.is('Ready', columns.join('/')) && found;
        },
        150_000,
      );

      const about = ['gitintegration', name, '--namespace', namespace];
      const [head = '', row = ''] = (await run('get', ...about)).split('\n');
      expect(head).toMatch(/^NAME +READY +REASON/);
      expect(row.split(/ +/).slice(0, 3)).toEqual([name, isReady, reason]);
      expect(await run('get', ...about, '--output', 'wide')).toContain(seen.condition('Ready').message);

      const described = await run('describe', ...about);
      const { message } = seen.condition('Ready');
      // At most what is wrong, and what to do.
      expect(message.length).toBeLessThan(600);
      expect(described.replaceAll(/\s+/g, ' ')).toContain(message.replaceAll(/\s+/g, ' '));
      const wanted = names.map((each) => (typeof each === 'function' ? each() : each));
      expect(wanted.filter((each) => !message.includes(each))).toEqual([]);

      const events = await cluster.waitFor(`an event about ${key}`, async () => {
        const listed = await run('events', '--for', `gitintegration/${name}`, '--namespace', namespace);
        return listed.includes(reason) && listed;
      });
      expect(events).toMatch(/Warning/);
      expect(events).toContain(message);
    },
    180_000,
  );

  it('shows the fingerprint of a key that GitHub does not know', async () => {
    const { cluster } = suite;
    const key = `${namespace}/mismatch`;
    await cluster.createSecret(key, { privateKey: pem });
    const auth = { githubApp: { appID: 123456, privateKeySecretRef: { name: 'mismatch' } } };
    await cluster.create(kinds.integration, gitHubIntegration(key, { auth }));
    const jsonPath = '{.spec.auth.githubApp.appID} {.status.credential.fingerprint}';
    const about = [
      'gitintegration',
      'mismatch',
      '--namespace',
      namespace,
      '--output',
      `jsonpath=${jsonPath}`,
    ];
    const shown = await cluster.waitFor('the fingerprint', async () =>
      run('get', ...about).then((text) => text.includes('SHA256:') && text),
    );
    expect(shown).toBe(`123456 ${fingerprint}`);
    // The verdict, a minute and a half later, keeps it.
    const verdict = await cluster.waitFor(
      'the verdict',
      async () => {
        const found = await cluster.waitForConditions(key, {});
        return found.is('Ready', 'False/KeyAppMismatch') && found;
      },
      150_000,
    );
    expect(verdict.status.credential?.fingerprint).toBe(fingerprint);
    expect(verdict.condition('Ready').message).toContain(fingerprint);
  }, 180_000);
});
