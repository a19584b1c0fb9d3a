import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { kubectl } from '../../harness/kubectl.ts';

const examples = join(import.meta.dirname, '..', '..', '..', 'examples');

const apply = async (args: string[], input = '') =>
  await kubectl(['apply', '--validate=strict', ...args], { kubeconfig: inject('kubeconfigPath'), input });

beforeAll(async () => {
  // As after an installation of the operator and the quickstart.
  for (const name of ['codemie-system', 'team-a']) {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await apply(['--filename', '-'], JSON.stringify(namespace));
  }
});

describe('the examples apply unmodified', () => {
  it.each([
    'quickstart',
    'github-pat.yaml',
    'github-app.yaml',
    'github-app-installation.yaml',
    'gitlab-pat.yaml',
    'bitbucket-token.yaml',
    'namespaced-connection.yaml',
  ])('%s', async (path) => {
    // All checks of the server, but nothing stays behind for other tests.
    expect(await apply(['--dry-run=server', '--filename', join(examples, path)])).toMatchObject({
      code: 0,
      stderr: '',
    });
  });
});
