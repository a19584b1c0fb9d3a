import { beforeAll, describe, expect, it } from 'vitest';
import { FIELD_MANAGER } from '../../../src/api/group.ts';
import { kinds } from '../../harness/cluster.ts';
import { kubectl } from '../../harness/kubectl.ts';
import { kubeconfigPath } from '../../kubeconfig-path.ts';
import { storeGitHubToken } from '../objects.ts';
import { clientCredentials, useSuite } from '../suite.ts';
import { statusOf } from './path.ts';

const suite = useSuite();
let namespace: string;
/** The field managers that apply to one object: a user, Argo CD, and Flux. */
const managers = ['kubectl', 'argocd-controller', 'kustomize-controller'] as const;
type Manager = (typeof managers)[number];

beforeAll(async () => {
  namespace = await suite.team();
  await storeGitHubToken(suite, `${namespace}/token`);
});

const run = (args: string[], manifest: unknown) =>
  kubectl([...args, '--filename', '-'], {
    kubeconfig: kubeconfigPath(),
    input: JSON.stringify(manifest),
  });

/** Applies without `--force-conflicts`, so that a field of another manager is refused. */
const apply = (manager: string, manifest: unknown, ...flags: string[]) =>
  run(['apply', '--server-side', `--field-manager=${manager}`, '--validate=strict', ...flags], manifest);

describe.each([
  {
    resource: kinds.integration,
    name: 'acme',
    parts: (): Record<Manager, object> => ({
      kubectl: {
        connectionRef: { kind: 'CodeMieConnection', name: 'own' },
        provider: 'GitHub',
        project: 'demo',
        auth: { token: { secretRef: { name: 'token' } } },
      },
      'argocd-controller': { validation: { interval: '30m', expiryWarning: '24h' } },
      'kustomize-controller': { syncInterval: '5m', driftPolicy: 'Report' },
    }),
    theirs: { driftPolicy: 'Correct' },
  },
  {
    resource: kinds.connection,
    name: 'applied',
    parts: (): Record<Manager, object> => ({
      kubectl: { url: suite.world.codemie.url, auth: clientCredentials(suite.world, 'login') },
      'argocd-controller': { limits: { concurrency: 2 } },
      'kustomize-controller': { projects: { allowed: ['demo'] } },
    }),
    theirs: { projects: { allowed: ['*'] } },
  },
])('a $resource.kind', ({ resource, name, parts, theirs }) => {
  const apiVersion = `${resource.group}/${resource.version}`;
  const key = () => `${namespace}/${name}`;
  const manifest = (manager: string, spec: object) => ({
    apiVersion,
    kind: resource.kind,
    metadata: { name, namespace, labels: { [`part-of-${manager}`]: 'yes' } },
    spec,
  });
  const ready = () =>
    suite.cluster.waitFor(`${key()} to be Ready`, async () => {
      const object = await suite.cluster.get(resource, key());
      if (!object) return undefined;
      const { observedGeneration, conditions } = statusOf(object);
      const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
      return isReady && observedGeneration === object.metadata.generation && object;
    });

  it('is made of what three managers apply, while the operator writes its status', async () => {
    for (const manager of managers) {
      const made = await apply(manager, manifest(manager, parts()[manager]));
      expect(made).toMatchObject({ code: 0, stderr: '' });
      await ready();
    }
    const { spec, metadata } = await ready();
    for (const part of Object.values(parts())) expect(spec).toMatchObject(part);
    expect(Object.keys(metadata.labels ?? {})).toEqual(managers.map((each) => `part-of-${each}`).toSorted());
  });

  it('may be applied again by each of them, also whole', async () => {
    const whole = Object.assign({}, ...Object.values(parts()));
    for (const manager of managers) {
      expect(await apply(manager, manifest(manager, whole))).toMatchObject({ code: 0, stderr: '' });
      expect(await apply(manager, manifest(manager, parts()[manager]))).toMatchObject({
        code: 0,
        stderr: '',
      });
    }
  });

  it('shows no drift to any of them', async () => {
    await ready();
    for (const manager of managers) {
      const given = manifest(manager, parts()[manager]);
      const diff = await run(['diff', '--server-side', `--field-manager=${manager}`], given);
      expect(diff).toEqual({ code: 0, stdout: '', stderr: '' });
    }
  });

  it('has conflicts between them only', async () => {
    const { code, stderr } = await apply('argocd-controller', manifest('argocd-controller', theirs));
    expect(code).toBe(1);
    expect(stderr).toContain('conflict with "kustomize-controller"');
    expect(stderr).not.toContain(FIELD_MANAGER);
  });

  it('takes a condition of another controller, which the operator leaves alone', async () => {
    const condition = {
      type: 'Audited',
      status: 'True',
      reason: 'Seen',
      message: 'It was looked at.',
      lastTransitionTime: '2026-11-26T12:00:00Z',
      observedGeneration: 1,
    };
    const status = {
      apiVersion,
      kind: resource.kind,
      metadata: { name, namespace },
      status: { conditions: [condition] },
    };
    const made = await apply('auditor', status, '--subresource=status');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    await suite.cluster.patch(resource, key(), [
      { op: 'add', path: '/metadata/annotations', value: { 'codemie.ai/reconcile-requested-at': 'now' } },
    ]);
    await suite.cluster.waitFor('the request to be handled', async () => {
      const object = await suite.cluster.get(resource, key());
      return JSON.stringify(object?.['status']).includes('"lastHandledReconcileAt":"now"');
    });
    const { status: after } = await ready();
    expect(after).toMatchObject({ conditions: expect.arrayContaining([condition]) });
  });
});
