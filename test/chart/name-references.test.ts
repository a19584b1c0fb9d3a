import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { kinds } from '../../src/api/kinds.ts';
import { type StructuralSchema, toStructuralSchema } from '../../src/api/structural-schema.ts';
import { codeBlocks } from '../harness/code-blocks.ts';
import { runTool } from '../harness/kube-tools.ts';

const root = join(import.meta.dirname, '..', '..');
const component = join(root, 'config', 'name-references');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kustomize-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The paths under which a kind names objects of another kind: `spec/auth/token/secretRef`. */
function references(schema: StructuralSchema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const at = `${path}/${name}`;
    return name.endsWith('Ref') ? [at] : references(child, at);
  });
}

const listed = z.object({
  nameReference: z.array(
    z.object({ fieldSpecs: z.array(z.object({ kind: z.string().optional(), path: z.string() })) }),
  ),
});

describe('config/name-references', () => {
  it('has every reference of every kind', async () => {
    const text = await readFile(join(component, 'name-references.yaml'), 'utf8');
    const specs = listed.parse(parse(text)).nameReference.flatMap(({ fieldSpecs }) => fieldSpecs);
    const wanted = kinds.flatMap(({ resource, spec }) =>
      references(toStructuralSchema(spec, 'spec'), 'spec').map(
        (path) => [resource.kind, `${path}/name`] as const,
      ),
    );
    const missing = wanted.filter(
      ([kind, path]) => !specs.some((spec) => spec.path === path && (spec.kind ?? kind) === kind),
    );
    expect(missing).toEqual([]);
  });

  it('makes Kustomize write generated names into integrations, as the page on GitOps shows', async () => {
    const page = await readFile(join(root, 'docs', 'gitops.md'), 'utf8');
    const blocks = codeBlocks(page, 'yaml');
    const kustomization = blocks.find((block) => block.includes('config/name-references'));
    const integration = `
apiVersion: codemie.ai/v1alpha1
kind: GitIntegration
metadata: { name: acme }
spec:
  provider: GitLab
  project: demo
  auth: { token: { secretRef: { name: acme-token } } }
`;
    await cp(component, join(folder, 'name-references'), { recursive: true });
    // The page names the component by the address of the repository.
    const local = kustomization?.replaceAll(/https:[^\s\]]*/g, 'name-references');
    await writeFile(join(folder, 'kustomization.yaml'), local ?? '');
    await writeFile(join(folder, 'integration.yaml'), integration);
    await writeFile(join(folder, 'token.env'), 'token=glpat-example\n');
    const built = await runTool('kubectl', { args: ['kustomize', folder], env: { HOME: folder } });
    expect(built).toMatchObject({ code: 0, stderr: '' });
    const objects = parseAllDocuments(built.stdout).map((document) => objectSchema.parse(document.toJS()));
    const secret = objects.find(({ kind }) => kind === 'Secret')?.metadata.name;
    expect(secret).toMatch(/^acme-token-[a-z0-9]{10}$/);
    const made = objects.find(({ kind }) => kind === 'GitIntegration');
    expect(made?.spec).toMatchObject({ auth: { token: { secretRef: { name: secret } } } });
  });
});

const objectSchema = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string() }),
  spec: z.unknown().optional(),
});
