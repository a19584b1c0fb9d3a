import { beforeAll, describe, expect, it } from 'vitest';
import {
  parseClusterCodeMieConnectionSpec,
  parseCodeMieConnectionSpec,
} from '../../../src/api/v1alpha1/connection-spec.ts';
import { parseGitIntegrationSpec } from '../../../src/api/v1alpha1/git-integration-spec.ts';
import { kubeconfigPath } from '../../kubeconfig-path.ts';
import { accepted } from './accepted.ts';
import { type ApiServer, openApiServer } from './api-server.ts';
import { manifest } from './manifests.ts';

let api: ApiServer;

beforeAll(async () => {
  api = await openApiServer(kubeconfigPath(), 'crd-defaults');
});

const kinds = {
  GitIntegration: { resource: 'gitintegrations', parse: parseGitIntegrationSpec },
  CodeMieConnection: { resource: 'codemieconnections', parse: parseCodeMieConnectionSpec },
  ClusterCodeMieConnection: {
    resource: 'clustercodemieconnections',
    parse: parseClusterCodeMieConnectionSpec,
  },
};

/** A spec as it is saved, with the numbers that it has in quotes as the operator reads them. */
function withNumbers(spec: unknown): unknown {
  return JSON.parse(JSON.stringify(spec).replaceAll(/"(appID|id)":"(\d+)"/g, '"$1":$2'));
}

describe('the defaults of the API server', () => {
  it.each(accepted)('are those of the operator: $kind with $name', async ({ name, kind, spec }) => {
    const { resource, parse } = kinds[kind];
    const id = `defaults-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
    await api.mustRun(['apply', '--filename', '-'], manifest(kind, id, spec));
    const saved = await api.get(resource, id);
    expect(parse(spec)).toEqual({ ok: true, value: withNumbers(saved.spec) });
    expect(saved.status).toEqual({ observedGeneration: -1 });
    await api.mustRun(['delete', resource, id, '--wait=false']);
  });

  it('are the documented ones', async () => {
    await api.mustRun(
      ['apply', '--filename', '-'],
      manifest('GitIntegration', 'documented', {
        provider: 'GitHub',
        project: 'demo',
        auth: { githubApp: { appIDSecretRef: { name: 'app' }, privateKeySecretRef: { name: 'app' } } },
        tls: { caRef: { name: 'ca' } },
      }),
    );
    const { spec } = await api.get('gitintegrations', 'documented');
    expect(spec).toEqual({
      connectionRef: { kind: 'ClusterCodeMieConnection', name: 'default' },
      provider: 'GitHub',
      project: 'demo',
      scope: 'Project',
      global: false,
      auth: {
        githubApp: {
          appIDSecretRef: { name: 'app', key: 'appID' },
          privateKeySecretRef: { name: 'app', key: 'privateKey' },
        },
      },
      tls: { caRef: { kind: 'ConfigMap', name: 'ca', key: 'ca.crt' } },
      validation: { interval: '1h', policy: 'Enforce', repositories: [], expiryWarning: '336h' },
      syncInterval: '10m',
      driftPolicy: 'Correct',
      adoptionPolicy: 'Never',
      deletionPolicy: 'Delete',
      suspend: false,
    });
  });
});
