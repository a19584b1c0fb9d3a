import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectionConditions, gitIntegrationConditions } from '../src/api/conditions.ts';
import { kinds } from '../src/api/kinds.ts';
import { type StructuralSchema, toStructuralSchema } from '../src/api/structural-schema.ts';
import { durations } from '../src/lib/durations.ts';
import { ProviderError, type ProviderErrorFields } from '../src/providers/provider.ts';
import { metricCatalogue } from '../test/harness/metric-catalogue.ts';
import { isSyntaxNode, visitSources } from '../test/harness/source-code.ts';
import type { ValueSchema } from './chart/value.ts';
import { values } from './chart/values.ts';

// The steps of the recipes in CONTRIBUTING.md that would fail nothing else when they are forgotten. Names are compared, so
// a new name that is already in use for something else passes.

const root = join(import.meta.dirname, '..');

/** The files of patterns, but for excluded ones, with their text. */
function filesOf(patterns: string[], exclude = /^$/): { file: string; text: string }[] {
  return globSync(patterns, { cwd: root })
    .filter((file) => !exclude.test(file))
    .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
}

const textOf = (files: readonly { text: string }[]): string => files.map(({ text }) => text).join('\n');

const hasWord = (text: string, word: string): boolean => new RegExp(`\\b${word}\\b`).test(text);

/**
 * What the operator's sources, without comments, call things, and the texts that are in quotes. Of `src/api`, which declares
 * them, only what its rules read of a value.
 */
const used = { names: new Set<string>(), texts: new Set<string>() };
visitSources((node, file) => {
  const isDeclared = file.startsWith('src/api/');
  const read = node.type === 'MemberExpression' ? node['property'] : node;
  if (isDeclared && read === node) return;
  if (isSyntaxNode(read) && read.type === 'Identifier' && typeof read['name'] === 'string')
    used.names.add(read['name']);
  if (node.type === 'Literal' && typeof node['value'] === 'string') used.texts.add(node['value']);
});

describe('a field of the API', () => {
  const pages = textOf(
    filesOf(['docs/**/*.md', 'examples/**/*.yaml'], /^docs\/(adr\/|contributing\/|api-reference\.md$)/),
  );
  const parts = kinds.flatMap(({ resource: { kind }, spec, status }) => [
    { part: `${kind}.spec`, fields: fieldsOf(toStructuralSchema(spec, kind)), isSpec: true },
    { part: `${kind}.status`, fields: fieldsOf(toStructuralSchema(status, kind)), isSpec: false },
  ]);

  it.each(parts)('of $part is read or written by the operator', ({ fields }) => {
    expect(fields.length).toBeGreaterThan(2);
    expect(unnamed(fields, (name) => used.names.has(name))).toEqual([]);
  });

  it.each(parts.filter(({ isSpec }) => isSpec))(
    'of $part is in an example, or on a page that is written by hand',
    ({ fields }) => {
      expect(unnamed(fields, (name) => hasWord(pages, name))).toEqual([]);
    },
  );
});

describe('a reason of a condition', () => {
  const tests = textOf(filesOf(['test/**/*.ts', 'src/**/*.test.ts']));
  const reasons = [...gitIntegrationConditions, ...connectionConditions].flatMap(({ type, reasons: known }) =>
    Object.entries(known).map(([reason, { status, remedy }]) => ({ type, reason, status, remedy })),
  );

  it.each(reasons)('$reason of $type is reported by the operator', ({ reason }) => {
    expect(used.names.has(reason) || used.texts.has(reason)).toBe(true);
  });

  it.each(reasons)('$reason of $type is expected by a test', ({ reason }) => {
    expect(tests).toMatch(new RegExp(`['"\`/]${reason}\\b`));
  });

  it('has a remedy, unless it reports success or there is nothing to do', () => {
    const without = reasons.filter(({ remedy }) => remedy === undefined).map(({ reason }) => reason);
    expect([...new Set(without)].toSorted()).toEqual(nothingToDo.toSorted());
  });
});

/** Reasons that ask nothing of users. */
const nothingToDo = [
  'Adopted',
  'Deleting',
  'NotChecked',
  'Ready',
  'Registered',
  'Resolved',
  'Sufficient',
  'Valid',
];

/** Whether a provider's reason is one that asking again in a minute does not change: `explained` in `provider.ts`. */
const isExplained: Record<ProviderErrorFields['reason'], boolean> = {
  Unauthorized: false,
  Expired: true,
  Revoked: true,
  SSORequired: true,
  AddressNotAllowed: true,
  OrganizationStopped: true,
  RepositoryNotAccessible: false,
  AppPasswordRetired: true,
  KeyAppMismatch: false,
  WrongProvider: true,
  HostNotAllowed: true,
  NotFound: false,
  Suspended: true,
  PermissionsPending: true,
  // Retried anyway.
  ProviderUnreachable: false,
  ProviderError: false,
  RateLimited: false,
  TLSUntrusted: false,
  ClientCertificateRequired: false,
  Rechecking: false,
};

const isReason = (name: string): name is ProviderErrorFields['reason'] => Object.hasOwn(isExplained, name);

it.each(Object.keys(isExplained).filter(isReason))(
  "the provider's reason %s explains itself, or not, as listed here",
  (reason) => {
    const error = new ProviderError({ reason, sentence: 'No.', hint: 'None.' });
    expect(error.isExplained).toBe(isExplained[reason]);
  },
);

describe('a retry rule', () => {
  const names = Object.entries(durations).flatMap(([group, entries]) =>
    Object.keys(entries).map((name) => `durations.${group}.${name}`),
  );

  it('has no duration that nothing waits for', () => {
    const sources = textOf(filesOf(['src/**/*.ts'], /\.test\.ts$/));
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name) => !hasWord(sources, name.replaceAll('.', '\\.')))).toEqual([]);
  });

  it('is tested with a clock that stands still: the tests of decisions and steps wait for no time', () => {
    const waits = filesOf(['src/{domain,controllers,providers}/**/*.test.ts']).flatMap(({ file, text }) =>
      [...text.matchAll(/\bsetTimeout\((?![^;\n]*, 0[,)]).*|node:timers\/promises/g)].map(
        ([call]) => `${file}: ${call}`,
      ),
    );
    expect(waits).toEqual([]);
  });
});

describe('a function that creates metrics', () => {
  const makers = filesOf(['src/**/metrics.ts']).flatMap(({ text }) =>
    [...text.matchAll(/^export function ((?:create|measure)\w+)\(/gm)].map(([, name = '']) => name),
  );

  it.each(makers)('%s is called by the operator, and by the catalogue', (maker) => {
    const operator = textOf(filesOf(['src/operator*.ts']));
    const [catalogue] = filesOf(['test/harness/metric-catalogue.ts']);
    expect({
      isMade: operator.includes(`${maker}(`),
      isListed: catalogue?.text.includes(`${maker}(`),
    }).toEqual({ isMade: true, isListed: true });
  });
});

describe('a label of a metric', () => {
  it('has few values, or something bounds them', () => {
    const labels = metricCatalogue().own.flatMap(({ name, labelNames }) =>
      labelNames.map((label) => ({ metric: name, label })),
    );
    expect(labels.length).toBeGreaterThan(20);
    const unknown = labels.filter(
      ({ metric, label }) =>
        !fewValues.has(label) && !bounded.some((each) => each.label === label && each.metrics.test(metric)),
    );
    expect(unknown, 'Bound the number of series, test it, and say here how').toEqual([]);
  });
});

/** Labels whose values this program, Kubernetes or HTTP defines, whatever the metric. */
const fewValues: ReadonlySet<string> = new Set([
  'code',
  'controller',
  'kind',
  'lane',
  'method',
  'reason',
  'resource',
  'result',
  'status',
  'target',
  'type',
  'verb',
]);

/** Labels whose values users choose, or that mean something else elsewhere, and what bounds their number. */
const bounded: readonly { label: string; metrics: RegExp; by: string }[] = [
  {
    label: 'name',
    metrics: /^(workqueue|codemie_workqueue|leader_election)_/,
    by: 'The queues and the lease have names of ours.',
  },
  {
    label: 'name',
    metrics: /^codemie_(git_integration|connection)_/,
    by: 'An object has its own series, which go with it.',
  },
  {
    label: 'namespace',
    metrics: /^codemie_(git_integration|connection)_/,
    by: 'An object has its own series, which go with it.',
  },
  {
    label: 'host',
    metrics: /^codemie_http_requests?_/,
    by: '`mostHosts` of observability/metrics.ts: further ones count as `other`.',
  },
  {
    label: 'host',
    metrics: /^codemie_provider_clock_skew_/,
    by: '`mostHosts` of git-integration/metrics.ts: further ones are not shown.',
  },
  {
    label: 'host',
    metrics: /^codemie_provider_rate_limit_/,
    by: '`mostCredentials` of git-integration/metrics.ts: further ones are not shown.',
  },
  {
    label: 'credential',
    metrics: /^codemie_provider_rate_limit_/,
    by: '`mostCredentials` of git-integration/metrics.ts: further ones are not shown.',
  },
];

describe('a value of the chart', () => {
  it('is set by a test of the chart, such as a variant', () => {
    const tests = textOf(filesOf(['test/chart/**/*.ts']));
    const paths = pathsOf(values);
    expect(unnamed(paths, (name) => hasWord(tests, name))).toEqual([]);
  });
});

describe('a flag that a template sets', () => {
  const templates = textOf(filesOf(['charts/*/templates/**/*.*']));
  const flags = [...new Set([...templates.matchAll(/- "?--([a-z-]+)/g)].map(([, flag = '']) => flag))];
  const extraArg = new RegExp(values.properties?.['extraArgs']?.items?.pattern ?? '');

  it.each(flags)(
    'is no extra argument, too: --%s is in setByTheChart of scripts/chart/pod-values.ts',
    (flag) => {
      expect(['true', '1', '1s', '/a', ':80'].filter((value) => extraArg.test(`--${flag}=${value}`))).toEqual(
        [],
      );
    },
  );
});

describe('the pages for contributors', () => {
  const files = globSync(['*.*', '{charts,crds,docs,examples,schemas,scripts,src,test}/**/*.*'], {
    cwd: root,
  });

  it.each(['CONTRIBUTING.md', 'src/README.md', 'src/kube/README.md'])('%s names files that exist', (page) => {
    const named = [
      ...readFileSync(join(root, page), 'utf8').matchAll(/`([\w./*-]+\.(?:ts|md|yaml|json|svg))`/g),
    ].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(5);
    const missing = named.filter((name) => {
      const end = name.replace(/^(\.\.\/)+/, '');
      if (end.includes('*')) return globSync([end, `src/${end}`], { cwd: root }).length === 0;
      return !files.some((file) => file === end || file.endsWith(`/${end}`)) && end !== 'x.test.ts';
    });
    expect(missing).toEqual([]);
  });

  it.each(['CONTRIBUTING.md', 'src/README.md', 'src/kube/README.md'])(
    '%s names functions and fields that exist',
    (page) => {
      const code = textOf(filesOf(['{src,scripts,test}/**/*.ts', 'package.json', '.oxlintrc.json']));
      const named = [
        ...readFileSync(join(root, page), 'utf8').matchAll(/`([A-Za-z]+[a-z][A-Z]\w*)(?:\(…\))?`/g),
      ].map(([, name = '']) => name);
      expect([...new Set(named)].filter((name) => !hasWord(code, name))).toEqual([]);
    },
  );
});

/** The paths of all fields of a schema, those of the items of lists included. */
function fieldsOf(schema: StructuralSchema, path: readonly string[] = []): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = [...path, name];
    return [here, ...fieldsOf(field, here), ...(field.items ? fieldsOf(field.items, here) : [])];
  });
}

/** Values that are handed to Kubernetes as they are, although the schema lists their fields. */
const ofKubernetes: ReadonlySet<string> = new Set(['affinity', 'resources']);

/** The paths of the values that users set. */
function pathsOf({ properties }: ValueSchema, path: readonly string[] = []): string[][] {
  return Object.entries(properties ?? {}).flatMap(([name, value]) =>
    value.properties && !ofKubernetes.has(name) ? pathsOf(value, [...path, name]) : [[...path, name]],
  );
}

/** The paths whose last name is missing. */
function unnamed(paths: readonly string[][], isNamed: (name: string) => boolean): string[] {
  return paths.filter((path) => !isNamed(path.at(-1) ?? '')).map((path) => path.join('.'));
}
