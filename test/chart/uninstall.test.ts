import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { rowsOf, waitForConnection } from '../cluster/objects.ts';
import { kinds } from '../harness/cluster.ts';
import { codeBlocks } from '../harness/code-blocks.ts';
import { runTool } from '../harness/kube-tools.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { quickstart, system, useInstallation } from './installation.ts';

const suite = useInstallation();
const key = 'team-a/github';
const codeMieHost = 'codemie.example.com';
const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'install.md'), 'utf8');
const kubeconfig = kubeconfigPath();

/** The first block of a language below a heading of the page. */
function block(heading: string, language: 'sh' | 'yaml'): string {
  const [, below = ''] = page.split(`\n${heading}\n`);
  const [text] = codeBlocks(below, language);
  if (text === undefined) throw new Error(`There is no block ${language} below ${heading}.`);
  return text;
}

/**
 * What the page says to write into values.yaml. One replica is sooner ready; with a Lease it would wait for that of the
 * one before, which an uninstall leaves no right to give back.
 */
const values = {
  ...z.looseObject({ connection: z.looseObject({}) }).parse(parseYaml(block('## Install', 'yaml'))),
  replicas: 1,
  leaderElection: { enabled: false },
};

const install = (): Promise<string> => suite.helm(['install', ...suite.release({ values })]);
const uninstall = (): Promise<string> =>
  suite.helm(['uninstall', 'codemie-git-operator', '--wait', '--timeout=60s']);
const inUse = async (): Promise<string[]> =>
  (await suite.cluster.get(kinds.clusterConnection, 'default'))?.metadata.finalizers ?? [];

/** The namespace of a team with an integration that is registered through the connection of the release. */
async function registerOne(): Promise<void> {
  const documents = (await quickstart(suite.world)).split('\n---\n');
  const ofTeam = documents.filter((text) => /namespace: team-a|kind: Namespace/.test(text));
  await suite.kubectl(['apply', '--filename', '-'], ofTeam.join('\n---\n'));
  await suite.cluster.waitForConditions(key, { Ready: 'True/Ready' });
  expect(rowsOf(suite.world, key)).toHaveLength(1);
}

/** Deletes what holds the integration, or itself, after the operator: it waits. */
async function deleteInVain(...what: string[]): Promise<void> {
  await suite.kubectl(['delete', ...what, '--wait=false']);
  await suite.cluster.waitFor('the integration to wait for its finalizer', async () => {
    const integration = await suite.cluster.get(kinds.integration, key);
    return integration?.metadata.deletionTimestamp !== undefined;
  });
}

beforeAll(async () => {
  await suite.cluster.createSecret(`${system}/codemie-login`, { clientSecret: suite.world.clientSecret });
});

describe('the connection of the release', () => {
  it('is made by the operator with the rights of the chart, in the first install', async () => {
    await install();
    const { object } = await waitForConnection(suite.cluster, kinds.clusterConnection, 'default', {
      Ready: 'True',
    });
    expect(object['spec']).toMatchObject({ url: 'https://codemie.example.com/code-assistant-api' });
  });

  it('follows the values in an upgrade', async () => {
    const more = { ...values, connection: { ...values.connection, limits: { concurrency: 3 } } };
    await suite.helm(['upgrade', ...suite.release({ values: more })]);
    await suite.cluster.waitFor('the new limit', async () =>
      JSON.stringify(await suite.cluster.get(kinds.clusterConnection, 'default')).includes('"concurrency":3'),
    );
    expect(await suite.kubectl(['get', 'clustercodemieconnection', '--output', 'name'])).toBe(
      'clustercodemieconnection.codemie.ai/default\n',
    );
  });
});

describe('an uninstall with a live integration and CodeMie down', () => {
  it('ends, and leaves the connection to those who need it', async () => {
    await registerOne();
    suite.world.internet.setFault(codeMieHost, { kind: 'refuse' });
    await uninstall();
    expect(await inUse()).toEqual(['codemie.ai/in-use']);
    await deleteInVain('--namespace=team-a', 'gitintegration', 'github');
  });

  it('is fixed by another install: the operator cleans up and removes all finalizers', async () => {
    suite.world.internet.setFault(codeMieHost, undefined);
    await install();
    await suite.cluster.waitForGone(kinds.integration, key);
    expect(rowsOf(suite.world, key)).toEqual([]);
    await suite.cluster.waitFor('the connection to be free', async () => (await inUse()).length === 0);
  });

  it('is fixed without an operator by the command of the documentation', async () => {
    await registerOne();
    await uninstall();
    await deleteInVain('namespace', 'team-a');
    await suite.kubectl(['delete', 'clustercodemieconnection', 'default', '--wait=false']);
    const command = block('### Objects stuck in Terminating', 'sh');
    const env = { HOME: join(dirname(kubeconfig), 'home'), KUBECONFIG: kubeconfig };
    expect(await runTool('sh', { args: ['-c', command], env })).toMatchObject({ code: 0, stderr: '' });
    await suite.cluster.waitForGone(kinds.namespace, 'team-a');
    await suite.cluster.waitForGone(kinds.clusterConnection, 'default');
    expect(rowsOf(suite.world, key)).toHaveLength(1);
  });
});
