import { afterAll, beforeAll, expect, it } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { chartFolder, helm } from '../harness/helm.ts';
import type { CommandResult } from '../harness/kube-tools.ts';
import { kubectl } from '../harness/kubectl.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import {
  gitHubIntegration,
  makeClusterConnection,
  reconciled,
  storeGitHubToken,
  waitForConnection,
} from './objects.ts';
import { useSuite } from './suite.ts';

const suite = useSuite();
const kubeconfig = kubeconfigPath();
/** Two people who may write integrations in the namespace; Ada may use the connection there as well. */
const [ada, eve] = ['ada', 'eve'];
let namespace: string;
let policies: string;

/** Applies as the given user, and returns what kubectl wrote. */
async function applyAs(user: string | undefined, manifest: object | string, ...flags: string[]) {
  const input = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
  const as = user === undefined ? [] : ['--as', user];
  return await kubectl(['apply', '-f', '-', ...as, ...flags], { kubeconfig, input });
}

/** A GitIntegration as a manifest, through a connection of the cluster by default. */
function manifest(name: string, connectionRef: object | undefined, spec: Record<string, unknown> = {}) {
  const made = gitHubIntegration(`${namespace}/${name}`, { ...spec, connectionRef });
  return { apiVersion: 'codemie.ai/v1alpha1', kind: 'GitIntegration', ...made };
}

const rbac = 'rbac.authorization.k8s.io';
function grant(name: string, users: string[], rules: object[]) {
  const apiVersion = `${rbac}/v1`;
  return [
    { apiVersion, kind: 'Role', metadata: { name, namespace }, rules },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata: { name, namespace },
      roleRef: { apiGroup: rbac, kind: 'Role', name },
      subjects: users.map((user) => ({ apiGroup: rbac, kind: 'User', name: user })),
    },
  ];
}

function succeeded(result: CommandResult): CommandResult {
  if (result.code !== 0) throw new Error(result.stderr);
  return result;
}

async function install(items: object[]): Promise<void> {
  succeeded(await applyAs(undefined, { apiVersion: 'v1', kind: 'List', items }));
}

beforeAll(async () => {
  namespace = await suite.team();
  await storeGitHubToken(suite, `${namespace}/token`);
  const rendered = await helm([
    'template',
    suite.system,
    chartFolder,
    '--set',
    'admissionPolicies.enabled=true',
    '--show-only',
    'templates/validating-admission-policies.yaml',
  ]);
  policies = succeeded(rendered).stdout;
  succeeded(await applyAs(undefined, policies));
  const write = { apiGroups: ['codemie.ai'], resources: ['gitintegrations'], verbs: ['*'] };
  await install(grant('writers', [ada, eve], [write]));
  // A policy is in force a moment after it was made.
  await suite.cluster.waitFor('the policies to be in force', async () => {
    const { code } = await applyAs(eve, manifest('probe', undefined), '--dry-run=server');
    return code !== 0;
  });
});
afterAll(() => kubectl(['delete', '-f', '-'], { kubeconfig, input: policies }));

it('lets only those use a connection of the cluster who have the verb', async () => {
  const { cluster } = suite;
  const name = await makeClusterConnection(suite, {
    consumers: [{ namespaces: [namespace], projects: ['demo'] }],
  });
  await waitForConnection(cluster, kinds.clusterConnection, name, { Ready: 'True/Ready' });
  await install(
    grant(
      'use',
      [ada],
      [
        {
          apiGroups: ['codemie.ai'],
          resources: ['clustercodemieconnections'],
          resourceNames: [name],
          verbs: ['use'],
        },
      ],
    ),
  );
  const shared = { kind: 'ClusterCodeMieConnection', name };
  const own = { kind: 'CodeMieConnection', name: 'own' };

  const refused = await applyAs(eve, manifest('acme', shared));
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain(
    `you need the verb use on ClusterCodeMieConnection "${name}" in namespace "${namespace}" to create or change this integration; ask its owner for it, or name a CodeMieConnection in your namespace`,
  );
  await cluster.waitFor(
    'the grant to be known',
    async () => (await applyAs(ada, manifest('acme', shared))).code === 0,
  );

  // The operator adds its finalizer and writes the status. Without the verb, only a pause and labels can be changed.
  const key = `${namespace}/acme`;
  await cluster.waitForConditions(key, { Ready: 'True/Ready' });
  const patchAsEve = (patch: object) =>
    kubectl(
      [
        'patch',
        'gitintegration',
        'acme',
        '-n',
        namespace,
        '--as',
        eve,
        '--type=merge',
        '-p',
        JSON.stringify(patch),
      ],
      { kubeconfig },
    );
  for (const spec of [
    { alias: 'another name' },
    { project: 'demo', adoptionPolicy: 'Always' },
    { auth: { token: { secretRef: { name: 'other' } } } },
    { auth: { token: { secretRef: { key: 'other' } } } },
    { url: 'https://github.example.com' },
    { validation: { policy: 'Skip' } },
    { deletionPolicy: 'Orphan' },
    { driftPolicy: 'Report' },
    { tls: { caRef: { name: 'ca' } } },
  ]) {
    const { code, stderr } = await patchAsEve({ spec });
    expect({ spec, code }).toEqual({ spec, code: 1 });
    expect(stderr).toContain('you need the verb use');
  }
  for (const patch of [
    { metadata: { labels: { team: 'eve' }, annotations: { note: 'hello' } } },
    { spec: { suspend: true } },
    { spec: { suspend: false, syncInterval: '30m' } },
  ])
    expect(await patchAsEve(patch)).toMatchObject({ code: 0 });
  // Her own connection is hers to use, and she may take an integration there.
  for (const spec of [{ connectionRef: own }, { alias: 'her own' }])
    expect(await patchAsEve({ spec })).toMatchObject({ code: 0 });
  await reconciled(cluster, key, { Ready: 'True/Ready' });

  // A detour changes nothing: neither through their own connection first, nor by the default name.
  expect((await applyAs(eve, manifest('detour', own))).code).toBe(0);
  for (const connectionRef of [shared, { name }])
    expect((await applyAs(eve, manifest('detour', connectionRef))).code).not.toBe(0);
  expect((await applyAs(eve, manifest('by-default', undefined))).stderr).toContain(
    'you need the verb use on ClusterCodeMieConnection "default"',
  );

  const gone = await kubectl(
    ['delete', 'gitintegration', 'acme', 'detour', '--namespace', namespace, '--as', eve],
    {
      kubeconfig,
    },
  );
  expect(gone).toMatchObject({ code: 0 });
  expect(await cluster.get(kinds.integration, key)).toBeUndefined();
});

it.each([
  { name: 'lists no namespace', consumers: [], warns: true },
  { name: 'lists another namespace', consumers: [{ namespaces: ['other-*'], projects: ['*'] }], warns: true },
  {
    name: 'lists another project',
    consumers: [{ namespaces: ['team-*'], projects: ['dem', 'demo.'] }],
    warns: true,
  },
  { name: 'lists both', consumers: [{ namespaces: ['team-*'], projects: ['d*o'] }], warns: false },
  {
    name: 'selects by a label that is not there',
    consumers: [{ namespaceSelector: { matchLabels: { team: 'x' } }, projects: ['*'] }],
    warns: true,
  },
  {
    name: 'selects by what every namespace has',
    consumers: [
      {
        namespaceSelector: {
          matchExpressions: [
            { key: 'kubernetes.io/metadata.name', operator: 'Exists' },
            { key: 'team', operator: 'DoesNotExist' },
            { key: 'team', operator: 'NotIn', values: ['x'] },
          ],
        },
        projects: ['*'],
      },
    ],
    warns: false,
  },
])('warns as the operator will refuse: a connection that $name', async ({ consumers, warns }) => {
  const { cluster } = suite;
  const name = await makeClusterConnection(suite, { consumers });
  const shared = { kind: 'ClusterCodeMieConnection', name };
  const warning = `ClusterCodeMieConnection "${name}" does not allow project "demo" for namespace "${namespace}"; ask its owner to add it`;
  // The policy hears of a new connection a moment later.
  await cluster.waitFor('the policy to know the connection', async () => {
    const { code, stderr } = await applyAs(undefined, manifest(name, shared), '--dry-run=server');
    return code === 0 && stderr.includes(warning) === warns;
  });
  const { code } = await applyAs(undefined, manifest(name, shared));
  expect(code).toBe(0);
  const seen = await cluster.waitForConditions(`${namespace}/${name}`, { Ready: warns ? 'False' : 'True' });
  expect(seen.condition('Ready').reason).toMatch(warns ? /NotAllowed$/ : /^Ready$/);
});
