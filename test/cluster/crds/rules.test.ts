import { beforeAll, describe, expect, it } from 'vitest';
import { kubeconfigPath } from '../../kubeconfig-path.ts';
import { accepted } from './accepted.ts';
import { type ApiServer, openApiServer } from './api-server.ts';
import { app, gitSpec, manifest } from './manifests.ts';
import { refused } from './refused.ts';

/** What Kubernetes 1.31 puts in place of the value that a rule refuses: its type, or nothing. */
const olderPrefixes = ['', 'object', 'string', 'array', 'integer'].map((type) => `Invalid value: "${type}"`);

let api: ApiServer;

beforeAll(async () => {
  api = await openApiServer(kubeconfigPath(), 'crd-rules');
});

describe('the API server', () => {
  it.each(accepted)('takes a $kind with $name', async ({ kind, spec }) => {
    expect(await api.tryCreate(manifest(kind, 'sample', spec))).toMatchObject({ code: 0, stderr: '' });
  });

  it.each(refused)('refuses a $kind with $name', async ({ kind, spec, field, prefix, sentence }) => {
    const { code, stderr } = await api.tryCreate(manifest(kind, 'sample', spec));
    const line = (before: string) => `The ${kind} "sample" is invalid: ${field}: ${before}: ${sentence}`;
    expect([prefix, ...olderPrefixes].map(line)).toContain(stderr.trim());
    expect(code).toBe(1);
  });

  it('takes an App ID that a tool wrote as a float', async () => {
    const written = manifest('GitIntegration', 'sample', gitSpec(app({ appID: 4_475_970 })));
    const float = written.replace('4475970', '4.47597e+06');
    expect(float).not.toBe(written);
    expect(await api.tryCreate(float)).toMatchObject({ code: 0, stderr: '' });
  });

  it('names an unknown field', async () => {
    const { code, stderr } = await api.tryCreate(
      manifest('GitIntegration', 'sample', gitSpec({ tokens: 'x', validation: { intervall: '1h' } })),
    );
    expect(stderr).toContain('unknown field "spec.tokens", unknown field "spec.validation.intervall"');
    expect(code).toBe(1);
  });

  it.each([
    ['provider', { provider: 'github' }, 'supported values: "GitHub", "GitLab", "Bitbucket"'],
    [
      'App ID',
      { auth: { githubApp: { appID: 'Iv23liAbCdEf', privateKeySecretRef: { name: 'a' } } } },
      "must be the App ID, a number from the app's settings page on GitHub; it is neither the client ID (Iv…) nor",
    ],
    [
      'expiry',
      { auth: { token: { secretRef: { name: 'a' }, expiresAt: 'soon' } } },
      'must be of type date-time',
    ],
    ['empty project', { project: '' }, 'spec.project in body should be at least 1 chars long'],
    [
      'project, when too long',
      { project: 'x'.repeat(101) },
      /may not be (more than 100 bytes|longer than 100)/,
    ],
    ['repository given twice', { validation: { repositories: ['a/b', 'a/b'] } }, 'Duplicate value: "a/b"'],
  ])('says what is wrong with the %s', async (_name, changes, words) => {
    const { code, stderr } = await api.tryCreate(manifest('GitIntegration', 'sample', gitSpec(changes)));
    expect(stderr).toMatch(words);
    expect(code).toBe(1);
  });
});
