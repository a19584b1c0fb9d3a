import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { gitIntegrationConditions } from '../api/conditions.ts';
import { clusterCodeMieConnections, gitIntegrations, REGISTRATION_FINALIZER } from '../api/group.ts';
import type { KubeObject } from '../kube/object.ts';
import { reconcile, release, setSuspended } from './actions.ts';
import { explain } from './explain.ts';
import { type GetOptions, get } from './get.ts';
import { outputFormats } from './io.ts';
import { condition, integration, type TestCluster, testCluster, testIo } from './testing.ts';

/** What a terminal would obey, in every place where a server, another tenant or CodeMie may put a text. */
const attack = '\u001B[2J\u009B1m\u001B]0;x\u0007\u202E\u2028\r\nevil';
const controls = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const registration = (id: string, alias: string, project: string) => ({
  id,
  alias,
  project,
  scope: 'Project',
  connectionUID: 'uid-default',
  server: 'https://codemie.example.com/code-assistant-api',
  origin: 'Created',
  digest: 'd',
  remoteUpdatedAt: '2026-11-27T11:55:00',
  signature: 's',
});

const ready = integration('acme', {
  status: {
    conditions: [
      condition('Ready', 'True', 'Ready'),
      condition('CredentialsResolved', 'True', 'Resolved', 'The Secret "token" was read.'),
      condition('CredentialsValid', 'True', 'Valid', 'GitHub accepts the credential of octocat.'),
      condition('PermissionsSufficient', 'True', 'Sufficient', 'The scopes are there.'),
      condition('Registered', 'True', 'Registered', 'CodeMie has it.'),
    ],
    credential: { kind: 'ClassicToken', account: 'octocat', expiresAt: '2027-01-31T10:00:00Z' },
    registration: registration('9f1c', 'acme', 'demo'),
  },
});
const broken = integration('broken', {
  spec: { provider: 'GitLab', project: 'second', url: 'https://git.example.com' },
  status: {
    conditions: [
      condition('Ready', 'False', 'Unauthorized', 'GitLab rejects the token.'),
      condition('Stalled', 'True', 'Unauthorized', 'GitLab rejects the token.'),
      condition('CredentialsResolved', 'True', 'Resolved'),
      condition('CredentialsValid', 'False', 'Unauthorized', 'GitLab rejects the token in Secret "token".'),
    ],
  },
});
const fresh = integration('fresh', { spec: { provider: 'Bitbucket' } });
const hostile = integration('hostile', {
  spec: { provider: attack, project: attack, url: attack },
  status: {
    conditions: [
      condition('Ready', 'False', 'Unauthorized', attack),
      condition('CredentialsValid', 'False', 'Unauthorized', attack),
      condition('CredentialExpiring', 'True', attack, attack),
    ],
    credential: { kind: 'ClassicToken', account: attack, expiresAt: attack },
    registration: registration(attack, attack, attack),
  },
});
const connection: KubeObject = {
  metadata: {
    name: 'default',
    uid: 'uid-default',
    resourceVersion: '3',
    generation: 1,
    creationTimestamp: '2026-11-20T12:00:00Z',
  },
  spec: { url: 'https://codemie.example.com/code-assistant-api' },
  status: {
    conditions: [condition('Ready', 'True', 'Ready', 'CodeMie answers and accepts the login.')],
    account: { id: '1', name: 'operator' },
    serverVersion: '2.1.0',
  },
};

const objects = { gitintegrations: [ready, broken, fresh], clustercodemieconnections: [connection] };
const options: GetOptions = {
  resource: gitIntegrations,
  names: [],
  allNamespaces: false,
  output: 'table',
  watch: false,
  waitMs: undefined,
};

async function shown(given: Partial<GetOptions>, cluster: TestCluster = testCluster(objects), io = testIo()) {
  const exitCode = await get({ ...options, ...given }, cluster, io);
  return { exitCode, out: io.stdout(), err: io.stderr() };
}

describe('get', () => {
  it.each(outputFormats)('prints integrations as %s', async (output) => {
    expect((await shown({ output })).out).toMatchSnapshot();
  });

  it('prints those of all namespaces, and connections', async () => {
    expect((await shown({ allNamespaces: true })).out).toMatchSnapshot('all namespaces');
    const resource = clusterCodeMieConnections;
    expect((await shown({ resource })).out).toMatchSnapshot('connections');
    expect((await shown({ resource, output: 'wide' })).out).toMatchSnapshot('connections, wide');
  });

  it('colors and cuts on a terminal only, and not with NO_COLOR', async () => {
    const on = (env: Record<string, string>) => shown({}, undefined, testIo({ columns: 60, env }));
    expect((await on({})).out).toMatchSnapshot();
    const plain = (await on({ NO_COLOR: '1' })).out;
    expect(plain).not.toContain('\u001B');
    expect(Math.max(...plain.split('\n').map((line) => line.length))).toBe(60);
  });

  it('prints one object as itself, and several as a list', async () => {
    expect(JSON.parse((await shown({ names: ['acme'], output: 'json' })).out)).toMatchObject({
      apiVersion: 'codemie.ai/v1alpha1',
      kind: 'GitIntegration',
      metadata: { name: 'acme' },
    });
    expect(parse((await shown({ names: ['acme', 'fresh'], output: 'yaml' })).out)).toMatchObject({
      kind: 'List',
      items: [{ metadata: { name: 'acme' } }, { metadata: { name: 'fresh' } }],
    });
  });

  it('says where there is nothing', async () => {
    const none = testCluster({});
    expect(await shown({}, none)).toEqual({
      exitCode: 0,
      out: '',
      err: 'There is no GitIntegration in this namespace.\n',
    });
    expect((await shown({ allNamespaces: true }, none)).err).toBe('There is no GitIntegration.\n');
    expect(parse((await shown({ output: 'yaml' }, none)).out)).toMatchObject({ items: [] });
    await expect(shown({ names: ['acme'] }, none)).rejects.toThrow(
      'There is no GitIntegration "acme" in namespace "team-a". List them with codemie-git get gitintegrations --all-namespaces.',
    );
  });

  it.each(outputFormats)('lets no text from outside control a terminal, as %s', async (output) => {
    const { out } = await shown({ output }, testCluster({ gitintegrations: [hostile] }));
    expect(out.replaceAll(/\n/g, '')).not.toMatch(controls);
    expect(out).not.toMatch(/^evil/m);
  });
});

async function explained(object: KubeObject, others: Record<string, KubeObject[]> = {}, io = testIo()) {
  const cluster = testCluster({ ...objects, gitintegrations: [object], ...others });
  const exitCode = await explain(object.metadata.name, cluster, io);
  return { exitCode, out: io.stdout() };
}

describe('explain', () => {
  const event = (reason: string, note: string, minutesAgo: number): KubeObject => ({
    metadata: {
      name: reason,
      namespace: 'team-a',
      uid: reason,
      resourceVersion: '1',
      creationTimestamp: new Date(Date.parse('2026-11-27T12:00:00Z') - minutesAgo * 60_000).toISOString(),
    },
    type: 'Normal',
    reason,
    note,
  });

  it.each([
    { name: 'one that is Ready', object: ready, exitCode: 0 },
    { name: 'one whose token is rejected', object: broken, exitCode: 1 },
    { name: 'one that no operator has seen', object: fresh, exitCode: 1 },
    {
      name: 'one whose last change is not handled yet',
      object: { ...ready, metadata: { ...ready.metadata, generation: 2 } },
      exitCode: 1,
    },
    {
      name: 'one that is suspended',
      object: { ...ready, spec: integration('x', { spec: { suspend: true } })['spec'] },
      exitCode: 0,
    },
    {
      name: 'one that is being deleted',
      object: integration('going', { metadata: { deletionTimestamp: '2026-11-27T11:50:00Z' } }),
      exitCode: 1,
    },
    {
      name: 'one with a broken spec',
      object: integration('odd', { spec: { provider: 'Gitea' } }),
      exitCode: 1,
    },
    {
      name: 'one that is retried',
      object: integration('later', {
        status: {
          conditions: [
            condition('Ready', 'Unknown', 'ProviderUnreachable', 'github.com does not answer.'),
            condition('Reconciling', 'True', 'ProviderUnreachable', 'github.com does not answer.'),
            condition('CredentialsValid', 'Unknown', 'ProviderUnreachable', 'github.com does not answer.'),
          ],
        },
      }),
      exitCode: 1,
    },
  ])('explains $name', async ({ object, exitCode }) => {
    const result = await explained(object);
    // The words of the remedies are the API reference's; the test of each reason compares them.
    expect(result.out.replaceAll(/What to do: .*/g, 'What to do: …')).toMatchSnapshot();
    expect(result.exitCode).toBe(exitCode);
  });

  it('shows the last events, oldest first', async () => {
    const events = [event('Later', 'Second.', 2), event('Earlier', 'First.', 30)];
    expect((await explained(ready, { events })).out).toContain(
      'Last events:\n    30m ago  Normal Earlier: First.\n     2m ago  Normal Later: Second.\n',
    );
  });

  it('says what it lacks permission to read', async () => {
    const io = testIo();
    const cluster = testCluster(objects, ['events', 'clustercodemieconnections']);
    await explain('acme', cluster, io);
    expect(io.stdout()).toContain('"default" is Ready\n    You lack permission to read it.');
    expect(io.stdout()).toContain('Last events: you lack permission to list them.');
  });

  it('lets no text from outside control a terminal', async () => {
    const { out } = await explained(
      { ...hostile, spec: ready['spec'] },
      { events: [event(attack, attack, 1)], clustercodemieconnections: [] },
    );
    expect(out.replaceAll('\n', '')).not.toMatch(controls);
    expect(out).not.toContain('\nevil');
  });

  const steps = gitIntegrationConditions.flatMap(({ type, reasons }) =>
    Object.entries(reasons).map(([reason, { status, remedy }]) => ({ type, reason, status, remedy })),
  );
  const shownTypes = new Set([
    'CredentialsResolved',
    'CredentialsValid',
    'InstallationResolved',
    'PermissionsSufficient',
    'Registered',
  ]);

  it.each(steps.filter(({ type, status }) => shownTypes.has(type) && status !== 'True'))(
    'says what to do about $type/$reason',
    async ({ type, reason, status, remedy }) => {
      const found = status === 'Unknown' ? 'Unknown' : 'False';
      const conditions = [condition('Ready', found, reason), condition(type, found, reason, 'It is so.')];
      const spec = { auth: { githubApp: { appID: 1, privateKeySecretRef: { name: 'key' } } } };
      const { out, exitCode } = await explained(integration('acme', { spec, status: { conditions } }));
      expect(exitCode).toBe(1);
      expect(out).toContain(`is not Ready (${reason})`);
      expect(out).toContain(`    It is so. ${reason} for 5m\n`);
      expect(remedy).toBeDefined();
      expect(out).toContain(`    What to do: ${remedy}\n`);
    },
  );
});

describe('actions', () => {
  const run = async (
    action: (cluster: TestCluster, io: ReturnType<typeof testIo>) => Promise<number>,
    gitintegrations: KubeObject[] = [ready],
  ) => {
    const [cluster, io] = [testCluster({ gitintegrations }), testIo({ now: ticking() })];
    const exitCode = await action(cluster, io);
    return { exitCode, out: io.stdout(), err: io.stderr(), patches: cluster.patches };
  };
  /** A clock that goes on by a minute each time it is read. */
  const ticking = () => {
    let now = Date.parse('2026-11-27T12:00:00Z');
    return () => (now += 60_000);
  };

  it('asks for a reconcile, and gives up after two minutes', async () => {
    const result = await run((cluster, io) => reconcile(gitIntegrations, ['acme'], true, cluster, io));
    expect(result).toMatchObject({
      exitCode: 1,
      out: '',
      err: 'Asked for a reconcile of GitIntegration team-a/acme.\nThe operator did not answer within 2 minutes. Check that it runs and that this namespace is its own.\n',
    });
    expect(result.patches).toEqual([
      {
        key: 'team-a/acme',
        operations: [
          { op: 'add', path: '/metadata/annotations', value: {} },
          {
            op: 'add',
            path: '/metadata/annotations/codemie.ai~1reconcile-requested-at',
            value: '2026-11-27T12:01:00.000Z',
          },
        ],
      },
    ]);
  });

  it('suspends and resumes', async () => {
    const suspended = await run((cluster, io) => setSuspended(['acme'], true, cluster, io));
    expect(suspended).toMatchObject({
      exitCode: 0,
      out: 'team-a/acme suspended.\n',
      patches: [{ operations: [{ op: 'add', path: '/spec/suspend', value: true }] }],
    });
    const already = await run((cluster, io) => setSuspended(['acme'], false, cluster, io));
    expect(already).toMatchObject({ out: 'team-a/acme is not suspended already.\n', patches: [] });
  });

  it('releases only what is being deleted, and says what stays', async () => {
    await expect(run((cluster, io) => release(['acme'], cluster, io))).rejects.toThrow(
      'is not being deleted',
    );
    const going = {
      ...ready,
      metadata: {
        ...ready.metadata,
        deletionTimestamp: '2026-11-27T11:50:00Z',
        finalizers: [REGISTRATION_FINALIZER],
      },
    };
    const released = await run((cluster, io) => release(['acme'], cluster, io), [going]);
    expect(released.out).toBe(
      'team-a/acme released.\nCodeMie keeps "acme" of project "demo" (id 9f1c). Delete it there when it is no longer needed.\n',
    );
    expect(released.patches).toHaveLength(1);
  });
});
