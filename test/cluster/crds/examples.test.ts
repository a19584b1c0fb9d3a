import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { foreignCrdFiles } from '../../harness/foreign-crds.ts';
import { kubectl } from '../../harness/kubectl.ts';
import { kubeconfigPath } from '../../kubeconfig-path.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const examples = join(root, 'examples');

const run = async (args: string[], input = '') =>
  await kubectl(args, { kubeconfig: kubeconfigPath(), input });

async function mustRun(args: string[], input?: string): Promise<void> {
  const { code, stderr } = await run(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
}

beforeAll(async () => {
  const crds = (await foreignCrdFiles()).flatMap((file) => ['--filename', file]);
  await mustRun(['apply', '--server-side', ...crds]);
  await mustRun(['wait', '--for=condition=Established', '--timeout=30s', ...crds]);
  // As after an installation of the operator and of the tools that the examples are for.
  for (const name of ['codemie-system', 'team-a', 'argocd', 'flux-system', 'arc-runners']) {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await mustRun(['apply', '--filename', '-'], JSON.stringify(namespace));
  }
});

describe('the examples apply unmodified', () => {
  it.each(globSync('**/*.yaml', { cwd: examples }).toSorted())('%s', async (file) => {
    // All checks of the server, but nothing stays behind for other tests.
    const args = ['apply', '--validate=strict', '--dry-run=server'];
    expect(await run([...args, '--filename', join(examples, file)])).toMatchObject({ code: 0, stderr: '' });
  });
});

it("the token that Crossplane's provider-gitlab is to create has the fields of its real CRD of the cluster", async () => {
  const text = await readFile(join(examples, 'rotation', 'crossplane-gitlab.yaml'), 'utf8');
  const token = z.object({
    kind: z.literal('AccessToken'),
    spec: z.object({ forProvider: z.looseObject({ name: z.string() }) }),
  });
  const { spec } = token.parse(parseAllDocuments(text)[0]?.toJS());
  const object = {
    apiVersion: 'groups.gitlab.crossplane.io/v1alpha1',
    kind: 'AccessToken',
    metadata: { name: 'codemie' },
    spec: { forProvider: spec.forProvider },
  };
  const args = ['apply', '--validate=strict', '--dry-run=server', '--filename', '-'];
  expect(await run(args, JSON.stringify(object))).toMatchObject({ code: 0, stderr: '' });
});
