import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { kubectl } from '../../harness/kubectl.ts';
import { openApiServer } from './api-server.ts';

const examples = join(import.meta.dirname, '..', '..', '..', 'examples');

beforeAll(async () => {
  // Namespaces as after an installation and the quickstart.
  await openApiServer(inject('kubeconfigPath'), 'codemie-system');
  await openApiServer(inject('kubeconfigPath'), 'team-a');
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
    const args = ['apply', '--validate=strict', '--filename', join(examples, path)];
    const options = { kubeconfig: inject('kubeconfigPath') };
    expect(await kubectl(args, options)).toMatchObject({ code: 0, stderr: '' });
  });
});
