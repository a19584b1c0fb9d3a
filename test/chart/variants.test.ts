import { randomUUID } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import { settingsHelp } from '../../src/settings.ts';
import { kubectl } from '../harness/kubectl.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { deploymentsOf, manifestsOf, template } from './render.ts';
import { variants } from './variants.ts';

const namespace = `chart-${randomUUID().slice(0, 8)}`;
const knownFlags = [...settingsHelp().matchAll(/^ {2}(--\S+)/gm)].map(([, flag]) => flag);
const kubeconfig = kubeconfigPath();

beforeAll(async () => {
  // The namespaces that the values name: a dry run makes none. What the restricted Pod Security Standard does not
  // allow is a warning, which the tests see.
  const labels = { 'pod-security.kubernetes.io/warn': 'restricted' };
  for (const name of [namespace, 'team-a', 'team-b']) {
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
    await kubectl(['apply', '--filename', '-'], { kubeconfig, input: JSON.stringify(object) });
  }
});

it.each(variants)('the API server and the operator take what is made with %s', async (name, values) => {
  // The CRDs are always the same, and take longer than all the rest.
  const crds = name === 'nothing' ? {} : { crds: { install: false } };
  const { stdout, stderr } = await template({ ...crds, ...values }, { namespace });
  expect(stderr).toBe('');

  const dryRun = ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict'];
  expect(await kubectl([...dryRun, '--filename', '-'], { kubeconfig, input: stdout })).toMatchObject({
    code: 0,
    stderr: '',
  });

  const containers = deploymentsOf(manifestsOf(stdout)).values();
  const flags = [...containers].flatMap(({ container }) => container.args.map((arg) => arg.split('=')[0]));
  expect(knownFlags).toEqual(expect.arrayContaining(flags));
});
