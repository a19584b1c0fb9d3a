import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';
import { system, useInstallation } from '../chart/installation.ts';
import { rowsOf } from '../cluster/objects.ts';
import { kinds } from '../harness/cluster.ts';
import { chartFolder } from '../harness/helm.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { type ArgoCd, argoNamespace, installArgoCd, startArgoCd } from './argo-cd.ts';
import { type Commit, createRepository, type Repository } from './repository.ts';

const suite = useInstallation();
const root = join(import.meta.dirname, '..', '..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

/** The operator, the connection of the cluster and one team, in this order. */
const platform = 'codemie';
/** Another team, with its own connection. */
const team = 'team-a';
const key = 'team-b/github';
const ownKey = 'team-a/gitlab';
/** How long Argo CD may take: it compares every three seconds, and installs with Helm. */
const patienceMs = 120_000;

let repository: Repository;
let argo: ArgoCd;
let files: Commit = {};

const state = z.object({
  status: z
    .object({
      sync: z.object({
        status: z.string(),
        revision: z.string().optional(),
        revisions: z.array(z.string()).optional(),
      }),
      // Of an Application that Argo CD has just seen it has no status.
      health: z.object({ status: z.string().optional() }),
      history: z.array(z.unknown()).default([]),
      operationState: z.object({ phase: z.string() }).optional(),
      resources: z
        .array(
          z.object({
            kind: z.string(),
            name: z.string(),
            status: z.string().optional(),
            health: z.object({ status: z.string().optional(), message: z.string().optional() }).optional(),
          }),
        )
        .default([]),
    })
    .optional(),
});

async function stateOf(name: string) {
  const text = await suite.kubectl(['get', 'application', name, '-n', argoNamespace, '--output', 'json']);
  const { status } = state.parse(JSON.parse(text));
  const revisions = status?.sync.revisions ?? [status?.sync.revision];
  return { ...status, revisions, resources: status?.resources ?? [] };
}

/** Makes `files` with the changes the next commit. Undefined takes a file out. Returns its hash. */
async function commit(changes: Record<string, string | undefined>): Promise<string> {
  const next = Object.entries({ ...files, ...changes });
  files = Object.fromEntries(next.flatMap(([path, text]) => (text === undefined ? [] : [[path, text]])));
  const hash = await repository.commit(files);
  // As a webhook of the Git host does: references are cached otherwise.
  const refresh = ['annotate', 'applications', '--all', '-n', argoNamespace, '--overwrite'];
  await suite.kubectl([...refresh, 'argocd.argoproj.io/refresh=hard']);
  return hash;
}

/** Waits until an Application has a commit and a health. Returns its resources. */
async function outcome(name: string, hash: string, health: string) {
  let last: unknown;
  const holds = async () => {
    const seen = await stateOf(name);
    last = seen;
    const isSynced = seen.sync?.status === 'Synced' && seen.revisions.includes(hash);
    return (
      isSynced && seen.health?.status === health && seen.operationState?.phase !== 'Running' && seen.resources
    );
  };
  return await suite.cluster.waitFor(`${name} to be ${health}`, holds, patienceMs).catch((error: unknown) => {
    const said = argo.output().slice(-3000);
    throw new Error(`Last seen: ${JSON.stringify(last)}. Argo CD wrote: ${said}`, { cause: error });
  });
}

/** The health of one of our objects, as Argo CD shows it. */
async function healthOf(name: string, kind: string) {
  return (await stateOf(name)).resources.find((each) => each.kind === kind)?.health;
}

/** Runs an action on the integration of the team, as Argo CD's menu does. */
async function act(action: string): Promise<void> {
  const body = {
    name: team,
    namespace: 'team-a',
    resourceName: 'gitlab',
    group: 'codemie.ai',
    version: 'v1alpha1',
    kind: 'GitIntegration',
    action,
  };
  const response = await fetch(`${argo.api}/api/v1/applications/${team}/resource/actions/v2`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status, `${await response.text()} ${argo.output().slice(-2000)}`).toBe(200);
}

function newToken(provider: 'gitlab' | 'github'): string {
  const token = `${provider === 'gitlab' ? 'glpat-' : 'ghp_'}${randomUUID()}`;
  if (provider === 'gitlab') suite.world.gitlab.addToken({ token, username: 'ci-bot' });
  else suite.world.github.addToken({ token, login: 'octocat' });
  return token;
}

function secret(name: string, namespace: string, stringData: Record<string, string>): string {
  return stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData });
}

/** An Application of the examples, with the changes to its spec. */
async function application(file: string, name: string, changes: object): Promise<string> {
  const documents = parseAllDocuments(await read(file)).map((each) => each.toJS() as unknown);
  const schema = z.looseObject({
    kind: z.literal('Application'),
    metadata: z.object({ namespace: z.string() }),
    spec: z.looseObject({}),
  });
  const example = documents.map((each) => schema.safeParse(each)).find(({ success }) => success)?.data;
  if (!example) throw new Error(`${file} has no Application.`);
  const { source: _source, ...spec } = example.spec;
  const finalizers = ['resources-finalizer.argocd.argoproj.io'];
  return JSON.stringify({
    ...example,
    metadata: { ...example.metadata, name, finalizers },
    spec: { ...spec, ...changes },
  });
}

beforeAll(async () => {
  await installArgoCd(suite);
  // The command of the page on GitOps.
  const health = ['apply', '--server-side', '--field-manager=codemie-health', '-f'];
  await suite.kubectl([...health, join(root, 'examples', 'argocd', 'argocd-cm.yaml')]);
  repository = await createRepository(chartFolder);
  argo = await startArgoCd(kubeconfigPath());
}, 1_800_000);

afterAll(async () => {
  await argo?.stop();
  await repository?.remove();
  for (const name of [platform, team])
    await suite
      .kubectl([
        'patch',
        'application',
        name,
        '-n',
        argoNamespace,
        '--type=merge',
        '--patch',
        '{"metadata":{"finalizers":null}}',
      ])
      .catch(() => {});
  for (const name of [argoNamespace, 'team-b'])
    await suite.kubectl(['delete', 'namespace', name, '--ignore-not-found', '--wait=false']);
});

/** A manifest with annotations for its objects. */
function annotated(text: string, annotations: Record<string, string>): string {
  return parseAllDocuments(text)
    .map((document) => {
      for (const [name, value] of Object.entries(annotations))
        document.setIn(['metadata', 'annotations', name], value);
      return String(document);
    })
    .join('---\n');
}

it.each(['operator', 'team-a'])('examples/argocd/%s.yaml has the fields of the real CRD', async (name) => {
  const args = ['apply', '--server-side', '--validate=strict', '--dry-run=server', '--filename'];
  const output = await suite.kubectl([...args, join(root, 'examples', 'argocd', `${name}.yaml`)]);
  expect(output).toMatch(/^application\.argoproj\.io\/\S+ serverside-applied/m);
});

describe('one Application with the operator, a connection and a team', () => {
  it('becomes Healthy in the order of its waves', async () => {
    const [login = '', connection = ''] = (await read('examples/quickstart/10-connection.yaml')).split(
      '\n---\n',
    );
    const [, integration = ''] = (await read('examples/quickstart/20-integration.yaml')).split('\n---\n');
    const wave = (number: number) => ({
      'argocd.argoproj.io/sync-wave': String(number),
      // The CRDs do not exist at the first dry run.
      'argocd.argoproj.io/sync-options': 'SkipDryRunOnMissingResource=true',
    });
    const hash = await commit({
      'platform/login.yaml': login.replace('replace-me', suite.world.clientSecret),
      'platform/connection.yaml': annotated(connection.replaceAll('team-a', 'team-b'), wave(1)),
      'platform/namespace.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: team-b }\n',
      'platform/secret.yaml': secret('github-token', 'team-b', { token: newToken('github') }),
      'platform/integration.yaml': annotated(integration.replaceAll('team-a', 'team-b'), wave(2)),
    });
    const helm = {
      releaseName: 'codemie-git-operator',
      valuesObject: {
        ...suite.localValues(),
        replicas: 1,
        leaderElection: { enabled: false },
        // A rejected token is reported without the usual 90 seconds of rechecks.
        extraArgs: ['--refusal-window=1s'],
      },
    };
    const sources = [
      { repoURL: repository.url, targetRevision: 'main', path: 'chart', helm },
      { repoURL: repository.url, targetRevision: 'main', path: 'platform' },
    ];
    await suite.kubectl(
      ['apply', '--filename', '-'],
      await application('examples/argocd/operator.yaml', platform, { sources }),
    );

    const resources = await outcome(platform, hash, 'Healthy');
    const ours = resources.filter(({ kind }) =>
      ['ClusterCodeMieConnection', 'GitIntegration'].includes(kind),
    );
    expect(ours.map(({ health }) => health?.status)).toEqual(['Healthy', 'Healthy']);
    expect(rowsOf(suite.world, key)).toHaveLength(1);
    const created = async (what: string[]): Promise<string> =>
      await suite.kubectl(['get', ...what, '-o', 'jsonpath={.metadata.creationTimestamp}']);
    const times = [
      await created(['deployment', 'codemie-git-operator', '-n', system]),
      await created(['clustercodemieconnection', 'default']),
      await created(['gitintegration', 'github', '-n', 'team-b']),
    ];
    expect(times).toEqual(times.toSorted());
  });
});

describe('an Application of a team', () => {
  const path = 'codemie/gitlab.yaml';

  it('is Healthy, with its own connection', async () => {
    const waves = await read('examples/argocd/sync-waves.yaml');
    const hash = await commit({
      [path]: waves.replaceAll(/\n {2}annotations:\n.*/g, ''),
      'codemie/login.yaml': secret('codemie-login', 'team-a', { clientSecret: suite.world.clientSecret }),
      'codemie/secret.yaml': secret('gitlab-token', 'team-a', { token: newToken('gitlab') }),
    });
    const source = { repoURL: repository.url, targetRevision: 'main', path: 'codemie' };
    await suite.kubectl(['create', 'namespace', 'team-a']);
    await suite.kubectl(
      ['apply', '--filename', '-'],
      await application('examples/argocd/team-a.yaml', team, { source }),
    );
    await outcome(team, hash, 'Healthy');
    expect((await healthOf(team, 'CodeMieConnection'))?.status).toBe('Healthy');
    expect(rowsOf(suite.world, ownKey)).toHaveLength(1);
  });

  it('has no drift by defaults, status and finalizers: another commit writes nothing', async () => {
    const version = async (): Promise<unknown> =>
      (await suite.cluster.get(kinds.integration, ownKey))?.metadata;
    const before = await version();
    const hash = await commit({ 'elsewhere.txt': randomUUID() });
    await outcome(team, hash, 'Healthy');
    expect(await version()).toEqual(before);
    expect((await stateOf(team)).history).toHaveLength(1);
  });

  const setByHand = (spec: object) =>
    suite.kubectl([
      'patch',
      'gint',
      'gitlab',
      '-n',
      'team-a',
      '--type=merge',
      `--patch=${JSON.stringify({ spec })}`,
    ]);

  it('puts back what was changed by hand, and CodeMie keeps its integration', async () => {
    const [row] = rowsOf(suite.world, ownKey);
    const hash = await commit({
      [path]: (files[path] ?? '').replace('  project: demo\n', '  project: demo\n  alias: acme\n'),
    });
    await outcome(team, hash, 'Healthy');
    await setByHand({ alias: 'by-hand' });
    await suite.cluster.waitFor(
      'the alias to be back',
      async () =>
        Object(await suite.cluster.get(kinds.integration, ownKey))?.spec?.alias === 'acme' &&
        rowsOf(suite.world, ownKey)[0]?.alias === 'acme',
      patienceMs,
    );
    expect(rowsOf(suite.world, ownKey).map(({ id }) => id)).toEqual([row?.id]);
  });

  it('keeps a field that Git does not have, which is no drift', async () => {
    await setByHand({ deletionPolicy: 'Orphan' });
    await outcome(team, await commit({ 'elsewhere.txt': randomUUID() }), 'Healthy');
    expect(Object(await suite.cluster.get(kinds.integration, ownKey)).spec).toMatchObject({
      deletionPolicy: 'Orphan',
    });
    await setByHand({ deletionPolicy: 'Delete' });
  });

  it('is Degraded by a wrong token in a commit on the Secret alone, and Healthy after the repair', async () => {
    const before = tokens();
    const bad = await commit({
      'codemie/secret.yaml': secret('gitlab-token', 'team-a', { token: `glpat-${randomUUID()}` }),
    });
    await outcome(team, bad, 'Degraded');
    expect(await healthOf(team, 'GitIntegration')).toMatchObject({
      status: 'Degraded',
      message: expect.stringContaining('Secret "gitlab-token"'),
    });
    expect(tokens()).toEqual(before);

    const token = newToken('gitlab');
    const good = await commit({ 'codemie/secret.yaml': secret('gitlab-token', 'team-a', { token }) });
    await outcome(team, good, 'Healthy');
    expect(tokens()).toEqual([token]);
  });

  it('is Progressing while a Secret is missing, with what the operator says', async () => {
    const whole = files[path] ?? '';
    const misspelt = whole.replace('name: gitlab-token', 'name: gitlab-tokne');
    await outcome(team, await commit({ [path]: misspelt }), 'Progressing');
    expect(await healthOf(team, 'GitIntegration')).toMatchObject({
      status: 'Progressing',
      message: expect.stringContaining('Secret "gitlab-tokne"'),
    });
    await outcome(team, await commit({ [path]: whole }), 'Healthy');
  });

  it('is suspended, resumed and reconciled by the actions of the menu', async () => {
    const health = async (wanted: string): Promise<void> =>
      void (await suite.cluster.waitFor(
        `the integration to be ${wanted}`,
        async () => (await healthOf(team, 'GitIntegration'))?.status === wanted,
        patienceMs,
      ));
    await act('suspend');
    await health('Suspended');
    await act('resume');
    await health('Healthy');
    const handled = async (): Promise<unknown> =>
      Object(await suite.cluster.get(kinds.integration, ownKey)).status?.lastHandledReconcileAt;
    const before = await handled();
    await act('reconcile');
    await suite.cluster.waitFor(
      'the request to be handled',
      async () => (await handled()) !== before,
      patienceMs,
    );
    expect((await stateOf(team)).sync?.status).toBe('Synced');
  });

  it('removes an integration from CodeMie by removing its manifest', async () => {
    const whole = files[path] ?? '';
    const connection = whole.split('---\n').find((text) => text.includes('kind: CodeMieConnection'));
    await outcome(team, await commit({ [path]: connection }), 'Healthy');
    await suite.cluster.waitForGone(kinds.integration, ownKey, patienceMs);
    expect(rowsOf(suite.world, ownKey)).toEqual([]);
    await outcome(team, await commit({ [path]: whole }), 'Healthy');
    expect(rowsOf(suite.world, ownKey)).toHaveLength(1);
  });

  it('is deleted with everything, the login Secret in the same wave, and leaves nothing in CodeMie', async () => {
    await suite.kubectl(['delete', 'application', team, '-n', argoNamespace, '--timeout=110s']);
    await suite.cluster.waitForGone(kinds.integration, ownKey, patienceMs);
    await suite.cluster.waitForGone(kinds.connection, 'team-a/our-own', patienceMs);
    expect(rowsOf(suite.world, ownKey)).toEqual([]);
  });
});

it('the Application with the operator, deleted, goes in the reverse order and leaves the CRDs alone', async () => {
  await suite.kubectl(['delete', 'application', platform, '-n', argoNamespace, '--timeout=110s']);
  await suite.cluster.waitForGone(kinds.integration, key, patienceMs);
  await suite.cluster.waitForGone(kinds.clusterConnection, 'default', patienceMs);
  expect(rowsOf(suite.world, key)).toEqual([]);
  const deployments = await suite.kubectl([
    'get',
    'deployments',
    '-n',
    system,
    '--output',
    'name',
    '--ignore-not-found',
  ]);
  expect(deployments).toBe('');
  expect(await suite.kubectl(['get', 'crds', '--output', 'name'])).toContain('gitintegrations.codemie.ai');
});

/** The tokens of the team in CodeMie. */
function tokens(): unknown[] {
  return rowsOf(suite.world, ownKey).flatMap(({ credential_values: values }) =>
    values.filter(({ key: name }) => name === 'token').map(({ value }) => value),
  );
}
