import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { kinds } from '../harness/cluster.ts';
import { runTool } from '../harness/kube-tools.ts';
import { kubeEnv } from '../harness/kubectl.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { gitHubIntegration, rowsOf, storeGitHubToken } from './objects.ts';
import { useSuite } from './suite.ts';

const suite = useSuite({ projects: ['demo', 'second'] });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The bundle of the command line. */
const program = () => join(dirname(inject('operatorProgram')), 'codemie-git.mjs');

/**
 * Runs the command line as the image and the npm package hold it. What it writes is searched for secrets at the end.
 */
async function cli(args: readonly string[], env: Record<string, string> = {}) {
  const { internet } = suite.world;
  const result = await runTool(process.execPath, {
    args: [program(), ...args],
    env: { ...kubeEnv(kubeconfigPath()), HTTPS_PROXY: internet.proxyUrl, ...env },
  });
  suite.searched.set(`the output of ${args.join(' ')}`, () => result.stdout + result.stderr);
  return result;
}

/** Flags that lead to the world's CodeMie by the connection `own`. */
const codemie = () => [
  '--namespaced',
  '--connection',
  'own',
  '--operator-namespace',
  suite.system,
  '--ca-file',
  suite.world.internet.caFile,
];

/** A namespace with an integration that is Ready. */
async function readyIntegration(
  spec: Record<string, unknown> = {},
): Promise<{ namespace: string; key: string }> {
  const namespace = await suite.team();
  await storeGitHubToken(suite, `${namespace}/token`);
  await suite.cluster.create(kinds.integration, gitHubIntegration(`${namespace}/acme`, spec));
  await suite.cluster.waitForConditions(`${namespace}/acme`, { Ready: 'True/Ready' });
  return { namespace, key: `${namespace}/acme` };
}

describe('get', () => {
  it('shows a table that fits a terminal, and other forms', async () => {
    const { namespace } = await readyIntegration();
    const table = await cli(['get', '--namespace', namespace]);
    expect(table).toMatchObject({ code: 0, stderr: '' });
    const [head = '', row = '', ...rest] = table.stdout.trimEnd().split('\n');
    expect(head.split(/ {2,}/)).toEqual(['NAME', 'READY', 'REASON', 'PROVIDER', 'PROJECT', 'EXPIRES', 'AGE']);
    expect(row.split(/ {2,}/).slice(0, 6)).toEqual(['acme', 'True', 'Ready', 'GitHub', 'demo', '-']);
    expect(rest).toEqual([]);
    expect(Math.max(head.length, row.length)).toBeLessThanOrEqual(100);

    const wide = await cli(['get', 'gint', 'acme', '--namespace', namespace, '--output', 'wide']);
    expect(wide.stdout).toContain(`octocat   ${namespace}/acme`);
    const name = await cli(['get', '--namespace', namespace, '-o', 'name']);
    expect(name.stdout).toBe('gitintegration.codemie.ai/acme\n');
    const json = await cli(['get', 'acme', '--namespace', namespace, '-o', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ kind: 'GitIntegration', metadata: { name: 'acme' } });
    const yaml = await cli(['get', '--namespace', namespace, '-o', 'yaml']);
    expect(yaml.stdout).toMatch(/^apiVersion: v1\nkind: List\nitems:\n/);
    const connections = await cli(['get', 'cmconn', '--namespace', namespace]);
    expect(connections.stdout).toMatch(/^NAME +READY +REASON +URL +ACCOUNT +AGE\nown +True +Ready +https:/);
  });

  it('waits until all are Ready, and says why one can not become so', async () => {
    const { namespace, key } = await readyIntegration();
    const ready = await cli(['get', 'acme', '--namespace', namespace, '--wait']);
    expect(ready).toMatchObject({ code: 0, stderr: '' });
    await suite.cluster.patch(kinds.integration, key, [
      { op: 'replace', path: '/spec/project', value: 'demo' },
      { op: 'add', path: '/spec/validation', value: { requiredScopes: ['admin:org'] } },
    ]);
    const hopeless = await cli(['get', 'acme', '--namespace', namespace, '--wait']);
    expect(hopeless.code).toBe(1);
    expect(hopeless.stderr).toContain('1 object cannot become Ready without a change.');
  });

  it('says in one sentence what can not be read', async () => {
    const missing = await cli(['get', 'nothing', '--namespace', 'default']);
    expect(missing).toMatchObject({ code: 2, stdout: '' });
    expect(missing.stderr).toBe(
      'Error: There is no GitIntegration "nothing" in namespace "default". List them with codemie-git get gitintegrations --all-namespaces.\n',
    );
    const context = await cli(['get', '--context', 'nowhere']);
    expect(context.stderr).toBe(
      'Error: The kubeconfig has no context "nowhere". List the contexts with kubectl config get-contexts.\n',
    );
  });
});

describe('explain', () => {
  it('says step by step what holds an integration up, and what to do', async () => {
    const { namespace, key } = await readyIntegration();
    const fine = await cli(['explain', 'acme', '--namespace', namespace]);
    expect(fine.code).toBe(0);
    expect(fine.stdout).toContain(`GitIntegration ${key} is Ready.`);
    for (const step of ['Secrets are read', 'Git provider accepts', 'Permissions are', 'CodeMie has'])
      expect(fine.stdout).toContain(`✓ ${step}`);

    await suite.cluster.delete(kinds.secret, `${namespace}/token`);
    await suite.cluster.waitForConditions(key, { Ready: 'False/SecretNotFound' });
    const broken = await cli(['explain', 'acme', '--namespace', namespace]);
    expect(broken.code).toBe(1);
    expect(broken.stdout).toContain('is not Ready (SecretNotFound)');
    expect(broken.stdout).toContain('✗ Secrets are read\n    Secret "token" does not exist');
    expect(broken.stdout).toContain('What to do: Create it');
    expect(broken.stdout).toContain('Last events:');
  });
});

describe('check', () => {
  it('validates what the cluster has, and asks CodeMie what it would do', async () => {
    const { namespace } = await readyIntegration();
    const args = ['check', 'acme', '--namespace', namespace, '--ca-file', suite.world.internet.caFile];
    const plain = await cli(args);
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    expect(plain.stdout).toContain('Credential    Valid  GitHub accepts the credential of octocat.');
    const asked = await cli([...args, '--project', '--cluster-name', suite.system]);
    expect(asked.stdout).toMatch(/CodeMie +It would write .* again|CodeMie .* is registered/);
    expect(asked.code).toBe(0);
  });

  it('validates a token of the environment, and never shows it', async () => {
    const token = suite.secret('ghp_');
    suite.world.github.addToken({ token, login: 'octocat', scopes: ['repo'] });
    const args = ['check', '--provider', 'github', '--token-env', 'MY_TOKEN', '--output', 'json'];
    const result = await cli([...args, '--ca-file', suite.world.internet.caFile], { MY_TOKEN: token });
    expect(result.code).toBe(1);
    const [only] = z
      .array(z.looseObject({ ok: z.boolean(), conditions: z.array(z.looseObject({})) }))
      .parse(JSON.parse(result.stdout));
    expect(only).toMatchObject({ ok: false });
    expect(only?.conditions).toContainEqual(
      expect.objectContaining({
        type: 'PermissionsSufficient',
        status: 'False',
        reason: 'MissingPermissions',
      }),
    );
  });

  it('reads a manifest and the Secret next to it', async () => {
    const namespace = await suite.team();
    const token = suite.secret('ghp_');
    suite.world.github.addToken({ token, login: 'octocat' });
    const file = join(folder, 'manifest.yaml');
    const { spec } = gitHubIntegration(`${namespace}/acme`);
    const objects = [
      { apiVersion: 'codemie.ai/v1alpha1', kind: 'GitIntegration', metadata: { name: 'acme' }, spec },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'token' }, stringData: { token } },
    ];
    await writeFile(file, objects.map((object) => JSON.stringify(object)).join('\n---\n'));
    const flags = ['--namespace', namespace, '--ca-file', suite.world.internet.caFile];
    const result = await cli([
      'check',
      '--filename',
      file,
      ...flags,
      '--project',
      '--cluster-name',
      suite.system,
    ]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain(`It would create "${namespace}/acme" of project "demo".`);
  });
});

describe('import', () => {
  it('declares what a user created, so that it is adopted in place', async () => {
    const { cluster, world } = suite;
    const namespace = await suite.team();
    const person = world.codemie.addUser({ username: `person-${namespace}`, projectAdminOf: ['second'] });
    const token = suite.secret('ghp_');
    world.github.addToken({ token, login: 'octocat' });
    const seed = (alias: string, values: Record<string, unknown>) =>
      world.codemie.seed({ project: 'second', alias, values, user: person });
    const before = [
      seed('Team Repos!', { url: 'https://github.com', name: 'oauth2', token }),
      seed('team repos', { url: 'https://github.com', name: 'bot', token }),
    ].map(({ id }) => id);
    seed('odd', { url: 'https://git.internal', name: 'x', token });

    const flags = ['--namespace', namespace, ...codemie(), '--project', 'second'];
    const check = await cli(['import', ...flags, '--check']);
    expect(check.stdout).toContain('writes auth_type, the owner mark and the secret.');
    const { stdout, stderr, code } = await cli(['import', ...flags]);
    expect(code).toBe(0);
    expect(stderr).toContain(
      'Left out "odd" of project "second": It is unknown which product git.internal is.',
    );
    expect(stderr).toContain(`kubectl create secret generic team-repos-git --namespace ${namespace}`);

    const documents = z
      .array(
        z.looseObject({
          metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
          spec: z.looseObject({}),
        }),
      )
      .parse(parseAllDocuments(stdout).map((document) => document.toJS()));
    expect(documents.map(({ metadata }) => metadata.name)).toEqual(['team-repos', 'second-team-repos']);
    for (const { metadata, spec } of documents) {
      await cluster.createSecret(`${namespace}/${metadata.name}-git`, { token });
      await cluster.create(kinds.integration, { metadata, spec });
      await cluster.waitForConditions(`${namespace}/${metadata.name}`, { Registered: 'True/Adopted' });
    }
    const owned = documents.flatMap(({ metadata }) => rowsOf(world, `${namespace}/${metadata.name}`));
    expect(owned.map(({ id }) => id)).toEqual(before);
    expect((await cli(['import', ...flags])).stdout).toBe('');
  });

  it('reads the former kind of KubeRocketCI', async () => {
    const file = join(folder, 'former.yaml');
    const former = {
      apiVersion: 'edp.epam.com/v1alpha1',
      kind: 'CodemieProjectSettings',
      metadata: { name: 'git', namespace: 'krci' },
      spec: {
        alias: 'git',
        projectName: 'demo',
        type: 'Git',
        codemieRef: { kind: 'Codemie', name: 'codemie' },
        gitCredential: {
          url: 'https://gitlab.com',
          tokenName: 'oauth2',
          secretRef: { name: 'ci-gitlab', secretKey: 'token' },
        },
      },
    };
    await writeFile(file, JSON.stringify(former));
    const { stdout, code } = await cli(['import', '--filename', file]);
    expect(code).toBe(0);
    expect(parseAllDocuments(stdout).map((document) => document.toJS())).toEqual([
      {
        apiVersion: 'codemie.ai/v1alpha1',
        kind: 'GitIntegration',
        metadata: { name: 'git', namespace: 'krci' },
        spec: {
          provider: 'GitLab',
          project: 'demo',
          adoptionPolicy: 'IfUnowned',
          auth: { token: { secretRef: { name: 'ci-gitlab' } } },
        },
      },
    ]);
  });
});

describe('import of the former kind of KubeRocketCI', () => {
  it('adopts in place what it made, with its Secret as it is', async () => {
    const { cluster, world } = suite;
    const namespace = await suite.team();
    const person = world.codemie.addUser({ username: `krci-${namespace}`, projectAdminOf: ['second'] });
    const token = suite.secret('ghp_');
    world.github.addToken({ token, login: 'octocat' });
    const alias = `krci-${namespace}`;
    const { id } = world.codemie.seed({
      project: 'second',
      alias,
      values: { url: 'https://github.com', name: 'oauth2', token },
      user: person,
    });
    await cluster.createSecret(`${namespace}/ci-github`, { 'my-token': token });
    const file = join(folder, `${alias}.yaml`);
    const former = {
      apiVersion: 'edp.epam.com/v1alpha1',
      kind: 'CodemieProjectSettings',
      metadata: { name: alias, namespace },
      spec: {
        alias,
        projectName: 'second',
        type: 'Git',
        codemieRef: { kind: 'Codemie', name: 'codemie' },
        gitCredential: {
          url: 'https://github.com',
          tokenName: 'oauth2',
          secretRef: { name: 'ci-github', secretKey: 'my-token' },
        },
      },
    };
    await writeFile(file, JSON.stringify(former));
    const flags = ['--namespaced', '--connection', 'own', '--namespace', namespace];
    const imported = await cli(['import', ...flags, '--filename', file]);
    expect(imported.code).toBe(0);
    const applied = await runTool('kubectl', {
      args: ['apply', '-f', '-'],
      env: kubeEnv(kubeconfigPath()),
      input: imported.stdout,
    });
    expect(applied.code).toBe(0);
    await cluster.waitForConditions(`${namespace}/${alias}`, { Registered: 'True/Adopted' });
    expect(rowsOf(world, `${namespace}/${alias}`).map((row) => row.id)).toEqual([id]);
  });
});

describe('get --watch', () => {
  it('prints each change until it is stopped, and finds the cluster among several kubeconfigs', async () => {
    const { namespace, key } = await readyIntegration();
    const kubeconfigs = `${join(folder, 'none')}:${kubeconfigPath()}`;
    const child = spawn(
      process.execPath,
      [program(), 'get', '--namespace', namespace, '--watch', '--output', 'json'],
      { env: { ...kubeEnv(kubeconfigs), HOME: folder }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let seen = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
    });
    await suite.cluster.waitFor('the first table', async () => seen.includes('"name": "acme"'));
    await suite.cluster.patch(kinds.integration, key, [{ op: 'add', path: '/spec/suspend', value: true }]);
    await suite.cluster.waitFor('the change', async () => seen.includes('"suspend": true'));
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
  });
});

describe('orphans', () => {
  it('are found by the mark of the cluster, and deleted when asked to', async () => {
    const { namespace, key } = await readyIntegration({ deletionPolicy: 'Orphan' });
    const flags = ['orphans', '--namespace', namespace, ...codemie(), '--cluster-name', suite.system];
    expect((await cli(flags)).stdout).not.toContain(key);
    await suite.cluster.delete(kinds.integration, key);
    await suite.cluster.waitForGone(kinds.integration, key);
    const [row] = rowsOf(suite.world, key);
    const found = await cli([...flags, '--output', 'json']);
    expect(found.code).toBe(1);
    expect(JSON.parse(found.stdout)).toContainEqual(
      expect.objectContaining({ id: row?.id, namespace, name: 'acme', project: 'demo' }),
    );
    const unasked = await cli([...flags, '--delete']);
    expect(unasked).toMatchObject({ code: 2 });
    expect(unasked.stderr).toBe('Error: Nothing was deleted: there is no terminal to ask on. Give --yes.\n');
    expect(rowsOf(suite.world, key)).toHaveLength(1);
    expect((await cli([...flags, '--delete', '--yes'])).code).toBe(0);
    expect(rowsOf(suite.world, key)).toEqual([]);
  });
});

describe('actions', () => {
  it('ask for a reconcile, suspend and resume', async () => {
    const { namespace, key } = await readyIntegration();
    const flags = ['acme', '--namespace', namespace];
    expect(await cli(['reconcile', ...flags])).toMatchObject({ code: 0, stdout: `${key}: True Ready\n` });
    expect(await cli(['suspend', ...flags])).toMatchObject({ code: 0, stdout: `${key} suspended.\n` });
    expect((await suite.cluster.get(kinds.integration, key))?.['spec']).toMatchObject({ suspend: true });
    expect(await cli(['suspend', ...flags])).toMatchObject({ stdout: `${key} is suspended already.\n` });
    expect(await cli(['resume', ...flags])).toMatchObject({ code: 0, stdout: `${key} resumed.\n` });
  });

  it('release an object that is being deleted, and leave CodeMie alone', async () => {
    const { namespace, key } = await readyIntegration();
    const early = await cli(['release', 'acme', '--namespace', namespace]);
    expect(early).toMatchObject({ code: 2 });
    expect(early.stderr).toContain('is not being deleted');
    await suite.operator.stop();
    try {
      await suite.cluster.delete(kinds.integration, key);
      const released = await cli(['release', 'acme', '--namespace', namespace]);
      expect(released.code).toBe(0);
      expect(released.stdout).toContain(`${key} released.`);
      await suite.cluster.waitForGone(kinds.integration, key);
      expect(rowsOf(suite.world, key)).toHaveLength(1);
    } finally {
      suite.operator = await suite.start();
    }
  });
});
