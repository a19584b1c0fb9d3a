import { beforeAll, describe, expect, it } from 'vitest';
import { kubeconfigPath } from '../../kubeconfig-path.ts';
import { type ApiServer, openApiServer } from './api-server.ts';
import { gitSpec, manifest } from './manifests.ts';

let api: ApiServer;

beforeAll(async () => {
  api = await openApiServer(kubeconfigPath(), 'crd-updates');
  await api.mustRun(['apply', '-f', '-'], manifest('GitIntegration', 'shared', gitSpec()));
  const own = { scope: 'User', connectionRef: { kind: 'CodeMieConnection', name: 'own' } };
  await api.mustRun(['apply', '-f', '-'], manifest('GitIntegration', 'personal', gitSpec(own)));
});

const patch = async (name: string, spec: object) =>
  await api.run(['patch', 'gitintegration', name, '--type=merge', '--patch', JSON.stringify({ spec })]);

describe('a saved GitIntegration', () => {
  it.each([
    [
      'its provider',
      'shared',
      { provider: 'GitLab' },
      'spec.provider: Forbidden: cannot be changed; create a new GitIntegration for the other provider',
    ],
    [
      'its project',
      'shared',
      { project: 'other' },
      'spec.project: Forbidden: cannot be changed, because CodeMie cannot move an integration; create a new GitIntegration in the other project',
    ],
    [
      'its scope',
      'shared',
      { scope: 'User', connectionRef: { kind: 'CodeMieConnection' } },
      'spec.scope: Forbidden: cannot be changed; create a new GitIntegration with the other scope',
    ],
    [
      'a scope by leaving it out',
      'personal',
      { scope: null },
      'spec.scope: Forbidden: cannot be changed; create a new GitIntegration with the other scope',
    ],
  ])('refuses a change of %s', async (_what, name, spec, line) => {
    const { code, stderr } = await patch(name, spec);
    expect(stderr).toContain(line);
    expect(code).toBe(1);
  });

  it('takes every other change', async () => {
    const changes = {
      connectionRef: { name: 'other' },
      url: 'https://git.example.com',
      alias: 'renamed',
      auth: { token: null, githubApp: { appID: 1, privateKeySecretRef: { name: 'app' } } },
      adoptionPolicy: 'IfUnowned',
      deletionPolicy: 'Orphan',
      driftPolicy: 'Report',
      suspend: true,
      scope: 'Project',
    };
    expect(await patch('shared', changes)).toMatchObject({ code: 0, stderr: '' });
  });
});
