import { createHash, createPublicKey } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { KubeObject } from '../../src/kube/object.ts';
import { kinds } from '../harness/cluster.ts';
import type { World } from '../harness/world.ts';
import { gitHubIntegration, reconciled, waitForConnection } from './objects.ts';
import { expectOutcome, type Outcome, ready, stalled } from './outcome.ts';
import { useSuite } from './suite.ts';
import { heldByCodeMie } from './traffic.ts';

const suite = useSuite();
let namespace: string;
/** Keys as GitHub hands them out. Several Apps may have the same here: GitHub knows them by App and key. */
let pem: string;
let strangersPem: string;
let apps = 0;

beforeAll(async () => {
  namespace = await suite.team();
  pem = suite.privateKey();
  strangersPem = suite.privateKey();
  suite.world.github.addRepository({ fullName: 'acme/vault' });
  await waitForConnection(suite.cluster, kinds.connection, `${namespace}/own`, { Ready: 'True/Ready' });
});

type NewInstallation = Parameters<World['github']['addInstallation']>[0];

interface AppCase extends Outcome {
  /** What is installed, in the order of the ids. */
  installed: readonly (Partial<NewInstallation> & { account: string; suspended?: boolean })[];
  /** The permissions that the App asks for; default all that CodeMie's documentation wants. */
  asksFor?: Record<string, 'read' | 'write'>;
  /** Fields of `auth.githubApp`, given the Secret's name and the id of the second installation. */
  auth?: (given: { name: string; id: number | undefined }) => Record<string, unknown>;
  /** What GitHub knows differently: another key of that App, or no such App. */
  mistake?: 'key' | 'appID';
  /** The account whose installation is in the status. */
  account?: string;
}

const app = 'GET api.github.com/app';
const listed = `${app}/installations`;
const first = [app, listed];
const twice: AppCase['installed'] = [{ account: 'zeta' }, { account: 'acme' }];
const resolved = {
  ...ready,
  InstallationResolved: 'True/Resolved',
  PermissionsSufficient: 'True/Sufficient',
};
const mayOnlyRead = { contents: 'read', pull_requests: 'write', metadata: 'read' } as const;

const cases: Record<string, AppCase> = {
  'one installation, none named': {
    installed: [{ account: 'acme' }],
    conditions: resolved,
    calls: first,
    account: 'acme',
  },
  'several, none named': {
    installed: [{ account: 'zeta' }, { account: 'umbrella' }, { account: 'acme' }],
    conditions: { ...resolved, InstallationResolved: 'True/FirstOfMany' },
    calls: first,
    account: 'zeta',
  },
  'the first is suspended, none named': {
    installed: [{ account: 'zeta', suspended: true }, { account: 'acme' }],
    conditions: resolved,
    calls: first,
    account: 'acme',
  },
  'named by owner': {
    installed: twice,
    auth: () => ({ installation: { owner: 'ACME' } }),
    conditions: resolved,
    calls: [app, 'GET api.github.com/users/ACME/installation'],
    account: 'acme',
  },
  'named by repository': {
    installed: [{ account: 'zeta' }, { account: 'acme', repositories: ['acme/vault'] }],
    auth: () => ({ installation: { repository: 'acme/vault' } }),
    conditions: resolved,
    calls: [app, 'GET api.github.com/repos/acme/vault/installation'],
    account: 'acme',
  },
  'named by id': {
    installed: twice,
    auth: ({ id }) => ({ installation: { id } }),
    conditions: resolved,
    calls: [app, `${app}/installations/<id>`],
    account: 'acme',
  },
  'named by an id in the Secret': {
    installed: twice,
    auth: ({ name }) => ({ installation: { idSecretRef: { name } } }),
    conditions: resolved,
    calls: [app, `${app}/installations/<id>`],
    account: 'acme',
  },
  'App ID in the Secret': {
    installed: twice,
    auth: ({ name }) => ({ appID: undefined, appIDSecretRef: { name }, installation: { owner: 'acme' } }),
    conditions: resolved,
    calls: [app, 'GET api.github.com/users/acme/installation'],
    account: 'acme',
  },
  'named by id, under policy Skip': {
    installed: twice,
    auth: ({ id }) => ({ installation: { id } }),
    spec: { validation: { policy: 'Skip' } },
    conditions: { ...ready, InstallationResolved: 'True/Resolved', CredentialsValid: 'True/NotChecked' },
    calls: [],
  },
  'none named, under policy Skip': {
    installed: twice,
    spec: { validation: { policy: 'Skip' } },
    conditions: stalled('NotFound'),
    calls: [],
    says: 'validation.policy Skip forbids to ask GitHub for the installation. Write auth.githubApp.installation.id, or choose the policy Warn.',
  },
  'not installed anywhere': {
    installed: [],
    conditions: {
      ...stalled('NotFound'),
      CredentialsValid: 'True/Valid',
      InstallationResolved: 'False/NotFound',
    },
    calls: first,
  },
  'not installed for the owner': {
    installed: twice,
    auth: () => ({ installation: { owner: 'nobody' } }),
    conditions: stalled('NotFound'),
    calls: [
      app,
      'GET api.github.com/users/nobody/installation',
      'GET api.github.com/orgs/nobody/installation',
      listed,
    ],
    says: /^The App is not installed for nobody on github\.com; it is installed for acme, zeta\. /,
  },
  'not installed for the repository': {
    installed: [{ account: 'zeta' }],
    auth: () => ({ installation: { repository: 'acme/vault' } }),
    conditions: stalled('NotFound'),
    calls: [app, 'GET api.github.com/repos/acme/vault/installation', listed],
  },
  'an id of another App': {
    installed: twice,
    auth: () => ({ installation: { id: 1 } }),
    conditions: stalled('NotFound'),
    calls: [app, `${app}/installations/1`, listed],
  },
  suspended: {
    installed: [{ account: 'acme', suspended: true }],
    conditions: { ...stalled('Suspended'), InstallationResolved: 'False/Suspended' },
    calls: first,
    account: 'acme',
  },
  'a permission not approved yet': {
    installed: [{ account: 'acme', permissions: mayOnlyRead }],
    conditions: { ...stalled('PermissionsPending'), InstallationResolved: 'False/PermissionsPending' },
    calls: first,
    account: 'acme',
    says: 'The App asks for Contents: Read and write, which acme has not approved. An owner approves the request under Settings, GitHub Apps.',
  },
  'a permission not approved yet, under policy Warn': {
    installed: [{ account: 'acme', permissions: mayOnlyRead }],
    spec: { validation: { policy: 'Warn' } },
    conditions: { ...resolved, PermissionsSufficient: 'False/MissingPermissions' },
    calls: first,
    account: 'acme',
  },
  'a permission that the App does not ask for': {
    installed: [{ account: 'acme' }],
    asksFor: mayOnlyRead,
    conditions: { ...stalled('MissingPermissions'), InstallationResolved: 'True/Resolved' },
    calls: first,
    account: 'acme',
    says: 'The installation of the App lacks Contents: Read and write. Add it in the settings of the App, then have each account approve that, or change validation.requiredScopes: https://docs.github.com/en/apps/maintaining-github-apps/modifying-a-github-app-registration#changing-the-permissions-of-a-github-app',
  },
  'the key of another App': {
    installed: [{ account: 'acme' }],
    mistake: 'key',
    conditions: { ...stalled('KeyAppMismatch'), CredentialsValid: 'False/KeyAppMismatch' },
    calls: [app],
    says: /^github\.com knows no key of GitHub App \d+ that matches the private key in Secret "[^"]+" \(key "[^"]+", SHA256:[^)]{43}=?\)\. Compare its fingerprint with the keys on the App's settings page/,
  },
  'an App ID that does not exist': {
    installed: [{ account: 'acme' }],
    mistake: 'appID',
    conditions: stalled('KeyAppMismatch'),
    calls: [app],
  },
};

/** Makes an App at GitHub with its installations. */
function addApp({ installed, asksFor, mistake }: Pick<AppCase, 'installed' | 'asksFor' | 'mistake'>) {
  const { github } = suite.world;
  const appID = 4710 + ++apps;
  const permissions = { contents: 'write', pull_requests: 'write', metadata: 'read' } as const;
  github.addApp({
    id: appID,
    privateKey: mistake === 'key' ? strangersPem : pem,
    permissions: asksFor ?? permissions,
  });
  const ids = installed.map(({ suspended, ...rest }) => {
    const { id } = github.addInstallation({ appId: appID, ...rest });
    if (suspended) github.suspend(id);
    return id;
  });
  if (mistake === 'appID') github.removeApp(appID);
  const name = `app-${appID}`;
  return { appID, ids, name, key: `${namespace}/${name}` };
}

describe('a GitHub App', () => {
  it.each(Object.entries(cases))('%s', async (_, given) => {
    const { appID, ids, key, name } = addApp(given);
    const [, id] = ids;
    const auth = { appID, privateKeySecretRef: { name }, ...given.auth?.({ name, id }) };
    const seen = await expectOutcome(
      suite,
      key,
      {
        secret: { privateKey: pem, appID: String(appID), installationID: String(id) },
        auth: () => ({ githubApp: auth }),
      },
      { ...given, calls: given.calls.map((call) => call.replace('<id>', String(id))) },
    );
    const { installation, registration } = seen.status;
    expect(installation?.account).toBe(given.account);
    if (!registration) return;
    expect(heldByCodeMie(suite.world, key).values).toEqual({
      url: 'https://github.com',
      auth_type: 'github_app',
      app_id: String(appID),
      private_key: pem,
      installation_id: String(installation?.id),
      managed_by: `codemie-git-operator/${suite.system}/${key}`,
    });
  });

  it('says in the status what its key looks like on the settings page', async () => {
    const { key } = await registered([{ account: 'acme' }]);
    const { status } = await suite.cluster.waitForConditions(key, ready);
    const spki = createPublicKey(pem).export({ type: 'spki', format: 'der' });
    expect(status.credential).toMatchObject({
      kind: 'GitHubApp',
      account: expect.stringMatching(/^app-\d+\[bot\]$/),
      fingerprint: `SHA256:${createHash('sha256').update(spki).digest('base64')}`,
    });
  });

  it('names in an event the installations that it might also have taken', async () => {
    const { key, name } = await registered([
      { account: 'zeta' },
      { account: 'umbrella' },
      { account: 'acme' },
    ]);
    const warning = await suite.cluster.waitFor(`the event of ${key}`, async () => {
      const events = await suite.cluster.list(kinds.event, namespace);
      return events.find((event) => event['reason'] === 'FirstOfMany' && isAbout(event, name));
    });
    expect(warning).toMatchObject({
      type: 'Warning',
      note: 'The App is also installed for acme, umbrella; zeta was taken. Name one under auth.githubApp.installation.',
    });
  });
});

describe('an installation that changes', () => {
  it('is found again under its new id, in the row that CodeMie has', async () => {
    const { world, cluster } = suite;
    const { key, ids } = await registered([{ account: 'acme' }]);
    const before = heldByCodeMie(world, key);
    const { id } = world.github.reinstall(ids[0] ?? 0);
    const { status } = await reconciled(cluster, key, ready);
    expect(status.installation?.id).toBe(id);
    const after = heldByCodeMie(world, key);
    expect(after).toMatchObject({ id: before.id, values: { installation_id: String(id), private_key: pem } });
  });

  it('is reported under its new id where the old one was recorded', async () => {
    const { world, cluster } = suite;
    const { key, ids } = await registered([{ account: 'acme' }], (id) => ({ installation: { id } }));
    const { id } = world.github.reinstall(ids[0] ?? 0);
    const seen = await reconciled(cluster, key, { ...stalled('NotFound'), Registered: 'True/Registered' });
    expect(seen.condition('Ready').message).toMatch(
      new RegExp(`^The App has no installation ${ids[0]} on github.com any more; for acme it has ${id}\\.`),
    );
  });

  it.each([
    ['is suspended', 'Suspended', 'suspend', 'unsuspend'],
    ['is removed', 'NotFound', 'removeInstallation', undefined],
  ] as const)('leaves to CodeMie what it has when it %s', async (_, reason, change, undo) => {
    const { world, cluster } = suite;
    const { key, ids } = await registered([{ account: 'acme' }]);
    const before = heldByCodeMie(world, key);
    world.github[change](ids[0] ?? 0);
    const seen = await reconciled(cluster, key, {
      ...stalled(reason),
      InstallationResolved: `False/${reason}`,
      Registered: 'True/Registered',
    });
    expect(seen.condition('Ready').message).toMatch(
      /\(CodeMie keeps the credential that was registered last\)\.$/,
    );
    if (undo) {
      world.github[undo](ids[0] ?? 0);
      await reconciled(cluster, key, ready);
    }
    expect(heldByCodeMie(world, key)).toEqual(before);
  });

  it('is used as soon as its permissions are approved', async () => {
    const { world, cluster } = suite;
    const { key, ids } = await applied([{ account: 'acme', permissions: mayOnlyRead }]);
    await cluster.waitForConditions(key, stalled('PermissionsPending'));
    world.github.approvePermissions(ids[0] ?? 0);
    const { status } = await reconciled(cluster, key, ready);
    expect(heldByCodeMie(world, key).id).toBe(status.registration?.id);
  });
});

/** Applies an integration with a new App. */
async function applied(
  installed: AppCase['installed'],
  more: (id: number | undefined) => Record<string, unknown> = () => ({}),
) {
  const made = addApp({ installed });
  const { key, name, appID, ids } = made;
  await suite.cluster.createSecret(key, { privateKey: pem });
  const auth = { githubApp: { appID, privateKeySecretRef: { name }, ...more(ids[0]) } };
  await suite.cluster.create(kinds.integration, gitHubIntegration(key, { auth }));
  return made;
}

/** Applies an integration with a new App, and waits until it is Ready. */
async function registered(...given: Parameters<typeof applied>) {
  const made = await applied(...given);
  await suite.cluster.waitForConditions(made.key, ready);
  return made;
}

function isAbout(event: KubeObject, name: string): boolean {
  return z.object({ regarding: z.object({ name: z.literal(name) }) }).safeParse(event).success;
}
