import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { kinds } from '../kinds.ts';
import { parsePart } from '../parse.ts';

const folder = join(import.meta.dirname, '..', '..', '..', 'examples');
const files = globSync('**/*.yaml', { cwd: folder }).toSorted();
/** Kinds of others. The API server checks their fields in the tests of the CRDs. */
const foreignKinds: ReadonlySet<string> = new Set([
  'Namespace',
  'Secret',
  'ConfigMap',
  'Application',
  'Kustomization',
  'HelmRelease',
  'OCIRepository',
  'ExternalSecret',
  'SealedSecret',
  'KeycloakClient',
  'AccessToken',
  'VaultDynamicSecret',
]);
const manifestSchema = z.object({
  kind: z.string(),
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.unknown().optional(),
  stringData: z.record(z.string(), z.string()).optional(),
});

describe('the examples', () => {
  it('are there', () => {
    expect(files).toContain('quickstart/20-integration.yaml');
  });

  it.each(files)('%s begins with what it shows and what to change', (file) => {
    const [shows, change, ...rest] = readFileSync(join(folder, file), 'utf8').split('\n', 4);
    expect(shows).toMatch(/^# Shows: .+\.$/);
    expect(change).toMatch(/^# Change: .+\.$/);
    const [next] = rest.filter((line) => !line.startsWith('# yaml-language-server: $schema='));
    expect(next).not.toMatch(/^#/);
  });

  it.each(files)('%s is right', (file) => {
    const faults = manifestsOf(file).flatMap(({ kind, metadata, spec }) => {
      const known = kinds.find(({ resource }) => resource.kind === kind);
      if (!known) return foreignKinds.has(kind) ? [] : [`unknown kind ${kind}`];
      const parsed = parsePart(known.spec, 'spec', spec);
      const scoped = (metadata.namespace !== undefined) === known.resource.namespaced;
      return [...(parsed.ok ? [] : [parsed.error]), ...(scoped ? [] : [`${kind} in the wrong scope`])];
    });
    expect(faults).toEqual([]);
  });

  it.each(files)('%s holds placeholders instead of secrets', (file) => {
    // What Argo CD keeps in a Secret without its being one.
    const settings = new Set(['name', 'type', 'url', 'enableOCI']);
    const values = manifestsOf(file).flatMap(({ metadata, stringData = {} }) =>
      Object.entries(stringData).flatMap(([key, value]) =>
        metadata.labels?.['argocd.argoproj.io/secret-type'] === 'repository' && settings.has(key)
          ? []
          : [value],
      ),
    );
    expect(values.filter((value) => !/^(replace-me|\d+)$/.test(value))).toEqual([]);
  });
});

function manifestsOf(file: string): z.output<typeof manifestSchema>[] {
  const documents = parseAllDocuments(readFileSync(join(folder, file), 'utf8'));
  return z.array(manifestSchema).parse(documents.map((document) => document.toJS()));
}
