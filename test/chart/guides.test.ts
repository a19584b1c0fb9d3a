import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parse as parseYaml, stringify } from 'yaml';
import { z } from 'zod';
import { rowsOf } from '../cluster/objects.ts';
import { blocksOf, codeBlocks, sectionOf } from '../harness/code-blocks.ts';
import { foreignCrdFiles } from '../harness/foreign-crds.ts';
import { runTool } from '../harness/kube-tools.ts';
import { kubeEnv } from '../harness/kubectl.ts';
import { createGitLab } from '../harness/peers/gitlab/gitlab.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { storeAuthority, system, useInstallation } from './installation.ts';

const root = join(import.meta.dirname, '..', '..');
const ourGitLab = createGitLab({ url: 'https://gitlab.example.com' });
const suite = useInstallation({
  world: { peers: [ourGitLab], projects: ['demo', 'shop'], furtherCodeMieHosts: ['codemie-new.example.com'] },
});
let folder: string;

beforeAll(async () => {
  // A checkout, with the files that a reader has there.
  folder = await mkdtemp(join(tmpdir(), 'guides-'));
  for (const name of ['charts', 'examples', 'crds']) await symlink(join(root, name), join(folder, name));
  await writeFile(join(folder, 'ca.crt'), suite.world.internet.ca);
  const cli = join(folder, 'codemie-git');
  const program = join(dirname(inject('operatorProgram')), 'codemie-git.mjs');
  const { proxyUrl, caFile } = suite.world.internet;
  await writeFile(
    cli,
    `#!/bin/sh\n[ "$1" != import ] || set -- "$@" --ca-file ${caFile}\nHTTPS_PROXY=${proxyUrl} exec ${process.execPath} ${program} "$@"\n`,
  );
  await chmod(cli, 0o755);
  for (const file of await foreignCrdFiles())
    await suite.kubectl(['apply', '--server-side', '--force-conflicts', '--filename', file]);
  for (const namespace of ['argocd', 'flux-system']) await suite.kubectl(['create', 'namespace', namespace]);
  return async () => {
    for (const namespace of ['argocd', 'flux-system', 'team-b'])
      await suite.kubectl(['delete', 'namespace', '--ignore-not-found', namespace]);
  };
});
afterAll(() => rm(folder, { recursive: true }));

async function run(script: string, env: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await runTool('bash', {
    args: ['-ec', `set -uo pipefail\nexport PATH="${folder}:$PATH"\ncd ${folder}\n${script}`],
    env: { ...kubeEnv(kubeconfigPath()), ...env },
  });
  if (code !== 0) throw new Error(`${script} failed: ${stderr}${stdout}`);
  return stdout;
}

interface Following {
  /** What the reader knows, as variables. */
  env?: Record<string, string>;
  /** What happens around the reader before they run a line, and after it. */
  before?: (line: string) => Promise<void> | void;
  after?: (line: string) => Promise<void> | void;
  /** Lines that can't run here. */
  skip?: RegExp;
}

/** Follows a page: runs its commands, applies its manifests, and writes its values into values.yaml. */
async function follow(page: string, { env = {}, before, after, skip }: Following = {}): Promise<string> {
  let output = '';
  for (const { language, text } of blocksOf(await readFile(join(root, 'docs', page), 'utf8'))) {
    if (language === 'sh')
      // A line may go on in the next one.
      for (const line of text.trim().split(/(?<![\\|])\n/)) {
        if (skip?.test(line)) continue;
        await before?.(line);
        output += await run(line, env);
        await after?.(line);
      }
    else if (language === 'yaml' && text.includes('apiVersion:'))
      output += await suite.kubectl(['apply', '--filename', '-'], text);
    else if (language === 'yaml') await writeValues(text);
  }
  return output;
}

/** Writes values of a page, with what this cluster needs besides. */
async function writeValues(text: string): Promise<void> {
  const values = z.looseObject({}).parse(parseYaml(text));
  await writeFile(join(folder, 'values.yaml'), stringify({ ...values, ...suite.localValues(), replicas: 1 }));
}

const ready = (name: string) => suite.cluster.waitForConditions(`team-a/${name}`, { Ready: 'True/Ready' });

async function newKey(): Promise<string> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  await writeFile(join(folder, 'private-key.pem'), pem);
  return pem;
}

// Each goes on where the one before has stopped, as a reader does.
describe('the commands of', () => {
  it('Get started install the operator, register, and recover from a bad token', async () => {
    const { world } = suite;
    world.github.addToken({ token: 'ghp_of_get_started', login: 'octocat' });
    const page = await readFile(join(root, 'docs', 'install.md'), 'utf8');
    const [shown = ''] = codeBlocks(sectionOf(page, 'Install'), 'yaml');
    await writeValues(shown);
    const output = await follow('get-started.md', {
      env: { TOKEN: 'ghp_of_get_started', CLIENT_SECRET: world.clientSecret },
      skip: /npm/,
      before: async (line) => {
        if (line.includes('create namespace')) await suite.kubectl(['delete', 'namespace', system]);
      },
      after: async (line) => {
        if (line.includes('create namespace')) await storeAuthority(suite);
      },
    });
    expect(output.match(/gitintegration\.codemie\.ai\/github-pat condition met/g)).toHaveLength(2);
    expect(output).toMatch(/github-pat +(False|True|Unknown)/);
    expect(rowsOf(world, 'team-a/github-pat')).toHaveLength(1);
  });

  it('GitHub App register an App and show its fingerprint', async () => {
    const { world } = suite;
    const pem = await newKey();
    world.github.addOrganization('acme');
    world.github.addApp({ id: 123456, privateKey: pem });
    world.github.addInstallation({ appId: 123456, account: 'acme' });
    const output = await follow('guides/github-app.md');
    expect(output).toContain('gitintegration.codemie.ai/acme-github condition met');
    expect(output).toMatch(/^SHA256:\S{43}=$/m);
  });

  it('Rotate credentials bring a new token and a new key to CodeMie', async () => {
    const { world } = suite;
    for (const token of ['glpat-the-old-one', 'glpat-the-new-one'])
      world.gitlab.addToken({ token, username: 'ci-bot' });
    await run(
      'kubectl --namespace team-a create secret generic acme-token --from-literal=token=glpat-the-old-one',
      {},
    );
    await suite.kubectl(
      ['apply', '--filename', '-'],
      `{apiVersion: codemie.ai/v1alpha1, kind: GitIntegration, metadata: {name: acme-gitlab, namespace: team-a},
        spec: {provider: GitLab, project: demo, auth: {token: {secretRef: {name: acme-token}}}}}`,
    );
    await ready('acme-gitlab');
    const stored = (name: string) =>
      JSON.stringify(rowsOf(world, `team-a/${name}`).map((row) => row.credential_values));
    const before = stored('acme-github');
    const output = await follow('guides/rotate-credentials.md', {
      env: { TOKEN: 'glpat-the-new-one', CLIENT_SECRET: world.clientSecret },
      before: async (line) => {
        if (line.includes('dry-run')) world.github.setAppKey(123456, await newKey());
      },
    });
    expect(stored('acme-gitlab')).toContain('glpat-the-new-one');
    await suite.cluster.waitFor('the new key in CodeMie', () =>
      Promise.resolve(stored('acme-github') !== before),
    );
    expect(output).toMatch(/acme-github +True +SHA256:/);
  });

  it('Self-managed server allow the host and trust its CA', async () => {
    ourGitLab.addToken({ token: 'glpat-self-managed', username: 'ci-bot' });
    await follow('guides/self-managed-server.md', { env: { TOKEN: 'glpat-self-managed' }, skip: /openssl/ });
    await ready('our-gitlab');
    expect(rowsOf(suite.world, 'team-a/our-gitlab')).toHaveLength(1);
  });

  it('External Secrets register what a store holds', async () => {
    const { world } = suite;
    const pem = await newKey();
    world.github.addApp({ id: 654321, privateKey: pem });
    world.github.addInstallation({ appId: 654321, account: 'acme' });
    const output = await follow('guides/external-secrets.md', {
      skip: /clustersecretstore/,
      // As External Secrets does.
      before: async (line) => {
        if (!line.includes('kubectl wait externalsecret')) return;
        await run(
          `kubectl --namespace team-a create secret generic github-app-from-store --from-literal=appID=654321 --from-file=privateKey=private-key.pem
           kubectl --namespace team-a patch externalsecret github-app-from-store --subresource=status --type=merge --patch '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}'`,
          {},
        );
      },
    });
    expect(output).toContain('gitintegration.codemie.ai/github-app-from-store condition met');
  });

  it('Argo CD and Flux are accepted by the API server', async () => {
    expect(await follow('guides/argo-cd.md')).toMatch(/^team-a +/m);
    await follow('guides/flux.md');
  });

  it('Behind a proxy roll the proxy out', async () => {
    const output = await follow('guides/proxy.md');
    expect(output).toMatch(/default +True/);
  });

  it('Onboard a team let its namespace write to its project', async () => {
    await follow('guides/onboard-a-team.md');
    expect(
      await run(
        'kubectl auth can-i create gitintegrations --namespace team-b --as=jane --as-group=team-b',
        {},
      ),
    ).toBe('yes\n');
    expect(
      await run(
        "kubectl get clustercodemieconnection default --output jsonpath='{.spec.consumers[*].projects}'",
        {},
      ),
    ).toContain('shop');
  });

  it('Adopt existing integrations adopt one in place', async () => {
    const { world } = suite;
    world.gitlab.addToken({ token: 'glpat-by-hand', username: 'ci-bot' });
    const user = world.login;
    const row = world.codemie.seed({
      project: 'demo',
      alias: 'shop',
      values: { url: 'https://gitlab.com', name: 'oauth2', token: 'glpat-by-hand' },
      user,
    });
    await follow('guides/adopt-existing-integrations.md', {
      env: { TOKEN: 'glpat-by-hand' },
      // As the import says.
      before: async (line) => {
        if (line.includes('kubectl apply'))
          await run(
            'kubectl --namespace team-a create secret generic shop-git --from-literal=token="$TOKEN"',
            {
              TOKEN: 'glpat-by-hand',
            },
          );
      },
    });
    await suite.cluster.waitForConditions('team-a/shop', { Registered: 'True/Adopted' });
    expect(rowsOf(world, 'team-a/shop').map(({ id }) => id)).toEqual([row.id]);
  });

  it('Back up and restore keep the integrations of CodeMie', async () => {
    const { world } = suite;
    const ids = rowsOf(world, 'team-a/acme-github').map(({ id }) => id);
    const output = await follow('guides/backup-and-restore.md');
    expect(output).toMatch(new RegExp(`acme-github +${ids[0]}`));
    expect(rowsOf(world, 'team-a/acme-github').map(({ id }) => id)).toEqual(ids);
  });

  it('Migrate bring integrations to another CodeMie', async () => {
    const { world } = suite;
    await run(
      `kubectl get clustercodemieconnection default --output json | sed -e 's/"name": "default"/"name": "new"/' -e 's#codemie.example.com/#codemie-new.example.com/#' | kubectl create --filename -`,
      {},
    );
    await follow('guides/migrate.md', {
      before: async (line) => {
        if (line.includes('kubectl apply'))
          await run(`kubectl --namespace ${system} scale deployment codemie-git-operator --replicas=1`, {});
      },
    });
    await suite.cluster.waitFor('the old one to be gone', () =>
      Promise.resolve(rowsOf(world, 'team-a/acme-github').length === 0),
    );
    const there = world.furtherCodeMies.flatMap((codemie) => codemie.rows());
    expect(there.map(({ alias }) => alias)).toEqual(['acme-github']);
  });

  it('Leave keep what is in CodeMie', async () => {
    const { world } = suite;
    const ids = rowsOf(world, 'team-a/github-pat').map(({ id }) => id);
    expect(ids).toHaveLength(1);
    await follow('guides/leave.md');
    expect(rowsOf(world, 'team-a/github-pat').map(({ id }) => id)).toEqual(ids);
    await suite.kubectl(['delete', 'clustercodemieconnection', 'new']);
  });
});
