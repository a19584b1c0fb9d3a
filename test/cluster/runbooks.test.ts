import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Resource } from '../../src/kube/object.ts';
import { createServiceAccount } from '../faults/service-account.ts';
import { kinds, seenOf } from '../harness/cluster.ts';
import { codeBlocks } from '../harness/code-blocks.ts';
import { runTool } from '../harness/kube-tools.ts';
import { kubeEnv } from '../harness/kubectl.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { gitHubIntegration, rowsOf, storeGitHubToken } from './objects.ts';
import { clientCredentials, useSuite } from './suite.ts';

const suite = useSuite();
const runbooks = join(import.meta.dirname, '..', '..', 'docs', 'runbooks');
let folder: string;
let namespace: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runbooks-'));
  namespace = await suite.team();
  return () => rm(folder, { recursive: true });
});

/**
 * Runs lines of a runbook in a shell, as the engineer on call does. No kubelet runs here, so `kubectl logs` shows what
 * the operator's process wrote, as it does for a Pod.
 */
async function run(script: string, name = 'NAME', log = suite.operator.output()): Promise<string> {
  await writeFile(join(folder, 'log'), log);
  const logs = `kubectl() { if [ "$1" = logs ]; then cat ${folder}/log; else command kubectl "$@"; fi; }\n`;
  const filled = script
    .replaceAll('NAMESPACE:', 'NS:')
    .replaceAll('NAME:', 'N:')
    .replaceAll('NAMESPACE', namespace)
    .replaceAll('codemie-system', suite.system)
    .replaceAll(' NAME ', ` ${name} `);
  // grep answers 1 for no line.
  const args = ['-c', `${logs}set -o pipefail\n${filled}\n[ $? -le 1 ]`];
  const { code, stdout, stderr } = await runTool('bash', { args, env: kubeEnv(kubeconfigPath()) });
  expect(stderr.replaceAll(/^No resources found.*\n/gm, '')).toBe('');
  expect(code).toBe(0);
  return stdout;
}

async function diagnose(alert: string, name?: string, log?: string): Promise<string> {
  const page = await readFile(join(runbooks, `${alert}.md`), 'utf8');
  const [, section = ''] = page.split('## Diagnose');
  return await run(codeBlocks(section, 'sh')[0] ?? '', name, log);
}

async function integration(name: string, spec: object = {}): Promise<string> {
  const key = `${namespace}/${name}`;
  await suite.cluster.create(
    kinds.integration,
    gitHubIntegration(key, { auth: { token: { secretRef: { name } } }, ...spec }),
  );
  return key;
}

/** Waits until a connection has these conditions. */
async function connection(kind: Resource, key: string, wanted: Record<string, string>): Promise<void> {
  await suite.cluster.waitFor(`${key} to have ${JSON.stringify(wanted)}`, async () => {
    const object = await suite.cluster.get(kind, key);
    const seen = object && seenOf(object);
    return seen && Object.entries(wanted).every(([type, want]) => seen.is(type, want));
  });
}

const ready = (key: string) => suite.cluster.waitForConditions(key, { Ready: 'True/Ready' });

describe('each runbook', async () => {
  const pages = (await readdir(runbooks)).filter((name) => name !== 'README.md');

  it.each(pages)('%s says impact, urgency, diagnosis, fix and verification, in this order', async (page) => {
    const text = await readFile(join(runbooks, page), 'utf8');
    expect(
      text.match(/^# .*\(critical\)$|^# .*\(warning\)$|^\*\*Impact:\*\*|^\*\*Can it wait\?\*\*|^## .*$/gm),
    ).toEqual([
      expect.stringMatching(`^# ${page.slice(0, -3)} `),
      '**Impact:**',
      '**Can it wait?**',
      '## Diagnose',
      '## Fix',
      '## Verify',
    ]);
  });

  it.each(pages)('%s has commands that work', async (page) => {
    await storeGitHubToken(suite, `${namespace}/works-${page.slice(0, -3).toLowerCase()}`);
    const name = `works-${page.slice(0, -3).toLowerCase()}`;
    await integration(name);
    for (const block of codeBlocks(await readFile(join(runbooks, page), 'utf8'), 'sh'))
      await expect(run(block, name)).resolves.toEqual(expect.any(String));
  });
});

describe('the diagnosis shows', () => {
  it('CodeMie that does not respond, while its connection is still Ready', async () => {
    const { cluster, world } = suite;
    const spec = { url: world.codemie.url, auth: clientCredentials(world, 'login') };
    await cluster.create(kinds.clusterConnection, { metadata: { name: 'runbook' }, spec });
    onTestFinished(() => cluster.delete(kinds.clusterConnection, 'runbook'));
    await connection(kinds.clusterConnection, 'runbook', { Ready: 'True/Ready' });
    world.internet.setFault('codemie.example.com', { kind: 'refuse' });
    onTestFinished(() => world.internet.setFault('codemie.example.com', undefined));
    await run(
      'kubectl annotate clustercodemieconnection runbook codemie.ai/reconcile-requested-at=1 --overwrite',
    );
    await connection(kinds.clusterConnection, 'runbook', {
      Ready: 'True/Ready',
      Reconciling: 'True/CodeMieUnreachable',
    });
    const shown = await cluster.waitFor('the event of the outage', async () => {
      const output = await diagnose('CodeMieUnreachable');
      return output.includes('Warning') && output;
    });
    expect(shown).toMatch(/runbook +True +Ready +Not confirmed at the moment: .*codemie\.example\.com/);
    expect(shown).toMatch(/Warning +CodeMieUnreachable +clustercodemieconnection\/runbook/i);

    world.internet.setFault('codemie.example.com', undefined);
    await connection(kinds.clusterConnection, 'runbook', { Ready: 'True/Ready', Reconciling: '' });
    await cluster.waitFor('the event of its end', async () =>
      (await run('kubectl get events --all-namespaces --field-selector reason=Recovered')).includes(
        'clustercodemieconnection/runbook',
      ),
    );
  });

  it('a Git host that does not respond, for an integration that is still Ready', async () => {
    const { world, cluster } = suite;
    await storeGitHubToken(suite, `${namespace}/outage`);
    const key = await integration('outage');
    await ready(key);
    world.internet.setFault('api.github.com', { kind: 'refuse' });
    onTestFinished(() => world.internet.setFault('api.github.com', undefined));
    await run(
      'kubectl annotate gitintegration outage --namespace NAMESPACE codemie.ai/reconcile-requested-at=1 --overwrite',
    );
    await cluster.waitForConditions(key, { Ready: 'True/Ready', Reconciling: 'True/ProviderUnreachable' });
    const shown = await cluster.waitFor('the event of the outage', async () => {
      const output = await diagnose('GitProviderUnreachable');
      return output.includes('gitintegration/outage') && output;
    });
    expect(shown).toMatch(/outage +True +ProviderUnreachable +Not confirmed at the moment: .*github\.com/);
  });

  it('a credential that the provider rejects, by its Secret', async () => {
    const { cluster } = suite;
    await cluster.createSecret(`${namespace}/rejected`, { token: suite.secret('ghp_') });
    const key = await integration('rejected');
    await cluster.waitForConditions(key, { Ready: 'False/Unauthorized' });
    for (const alert of ['GitIntegrationNotReady', 'GitIntegrationsStalled'])
      expect(await diagnose(alert, 'rejected')).toContain('rejected the token in Secret "rejected"');
  });

  it('a credential that expires soon, with its date', async () => {
    const { cluster } = suite;
    const expiresAt = new Date(Date.now() + 3 * 24 * 3_600_000);
    await storeGitHubToken(suite, `${namespace}/expiring`);
    const key = await integration('expiring', {
      auth: { token: { secretRef: { name: 'expiring' }, expiresAt: expiresAt.toISOString() } },
    });
    await cluster.waitForConditions(key, { CredentialExpiring: 'True/ExpiresSoon' });
    for (const alert of ['GitCredentialExpiring', 'GitCredentialExpired'])
      expect(await diagnose(alert, 'expiring')).toContain(expiresAt.toISOString().slice(0, 10));
  });

  it('what someone changed in CodeMie', async () => {
    const { cluster, world } = suite;
    await storeGitHubToken(suite, `${namespace}/drifted`);
    const key = await integration('drifted', { driftPolicy: 'Report' });
    await ready(key);
    const [row] = rowsOf(world, key);
    world.codemie.remove(row?.id ?? '');
    await run(
      'kubectl annotate gitintegration drifted --namespace NAMESPACE codemie.ai/reconcile-requested-at=1 --overwrite',
    );
    await cluster.waitForConditions(key, { Drifted: 'True/Removed' });
    expect(await diagnose('GitIntegrationDrifted', 'drifted')).toContain('no longer lists the integration');
  });

  it('a connection whose login is rejected', async () => {
    const { cluster, world } = suite;
    await cluster.createSecret(`${namespace}/wrong`, { clientSecret: suite.secret('wrong') });
    await cluster.create(kinds.connection, {
      metadata: { name: 'wrong', namespace },
      spec: { url: world.codemie.url, auth: clientCredentials(world, 'wrong') },
    });
    await connection(kinds.connection, `${namespace}/wrong`, { Ready: 'False/Unauthorized' });
    expect(await diagnose('CodeMieConnectionNotReady')).toMatch(/wrong +False +Unauthorized +\S+/);
  });

  it('a permission that is missing, with what it is for, in log and metrics', async () => {
    const account = await createServiceAccount(suite.cluster, kubeconfigPath(), suite.system);
    onTestFinished(() => account.close());
    await account.use(await account.newToken());
    const operator = await suite.start({
      kubeconfig: account.kubeconfigPath,
      args: ['--operator-namespace', suite.system, '--cluster-name', suite.system, '--leader-elect=true'],
      waitUntilReady: false,
    });
    await suite.cluster.waitFor('the log', () =>
      Promise.resolve(operator.output().includes('lacks permission')),
    );
    const shown = await diagnose('CodeMieGitOperatorPermissionsMissing', undefined, operator.output());
    expect(shown).toContain('lacks permission to');
    expect(shown).toContain('it needs that to');
    const metrics = await operator.metrics();
    expect(metrics).toMatch(/^codemie_permissions_missing [1-9]/m);
    expect(metrics).toMatch(/^leader_election_master_status\{name="codemie-git-operator"\} 0$/m);
    await operator.stop();
  });
});

afterAll(() => suite.world?.calm());
