import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { system, useInstallation } from '../chart/installation.ts';
import { template } from '../chart/render.ts';
import { rowsOf } from '../cluster/objects.ts';
import { kinds } from '../harness/cluster.ts';
import { foreignCrdFiles } from '../harness/foreign-crds.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { type KustomizeController, startKustomizeController } from './kustomize-controller.ts';
import { type Commit, type Source, startSource } from './source.ts';

const suite = useInstallation();
const root = join(import.meta.dirname, '..', '..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

const flux = 'flux-system';
const names = ['codemie-operator', 'codemie-connection', 'codemie-team-a'];
const key = 'team-a/github';
/** How long Flux may take: it checks health every five seconds, and tries again after fifteen. */
const patienceMs = 120_000;

let source: Source;
let controller: KustomizeController;
/** The commit that is applied. */
let files: Commit = {};

const state = z.object({
  metadata: z.object({ generation: z.int() }),
  status: z
    .object({
      lastAppliedRevision: z.string().optional(),
      lastAttemptedRevision: z.string().optional(),
      lastHandledReconcileAt: z.string().optional(),
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            message: z.string(),
            lastTransitionTime: z.string(),
            observedGeneration: z.int().optional(),
          }),
        )
        .default([]),
    })
    .default({ conditions: [] }),
});

async function stateOf(name: string) {
  const text = await suite.kubectl(['get', 'kustomization', name, '-n', flux, '--output', 'json']);
  const { status } = state.parse(JSON.parse(text));
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  const reconciling = status.conditions.some(
    ({ type, status: is }) => type === 'Reconciling' && is === 'True',
  );
  return { ...status, ready, reconciling };
}

/** Makes `files` with the changes the latest commit. Undefined takes a file out. Returns its revision. */
async function commit(changes: Record<string, string | undefined>): Promise<string> {
  const next = Object.entries({ ...files, ...changes });
  files = Object.fromEntries(next.flatMap(([path, text]) => (text === undefined ? [] : [[path, text]])));
  const status = await source.commit(files);
  const patch = ['patch', 'gitrepository', flux, '-n', flux, '--subresource=status', '--type=merge'];
  await suite.kubectl([...patch, '--patch', JSON.stringify({ status })]);
  return z.object({ artifact: z.object({ revision: z.string() }) }).parse(status).artifact.revision;
}

/** Waits until a Kustomization has come to an end with the revision: `True` or `False`. Returns its message. */
async function outcome(name: string, revision: string, wanted: 'True' | 'False'): Promise<string> {
  let last: unknown;
  const holds = async (): Promise<string | undefined> => {
    const seen = await stateOf(name);
    last = seen;
    const attempted = wanted === 'True' ? seen.lastAppliedRevision : seen.lastAttemptedRevision;
    const isOver = wanted === 'False' || !seen.reconciling;
    return attempted === revision && isOver && seen.ready?.status === wanted ? seen.ready.message : undefined;
  };
  return await suite.cluster.waitFor(`${name} to be ${wanted}`, holds, patienceMs).catch((error: unknown) => {
    const said = controller.output().slice(-3000);
    throw new Error(`Last seen: ${JSON.stringify(last)}. The controller wrote: ${said}`, { cause: error });
  });
}

/** Has Flux apply what it has, as `flux reconcile` does, and waits until it has. */
async function reconcile(name: string): Promise<void> {
  const requestedAt = randomUUID();
  const annotation = `reconcile.fluxcd.io/requestedAt=${requestedAt}`;
  await suite.kubectl(['annotate', 'kustomization', name, '-n', flux, '--overwrite', annotation]);
  await suite.cluster.waitFor(
    `${name} to be applied again`,
    async () => {
      const seen = await stateOf(name);
      return seen.lastHandledReconcileAt === requestedAt && !seen.reconciling;
    },
    patienceMs,
  );
}

/** A GitHub token that works. */
function goodToken(): string {
  const token = `ghp_${randomUUID()}`;
  suite.world.github.addToken({ token, login: 'octocat' });
  return token;
}

/** What CodeMie has: the id of the row and its token. */
function registered(): { id: string; token: unknown }[] {
  return rowsOf(suite.world, key).map(({ id, credential_values: values }) => ({
    id,
    token: values.find(({ key: name }) => name === 'token')?.value,
  }));
}

const integration = async (): Promise<string> => {
  const documents = (await read('examples/quickstart/20-integration.yaml')).split('\n---\n');
  return (documents[1] ?? '').replace('  project: demo\n', '  project: demo\n  alias: acme\n');
};

beforeAll(async () => {
  const crds = (await foreignCrdFiles())
    .filter((file) => /kustomizations|source\.toolkit/.test(file))
    .flatMap((file) => ['--filename', file]);
  await suite.kubectl(['apply', '--server-side', ...crds]);
  await suite.kubectl(['wait', '--for=condition=Established', '--timeout=30s', ...crds]);
  await suite.kubectl(['create', 'namespace', flux]);
  source = await startSource();
  const repository = {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name: flux, namespace: flux },
    spec: { interval: '1h', url: 'https://git.example.com/fleet.git' },
  };
  await suite.kubectl(['apply', '--filename', '-'], JSON.stringify(repository));
  controller = await startKustomizeController(kubeconfigPath());
});

afterAll(async () => {
  await controller?.stop();
  await source?.close();
  for (const name of names) {
    const patch = '{"metadata":{"finalizers":null}}';
    await suite
      .kubectl(['patch', 'kustomization', name, '-n', flux, '--type=merge', '--patch', patch])
      .catch(() => {});
  }
  await suite.kubectl(['delete', 'namespace', flux, '--ignore-not-found', '--wait=false']);
});

describe('the Kustomizations of the example', () => {
  it('become Ready one after the other: operator, connection, team', async () => {
    const values = { ...suite.localValues(), replicas: 1, leaderElection: { enabled: false } };
    const { stdout, stderr } = await template(values, { namespace: system });
    expect(stderr).toBe('');
    const connection = await read('examples/quickstart/10-connection.yaml');
    const revision = await commit({
      'codemie/operator/all.yaml': stdout,
      'codemie/connection/connection.yaml': connection.replace('replace-me', suite.world.clientSecret),
      'codemie/team-a/namespace.yaml': await read('examples/quickstart/00-namespace.yaml'),
      'codemie/team-a/secret.yaml': secret('github-token', goodToken()),
      'codemie/team-a/integration.yaml': await integration(),
    });
    const order = (await read('examples/flux/order.yaml'))
      // The chart is rendered into the commit: helm-controller is not part of this.
      .replace(
        'apiVersion: helm.toolkit.fluxcd.io/v2\n      kind: HelmRelease',
        'apiVersion: apps/v1\n      kind: Deployment',
      );
    await suite.kubectl(['apply', '--filename', '-'], order);

    for (const name of names) await outcome(name, revision, 'True');
    const times = await Promise.all(
      names.map(async (name) => (await stateOf(name)).ready?.lastTransitionTime ?? ''),
    );
    expect(times).toEqual(times.toSorted());
    expect(registered()).toHaveLength(1);
  });

  it('are applied again without one write', async () => {
    const versions = async (): Promise<unknown[]> =>
      await Promise.all([
        suite.cluster.get(kinds.integration, key),
        suite.cluster.get(kinds.clusterConnection, 'default'),
      ]).then((objects) =>
        objects.map((object) => [object?.metadata.generation, object?.metadata.resourceVersion]),
      );
    const before = await versions();
    for (const name of [...names.slice(1), ...names.slice(1)]) await reconcile(name);
    expect(await versions()).toEqual(before);
  });

  it('put back what was changed by hand, and the integration in CodeMie follows', async () => {
    const [before] = rowsOf(suite.world, key);
    const byHand = '{"spec":{"alias":"by-hand","deletionPolicy":"Orphan"}}';
    await suite.kubectl(['patch', 'gint', 'github', '-n', 'team-a', '--type=merge', '--patch', byHand]);
    await suite.cluster.waitFor(
      'CodeMie to have the alias',
      async () => rowsOf(suite.world, key)[0]?.alias === 'by-hand',
    );
    await reconcile('codemie-team-a');
    await suite.cluster.waitFor(
      'the alias to be back',
      async () => rowsOf(suite.world, key)[0]?.alias === 'acme',
    );
    expect(rowsOf(suite.world, key).map(({ id }) => id)).toEqual([before?.id]);
    const object = await suite.cluster.get(kinds.integration, key);
    expect(object?.['spec']).toMatchObject({ deletionPolicy: 'Delete' });
  });
});

describe('a rotation that changes the Secret only, with names that have a hash', () => {
  const good = (): Commit => ({ 'codemie/team-a/token.env': `token=${goodToken()}\n` });
  let id: string | undefined;

  it('is True when the new token is registered', async () => {
    [{ id } = { id: '' }] = registered();
    const component = {
      'codemie/name-references/kustomization.yaml': await read('config/name-references/kustomization.yaml'),
      'codemie/name-references/name-references.yaml': await read(
        'config/name-references/name-references.yaml',
      ),
    };
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      namespace: 'team-a',
      resources: ['namespace.yaml', 'integration.yaml'],
      components: ['../name-references'],
      secretGenerator: [{ name: 'github-token', envs: ['token.env'] }],
    };
    const next = {
      ...component,
      ...good(),
      'codemie/team-a/kustomization.yaml': JSON.stringify(kustomization),
      'codemie/team-a/secret.yaml': undefined,
    };
    await outcome('codemie-team-a', await commit(next), 'True');
    const object = await suite.cluster.get(kinds.integration, key);
    expect(JSON.stringify(object?.['spec'])).toMatch(/github-token-[a-z0-9]{10}/);
    expect(registered()).toEqual([{ id, token: tokenIn(files) }]);
  });

  it('is False for a bad token, with the name of the integration; CodeMie keeps the good one', async () => {
    const before = registered();
    const revision = await commit({ 'codemie/team-a/token.env': `token=ghp_${randomUUID()}\n` });
    const message = await outcome('codemie-team-a', revision, 'False');
    expect(message).toContain('GitIntegration/team-a/github');
    expect(registered()).toEqual(before);
  });

  it('is True again after the repair', async () => {
    await outcome('codemie-team-a', await commit(good()), 'True');
    expect(registered()).toEqual([{ id, token: tokenIn(files) }]);
  });
});

describe('a team', () => {
  it('does not hold up its Kustomization by suspending an integration', async () => {
    const text = files['codemie/team-a/integration.yaml'] ?? '';
    const suspended = text.replace('spec:\n', 'spec:\n  suspend: true\n');
    await outcome('codemie-team-a', await commit({ 'codemie/team-a/integration.yaml': suspended }), 'True');
    await outcome('codemie-team-a', await commit({ 'codemie/team-a/integration.yaml': text }), 'True');
    expect(registered()).toHaveLength(1);
  });

  it('removes an integration from CodeMie by removing its manifest', async () => {
    const [kustomization = '', text] = [
      files['codemie/team-a/kustomization.yaml'],
      files['codemie/team-a/integration.yaml'],
    ];
    const without = {
      'codemie/team-a/kustomization.yaml': kustomization.replace(',"integration.yaml"', ''),
      'codemie/team-a/integration.yaml': undefined,
    };
    await outcome('codemie-team-a', await commit(without), 'True');
    await suite.cluster.waitForGone(kinds.integration, key, patienceMs);
    expect(registered()).toEqual([]);
    const back = {
      'codemie/team-a/kustomization.yaml': kustomization,
      'codemie/team-a/integration.yaml': text,
    };
    await outcome('codemie-team-a', await commit(back), 'True');
    expect(registered()).toHaveLength(1);
  });
});

it('the Kustomizations, deleted in the reverse order, leave nothing in the cluster and nothing in CodeMie', async () => {
  for (const name of names.toReversed()) {
    await suite.kubectl(['delete', 'kustomization', name, '-n', flux, '--timeout=110s']);
    if (name === 'codemie-team-a') await suite.cluster.waitForGone(kinds.integration, key, patienceMs);
    if (name === 'codemie-connection')
      await suite.cluster.waitForGone(kinds.clusterConnection, 'default', patienceMs);
  }
  expect(registered()).toEqual([]);
  await suite.cluster.waitForGone(kinds.namespace, 'team-a', patienceMs);
  const left = ['get', 'crds', '--output', 'name'];
  await suite.cluster.waitFor(
    'the definitions to be gone',
    async () => !(await suite.kubectl(left)).includes('codemie.ai'),
    patienceMs,
  );
});

function secret(name: string, token: string): string {
  const metadata = { name, namespace: 'team-a' };
  return JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { token } });
}

const tokenIn = (commit: Commit): string | undefined =>
  /^token=(.*)$/m.exec(commit['codemie/team-a/token.env'] ?? '')?.[1];
