import { beforeAll, describe, expect, it } from 'vitest';
import { kubeconfigPath } from '../../kubeconfig-path.ts';
import { type ApiServer, openApiServer } from './api-server.ts';
import { connectionSpec, gitSpec, manifest } from './manifests.ts';

let api: ApiServer;

const status = {
  observedGeneration: 1,
  conditions: [condition('Ready', 'AliasConflict', 'Take another alias.')],
  credential: { account: 'octocat', expiresAt: '2027-01-31T00:00:00Z', expiresOn: '2027-01-31' },
  installation: { id: 7890 },
  registration: {
    id: '85741bfd',
    project: 'demo',
    alias: 'mine',
    scope: 'Project',
    connectionUID: 'uid',
    server: 'https://codemie.example.com/code-assistant-api',
    origin: 'Created',
  },
};

beforeAll(async () => {
  api = await openApiServer(kubeconfigPath(), 'crd-kubectl');
  const spec = gitSpec({ url: 'https://git.example.com' });
  await api.mustRun(['apply', '-f', '-'], manifest('GitIntegration', 'acme', spec));
  await api.mustRun(['apply', '-f', '-'], manifest('GitIntegration', 'other', gitSpec({ project: 'other' })));
  await api.mustRun(['apply', '-f', '-'], manifest('CodeMieConnection', 'own', connectionSpec()));
  await patchStatus('gitintegration', 'acme', status);
  await patchStatus('codemieconnection', 'own', {
    conditions: [condition('Ready', 'Unauthorized', 'Store the right login.')],
    account: { id: '1', name: 'operator' },
    serverVersion: '2.42.0',
    integrations: 3,
  });
});

describe('kubectl get', () => {
  it.each([
    [
      'gint',
      ['acme'],
      'NAME READY REASON PROVIDER PROJECT EXPIRES AGE',
      'acme False AliasConflict GitHub demo 2027-01-31 AGE',
    ],
    [
      'gint',
      ['acme', '-o', 'wide'],
      'NAME READY REASON PROVIDER PROJECT EXPIRES AGE MESSAGE ACCOUNT ALIAS SETTING INSTALLATION URL',
      'acme False AliasConflict GitHub demo 2027-01-31 AGE Take another alias. octocat mine 85741bfd 7890 https://git.example.com',
    ],
    [
      'cmconn',
      ['own'],
      'NAME READY REASON ACCOUNT INTEGRATIONS AGE',
      'own False Unauthorized operator 3 AGE',
    ],
    [
      'cmconn',
      ['own', '-o', 'wide'],
      'NAME READY REASON ACCOUNT INTEGRATIONS AGE MESSAGE URL VERSION',
      'own False Unauthorized operator 3 AGE Store the right login. https://codemie.example.com/code-assistant-api 2.42.0',
    ],
  ])('%s %j prints the columns', async (resource, args, head, row) => {
    const lines = (await api.mustRun(['get', resource, ...args])).trimEnd().split('\n');
    const age = / \d+[smh](\d+s)?(?= |$)/;
    expect(lines.map((line) => line.replaceAll(/\s+/g, ' ').trim().replace(age, ' AGE'))).toEqual([
      head,
      row,
    ]);
  });

  it('codemie lists the kinds together', async () => {
    const names = (await api.mustRun(['get', 'codemie', '-o', 'name'])).trimEnd().split('\n');
    expect(names).toEqual(
      expect.arrayContaining(['codemieconnection.codemie.ai/own', 'gitintegration.codemie.ai/acme']),
    );
  });

  it.each([
    ['spec.project=other', ['other']],
    ['spec.provider=GitHub,spec.project=demo', ['acme']],
    ['spec.scope=User', []],
    ['spec.connectionRef.kind=ClusterCodeMieConnection,spec.connectionRef.name=default', ['acme', 'other']],
  ])('selects by %s', async (selector, names) => {
    const out = await api.mustRun(['get', 'gint', '--field-selector', selector, '-o', 'name']);
    expect(out.split('\n').filter(Boolean)).toEqual(names.map((name) => `gitintegration.codemie.ai/${name}`));
  });
});

describe('the status', () => {
  it('is ignored in a manifest', async () => {
    const made = { ...JSON.parse(manifest('GitIntegration', 'forged', gitSpec())), status };
    await api.mustRun(['apply', '-f', '-'], JSON.stringify(made));
    expect((await api.get('gint', 'forged')).status).toEqual({ observedGeneration: -1 });
  });

  it('keeps the conditions of several writers apart', async () => {
    await api.mustRun(['apply', '-f', '-'], manifest('GitIntegration', 'merged', gitSpec()));
    for (const [manager, type] of [
      ['one', 'Ready'],
      ['two', 'Audited'],
    ] as const) {
      await api.mustRun(
        ['apply', '--server-side', '--subresource=status', `--field-manager=${manager}`, '-f', '-'],
        JSON.stringify({
          apiVersion: 'codemie.ai/v1alpha1',
          kind: 'GitIntegration',
          metadata: { name: 'merged' },
          status: { conditions: [condition(type, 'Because', 'So it is.')] },
        }),
      );
    }
    expect((await api.get('gint', 'merged')).status?.['conditions']).toHaveLength(2);
  });

  it('is what kubectl wait reads', async () => {
    const flags = ['--for=condition=Ready=false', '--timeout=30s'];
    expect(await api.mustRun(['wait', 'gint/acme', ...flags])).toContain('condition met');
  });
});

describe('kubectl explain', () => {
  it('shows what is required and what may be chosen', async () => {
    const text = (await api.mustRun(['explain', 'gitintegration.spec', '--recursive'])).replaceAll(
      /\s+/g,
      ' ',
    );
    for (const fact of [
      'provider <string> -required- enum: GitHub, GitLab, Bitbucket, AzureDevOps',
      'project <string> -required-',
      'auth <Object> -required-',
      'secretRef <Object> -required- key <string> name <string> -required-',
      'installation <Object> id <Object> idSecretRef <Object>',
      'adoptionPolicy <string> enum: Never, IfUnowned, Always',
      'requiredScopes <[]string>',
    ]) {
      expect(text).toContain(fact);
    }
  });

  it.each([
    [
      'gint',
      'A Git credential that is validated against its provider and registered with a CodeMie project.',
    ],
    ['gint.spec.syncInterval', 'From 1m to 24h. Default: 10m.'],
    ['gint.spec.alias', 'Default: metadata.name.'],
    ['gint.spec.auth.githubApp.appID', 'App ID, a number (in quotes or not)'],
    ['gint.spec.auth.token.secretRef.key', 'Default: token.'],
    ['gint.status.conditions', 'What is true and what to do.'],
    ['ccmconn.spec.consumers', 'An empty list allows no namespace.'],
    ['ccmconn.spec.auth.clientCredentials.clientSecretRef.name', "in the operator's namespace"],
    ['cmconn.spec.auth.clientCredentials.clientSecretRef.name', 'in the namespace of this object'],
  ])('describes %s', async (path, words) => {
    const text = await api.mustRun(['explain', path]);
    expect(text.replaceAll(/\s+/g, ' ')).toContain(words);
  });
});

function condition(type: string, reason: string, message: string) {
  return { type, status: 'False', reason, message, lastTransitionTime: '2026-11-22T20:00:00Z' };
}

async function patchStatus(resource: string, name: string, value: object): Promise<void> {
  const flags = ['--subresource=status', '--type=merge', '--patch', JSON.stringify({ status: value })];
  await api.mustRun(['patch', resource, name, ...flags]);
}
