import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Document, parseAllDocuments, visit } from 'yaml';
import { z } from 'zod';
import { schemaPath } from '../../../scripts/generate/json-schemas.ts';
import { goTool } from '../../../scripts/release/tools.ts';
import { codeBlocks } from '../../harness/code-blocks.ts';
import { runTool } from '../../harness/kube-tools.ts';
import { accepted } from './accepted.ts';
import { git, gitSpec, type Kind, manifest, type Spec, token } from './manifests.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const examples = join(root, 'examples');

const report = z.object({
  resources: z.array(
    z.object({
      kind: z.string(),
      name: z.string(),
      status: z.enum(['statusValid', 'statusInvalid', 'statusError', 'statusSkipped', 'statusEmpty']),
      msg: z.string(),
    }),
  ),
});

let args: string[];

beforeAll(async () => {
  // The command of the page is the one that is tested.
  const page = await readFile(join(root, 'docs', 'gitops.md'), 'utf8');
  const line = codeBlocks(page, 'sh').find((block) => block.includes('kubeconform')) ?? '';
  const [, location = ''] = /-schema-location '(schemas\/[^']*)'/.exec(line) ?? [];
  args = ['-strict', '-output', 'json', '-verbose', '-schema-location', join(root, location)];
});

/** What kubeconform says of manifests, or of the files and folders that are named. */
async function check(input: string, ...more: string[]) {
  const made = await runTool(await goTool('kubeconform'), { args: [...args, ...more], env: {}, input });
  return report.parse(JSON.parse(made.stdout)).resources;
}

const objects = (documents: readonly Document.Parsed[]): { kind: string; apiVersion: string }[] =>
  documents.map((document) => z.object({ kind: z.string(), apiVersion: z.string() }).parse(document.toJS()));
const isOwn = ({ apiVersion }: { apiVersion: string }): boolean => apiVersion.startsWith('codemie.ai/');

describe('kubeconform with the schemas', () => {
  it('accepts every example, and knows all of our kinds in them', async () => {
    const found = await check('', '-ignore-missing-schemas', '-ignore-filename-pattern=/ci/', examples);
    expect(found.filter(({ status }) => status !== 'statusSkipped' && status !== 'statusValid')).toEqual([]);
    const texts = await Promise.all(
      globSync('**/*.yaml', { cwd: examples }).map((file) => readFile(join(examples, file), 'utf8')),
    );
    const own = texts.flatMap((text) => objects(parseAllDocuments(text)).filter(isOwn));
    expect(found.filter(({ status }) => status === 'statusValid')).toHaveLength(own.length);
  });

  it('accepts what the API server accepts', async () => {
    const texts = accepted.map(({ kind, spec }, index) => manifest(kind, `case-${index}`, spec));
    const found = await check(texts.join('\n---\n'));
    expect(found).toHaveLength(accepted.length);
    expect(found.filter(({ status }) => status !== 'statusValid')).toEqual([]);
  });

  it.each<[string, Kind, Spec, string]>([
    ['an unknown field', 'GitIntegration', gitSpec({ projects: ['demo'] }), 'projects'],
    ['an unknown field deep inside', 'GitIntegration', git('', token({ value: 'x' })).spec, 'value'],
    [
      'a token in the place of its reference',
      'GitIntegration',
      gitSpec({ auth: { token: 'x' } }),
      '/spec/auth',
    ],
    ['a provider that there is not', 'GitIntegration', gitSpec({ provider: 'Gitea' }), '/spec/provider'],
    ['no project', 'GitIntegration', { provider: 'GitHub', auth: {} }, 'project'],
    ['a fraction for a whole number', 'CodeMieConnection', { limits: { concurrency: 1.5 } }, '/spec/limits'],
    ['a field of the other connection', 'CodeMieConnection', { consumers: [] }, 'consumers'],
    ['a text for a list', 'ClusterCodeMieConnection', { consumers: 'all' }, '/spec/consumers'],
  ])('refuses %s', async (_name, kind, spec, words) => {
    const [found] = await check(manifest(kind, 'case', spec));
    expect(found).toMatchObject({ status: 'statusInvalid', msg: expect.stringContaining(words) });
  });

  it('refuses another version of the API, and an unknown field next to the spec', async () => {
    const text = manifest('GitIntegration', 'case', gitSpec());
    const [version] = await check(text.replace('v1alpha1', 'v1'), '-ignore-missing-schemas');
    expect(version?.status).toBe('statusSkipped');
    const [field] = await check(text.replace('"spec":', '"Spec":{},"spec":'));
    expect(field).toMatchObject({ status: 'statusInvalid', msg: expect.stringContaining('Spec') });
  });
});

describe('the line for editors', () => {
  it.each(globSync('**/*.yaml', { cwd: examples }).toSorted())(
    '%s names the schema of each of our objects',
    async (file) => {
      const path = join(examples, file);
      const documents = parseAllDocuments(await readFile(path, 'utf8'));
      const named = documents.map((document) => modelines(document));
      const wanted = objects(documents).map((object) =>
        isOwn(object) ? [relative(dirname(path), join(root, schemaPath(object.kind)))] : [],
      );
      expect(named).toEqual(wanted);
    },
  );
});

/** The schemas that the comments of a document name. An editor reads them for each document of a file. */
function modelines(document: Document.Parsed): string[] {
  const comments: (string | null | undefined)[] = [document.commentBefore];
  visit(document, {
    Node: (_key, node) => void comments.push(node.commentBefore),
  });
  const lines = comments.join('\n').split('\n');
  return lines.flatMap((line) => /^ yaml-language-server: \$schema=(\S+)$/.exec(line)?.[1] ?? []);
}
