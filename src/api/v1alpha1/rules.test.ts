import { describe, expect, it } from 'vitest';
import { accepted } from '../../../test/cluster/crds/accepted.ts';
import type { Kind } from '../../../test/cluster/crds/manifests.ts';
import { refused } from '../../../test/cluster/crds/refused.ts';
import { kinds } from '../kinds.ts';
import type { Parsed } from '../parse.ts';
import { type StructuralSchema, toStructuralSchema } from '../structural-schema.ts';
import { parseClusterCodeMieConnectionSpec, parseCodeMieConnectionSpec } from './connection-spec.ts';
import { parseGitIntegrationSpec } from './git-integration-spec.ts';

const parsers: Record<Kind, (spec: unknown) => Parsed<unknown>> = {
  GitIntegration: parseGitIntegrationSpec,
  ClusterCodeMieConnection: parseClusterCodeMieConnectionSpec,
  CodeMieConnection: parseCodeMieConnectionSpec,
};

// test/cluster/crds shows the same cases to the API server, which must say the same.
describe('the rules of the operator', () => {
  it.each(accepted)('$kind accepts $name', ({ kind, spec }) => {
    expect(parsers[kind](spec)).toMatchObject({ ok: true });
  });

  it.each(refused)('$kind refuses $name', ({ kind, spec, field, sentence }) => {
    expect(parsers[kind](spec)).toEqual({ ok: false, error: `${field}: ${sentence}.` });
  });

  it.each(kinds)('of $resource.kind are each broken by a case', ({ spec }) => {
    const shown = new Set(refused.map(({ sentence }) => sentence));
    const known = sentences(toStructuralSchema(spec, 'spec'));
    expect(known.filter((sentence) => !shown.has(sentence))).toEqual([]);
  });
});

describe('a sentence of the operator', () => {
  it.each([
    ['no spec', undefined, 'spec: is required.'],
    ['a missing field', { provider: 'GitHub' }, 'spec.project: is required.'],
    ['a wrong type', { provider: 'GitHub', project: 7 }, 'spec.project: must be of type string.'],
    [
      'an unknown choice',
      { provider: 'Gitea', project: 'demo' },
      'spec.provider: must be one of GitHub, GitLab, Bitbucket, AzureDevOps.',
    ],
  ])('says what is wrong with %s', (_name, spec, error) => {
    expect(parseGitIntegrationSpec(spec)).toEqual({ ok: false, error });
  });
});

/** Sentences of all rules that the operator checks too, which immutability is not. */
function sentences(schema: StructuralSchema): string[] {
  const own = schema['x-kubernetes-validations'] ?? [];
  const children = [...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : [])];
  return [
    ...own.filter(({ rule }) => !rule.includes('oldSelf')).map(({ message }) => message),
    ...children.flatMap(sentences),
  ];
}
