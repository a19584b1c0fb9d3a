import { z } from 'zod';
import { API_VERSION, GROUP, gitIntegrations } from '../../api/group.ts';
import { kinds } from '../../api/kinds.ts';
import { type Parsed, parseWithIssues } from '../../api/parse.ts';
import { type StructuralSchema, toStructuralSchema } from '../../api/structural-schema.ts';
import { type GitIntegrationSpec, parseGitIntegrationSpec } from '../../api/v1alpha1/git-integration-spec.ts';
import { closest, ownMember } from '../../lib/names.ts';
import { printable } from '../io.ts';
import type { LintFinding, LintRule } from './finding.ts';
import { type Manifest, type Path, recordOf } from './manifests.ts';

/** `GitIntegration team-a/github`, as kubectl names objects. */
export function nameOf({ kind, namespace, name }: Pick<Manifest, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

/** Makes a finding about a field of a manifest. */
export function findingAt(
  manifest: Manifest,
  path: Path,
  rule: LintRule,
  message: string,
  { severity = 'error', of = 'value' }: { severity?: LintFinding['severity']; of?: 'key' | 'value' } = {},
): LintFinding {
  const position = manifest.position(path, of);
  return { rule, severity, file: manifest.file, position, object: nameOf(manifest), message };
}

/** Whether an object is of our API group, in any version and spelling. */
export function isOurs({ apiVersion, kind }: Manifest): boolean {
  return apiVersion === GROUP || apiVersion.startsWith(`${GROUP}/`) || kindNames.has(kind);
}

const kindNames: ReadonlySet<string> = new Set(kinds.map(({ resource }) => resource.kind));

/** Made once: of each kind, what its CRD knows of the spec. */
const schemas = new Map<string, StructuralSchema>();

function schemaOf(kind: (typeof kinds)[number]): StructuralSchema {
  const known = schemas.get(kind.resource.kind);
  if (known) return known;
  const made = toStructuralSchema(kind.spec, 'spec');
  schemas.set(kind.resource.kind, made);
  return made;
}

/** What the API server and the operator would say to one object of ours. */
export function checkObject(manifest: Manifest): LintFinding[] {
  const kind = kinds.find(({ resource }) => resource.kind === manifest.kind);
  if (!kind || manifest.apiVersion !== API_VERSION) return [unknownVersion(manifest)];
  const findings = checkMetadata(manifest, kind.resource.namespaced);
  for (const name of Object.keys(manifest.object))
    if (!topLevel.has(name)) findings.push(unknownField(manifest, [name], [...topLevel]));
  findings.push(...structure(manifest, ['spec'], manifest.object['spec'], schemaOf(kind)));
  findings.push(...templates(manifest, ['spec'], manifest.object['spec']));
  if (kind.resource === gitIntegrations && integrationSpec(manifest).ok) return findings;
  const checked = parseWithIssues(kind.spec, 'spec', manifest.object['spec']);
  if (!checked.ok)
    for (const { path, sentence } of checked.issues)
      findings.push(findingAt(manifest, path, 'schema', sentence));
  return findings;
}

/** A text in quotes that a template would fill in is valid, and never meant. */
function templates(manifest: Manifest, path: Path, value: unknown): LintFinding[] {
  if (typeof value === 'string') {
    if (!value.includes('{{')) return [];
    const message = `${z.core.toDotPath(path)}: is still a template. Render it first: helm template … | codemie-git lint -`;
    return [findingAt(manifest, path, 'template', message, { severity: 'warning' })];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => templates(manifest, [...path, key], child));
}

const integrationSpecs = new WeakMap<Manifest['object'], Parsed<GitIntegrationSpec>>();

/** The spec of a GitIntegration, parsed once per object: most manifests of a large set are of this kind. */
export function integrationSpec({ object }: Manifest): Parsed<GitIntegrationSpec> {
  const known = integrationSpecs.get(object);
  if (known) return known;
  const parsed = parseGitIntegrationSpec(object['spec']);
  integrationSpecs.set(object, parsed);
  return parsed;
}

const topLevel: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'spec', 'status']);

function unknownVersion(manifest: Manifest): LintFinding {
  const wrongKind = !kindNames.has(manifest.kind);
  const message = wrongKind
    ? `There is no kind ${printable(manifest.kind)} in ${GROUP}. Use one of ${[...kindNames].join(', ')}.`
    : `apiVersion is not one that this release has. Write ${API_VERSION}.`;
  return findingAt(manifest, [wrongKind ? 'kind' : 'apiVersion'], 'unknown-version', message);
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
const subdomain = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;

function checkMetadata(manifest: Manifest, namespaced: boolean): LintFinding[] {
  const findings: LintFinding[] = [];
  const refuse = (path: Path, message: string, severity: LintFinding['severity'] = 'error') =>
    findings.push(findingAt(manifest, ['metadata', ...path], 'metadata', message, { severity }));
  const metadata = recordOf(manifest.object['metadata']);
  const { name, namespace } = metadata;
  if (name === undefined && metadata['generateName'] !== undefined)
    refuse(
      ['generateName'],
      'metadata.generateName creates another object at each apply. Write metadata.name.',
    );
  else if (name === undefined) refuse([], 'metadata.name: is required.');
  else if (typeof name !== 'string') refuse(['name'], 'metadata.name: must be text. Put it in quotes.');
  else if (name.length > 253 || !subdomain.test(name))
    refuse(['name'], "metadata.name: must be lower-case letters, digits, '-' and '.', at most 253 of them.");
  if (namespace !== undefined && typeof namespace !== 'string')
    refuse(['namespace'], 'metadata.namespace: must be text. Put it in quotes.');
  else if (typeof namespace === 'string' && (namespace.length > 63 || !dnsLabel.test(namespace)))
    refuse(
      ['namespace'],
      "metadata.namespace: must be lower-case letters, digits and '-', at most 63 of them.",
    );
  else if (namespace !== undefined && !namespaced)
    refuse(
      ['namespace'],
      `A ${manifest.kind} belongs to no namespace. Remove metadata.namespace.`,
      'warning',
    );
  for (const [field, isValid] of [
    ['labels', (value: string) => value.length <= 63 && labelValue.test(value)],
    ['annotations', () => true],
  ] as const)
    for (const [key, value] of Object.entries(recordOf(metadata[field]))) {
      if (typeof value !== 'string')
        refuse([field, key], `metadata.${field}: every value must be text. Put it in quotes.`);
      else if (!isValid(value))
        refuse(
          [field, key],
          `metadata.${field}: a value must be letters, digits, '-', '_' and '.', at most 63 of them.`,
        );
    }
  return findings;
}

/**
 * What only the API server checks. It drops fields that it does not know; kubectl refuses them by default, GitOps tools
 * differ. It refuses what a set has twice, and a map with too many entries.
 */
function structure(manifest: Manifest, path: Path, value: unknown, schema: StructuralSchema): LintFinding[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return [];
    const found = value.flatMap((item, index) => structure(manifest, [...path, index], item, items));
    return schema['x-kubernetes-list-type'] === 'set'
      ? [...found, ...repeated(manifest, path, value)]
      : found;
  }
  if (typeof value !== 'object' || value === null) return [];
  const { properties, maxProperties } = schema;
  if (maxProperties !== undefined && Object.keys(value).length > maxProperties) {
    const message = `${z.core.toDotPath([...path])}: must have at most ${maxProperties} entries.`;
    return [findingAt(manifest, path, 'schema', message)];
  }
  if (!properties) return [];
  return Object.entries(value).flatMap(([name, child]) => {
    const known = ownMember(properties, name);
    return known
      ? structure(manifest, [...path, name], child, known)
      : [unknownField(manifest, [...path, name], Object.keys(properties))];
  });
}

/** Texts that a set has twice. */
function repeated(manifest: Manifest, path: Path, items: readonly unknown[]): LintFinding[] {
  const seen = new Set<unknown>();
  return items.flatMap((item, index) => {
    if (!seen.has(item)) {
      seen.add(item);
      return [];
    }
    const at = [...path, index];
    return [findingAt(manifest, at, 'schema', `${z.core.toDotPath(at)}: is in the list already. Remove it.`)];
  });
}

function unknownField(manifest: Manifest, path: Path, known: readonly string[]): LintFinding {
  const name = String(path.at(-1));
  const parent = path.slice(0, -1).map(String).join('.') || 'the object';
  const meant = closest(name, known);
  const hint = meant === undefined ? `It has ${known.join(', ')}.` : `Did you mean ${meant}?`;
  const message = `There is no field ${printable(name) || '""'} in ${parent}. ${hint}`;
  return findingAt(manifest, path, 'unknown-field', message, { of: 'key' });
}
