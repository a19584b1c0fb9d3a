import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { goodManifests } from '../../src/cli/lint/broken-manifests.ts';
import { parseManifests } from '../../src/cli/lint/manifests.ts';
import { runTool } from '../harness/kube-tools.ts';

const good = goodManifests.token;
const project = (value: string) => good.replace('demo', () => value);
const after = (line: string) => good.replace('project: demo', () => `project: demo\n  ${line}`);

const goodObject = {
  apiVersion: 'codemie.ai/v1alpha1',
  kind: 'GitIntegration',
  metadata: { name: 'github' },
  spec: { provider: 'GitHub', project: 'demo' },
};

/** Texts that parsers of YAML read in different ways. */
const texts: Record<string, string> = {
  plain: good,
  'Windows line ends': good.replaceAll('\n', '\r\n'),
  'a byte order mark': `\uFEFF${good}`,
  'a byte order mark after the separator': `---\n\uFEFF${good}`,
  'a comment beside the separator': `--- # one\n${good}`,
  'text beside the separator': `--- {a: 1}\n---\n${good}`,
  'a longer separator': `----\n${good}`,
  'a document end': `${good}...\n`,
  'a directive': `%YAML 1.1\n---\n${good}`,
  'a tag directive': `%TAG ! tag:example.com,2000:\n---\n${good}`,
  'a control character in a comment': `# \u0007\n${good}`,
  'a line separator in JSON': JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'a' },
    spec: { project: 'a\u2028b' },
  }),
  'an anchor': good.replace('name: github\n', 'name: &n github\n').replace('demo', '*n'),
  'a merge key': good.replace('spec:', 'x: &x {suspend: true}\nspec:\n  <<: *x'),
  'a merge of several': good.replace('spec:', 'spec:\n  <<: [{suspend: true}, {suspend: false, alias: x}]'),
  'a key that is an object': after('? {a: 1}\n  : x'),
  'a key that is null': after('~: x'),
  'a key that is a number': after('012: x'),
  'a key that is a boolean': after('yes: x'),
  'an unknown tag': project('!mine demo'),
  'a tag that Kubernetes decodes': project('!!binary ZGVtbw=='),
  'a tag with a wrong value': project('!!binary "%%%"'),
  'a whole number that is called a float': project('!!float 3'),
  'a time that is called one': project('!!timestamp 2026-01-01'),
  'a set': after('x: !!set {a, b}'),
  'an ordered map': after('x: !!omap [a: 1]'),
  'half of a character': project(String.raw`"\uD800"`),
  'a character as two escapes': project(String.raw`"\uD83D\uDE00"`),
  'a long escape': project(String.raw`"\U0001F600"`),
  'an escaped slash': project(String.raw`"a\/b"`),
  'an escaped backslash before a slash': project(String.raw`"a\\/b"`),
  'half of a character in JSON': JSON.stringify(goodObject).replace('demo', String.raw`\ud800`),
  'a character as two escapes in JSON': JSON.stringify(goodObject).replace('demo', String.raw`\ud83d\ude00`),
  'an escaped slash in JSON': JSON.stringify(goodObject).replace('demo', String.raw`a\/b`),
  'JSON with a comment': JSON.stringify(goodObject, undefined, 2).replace('"spec"', '// x\n  "spec"'),
  'values of JSON one after the other': JSON.stringify(goodObject).repeat(2),
  'a merge key before the fields': good.replace('spec:', 'spec:\n  <<: {project: other, alias: x}'),
  'a merge key with other fields': after('<<: {alias: x}'),
  'a merge key in quotes': after('"<<": {alias: x}'),
  'a merge of text': after('<<: x'),
  'a merge of nothing': after('<<:'),
  'a merge of a list of text': after('<<: [x]'),
  'a merge of a merge': good.replace('spec:', 'x: &x {<<: {alias: x}}\nspec:\n  <<: *x'),
  'an alias within its anchor': good.replace('spec:', 'spec: &x\n  x: *x'),
  'an anchor that is there twice': after('alias: &x a\n  x: &x b\n  y: *x'),
  'an anchor with a dot': after('x: &a.b c\n  y: *a.b'),
  'many uses of one anchor': after(`x: &x a\n  y: [${Array(500).fill('*x').join(', ')}]`),
  'a comment right beside the separator': `---#x\n${good}`,
  'a tab after the separator': `---\t\n${good}`,
  'an end before the beginning': `...\n${good}`,
  'a line of a tab': good.replace('project: demo\n', 'project: demo\n\t\n'),
  'a comment behind a tab': good.replace('project: demo\n', 'project: demo\n\t# x\n'),
  'a tab after a dash': after('x:\n  -\ta'),
  'a line of a tab in a text': project('|\n    a\n\t\n    b'),
  'notes of Helm': `${good}NOTES:\nThank you.\n`,
  template: project('{{ .Values.project }}'),
  'template lines': `{{- if .Values.git }}\n${good}{{- end }}\n`,
  'a tab': good.replace('  project', '\tproject'),
  'a tab after the colon': project('\tdemo'),
  'a tab before a comment': project('demo\t# x'),
  ...Object.fromEntries(
    [
      'yes',
      'n',
      'on',
      '~',
      'null',
      'Null',
      '012',
      '0o14',
      '0x1F',
      '0b11',
      '1_000',
      '+12',
      '1e3',
      '1e400',
      'e3',
      '.',
      '.inf',
      '.nan',
      '0O7',
      '0X1F',
      '-0x1',
      '0b_1',
      '08',
      '1_000.5',
      '12345678901234567890',
      '.5',
      '190:20:30',
      '2026-01-01',
      '2026-01-01T10:00:00Z',
      '=',
      '<<',
      '"a\\x41"',
      "'it''s'",
      '|\n    a\n    b',
      '>-\n    a\n    b',
      '"a\n    b"',
      'a\n    b',
      'a: b',
      'a #b',
      'a#b',
      '@a',
      '`a',
      '%a',
      '- a',
      '-a',
      '?a',
      ':a',
      '!!str 12',
      '!!int "12"',
      '[a, b]',
      '{a: b, c}',
      '',
    ].map((value) => [`project: ${JSON.stringify(value)}`, project(value)]),
  ),
};

/** What kubectl takes, and reads as something else than people and other parsers do. */
const misread: Record<string, string> = {
  'a line separator in a comment': good.replace('demo', 'demo # x\u2028  alias: hidden'),
  'a next line in a comment': good.replace('demo', 'demo # x\u0085  alias: hidden'),
  'a carriage return in a comment': good.replace('demo', 'demo # x\r  alias: hidden'),
  'two merge keys': good.replace('spec:', 'spec:\n  <<: {alias: shown}\n  <<: {alias: hidden}'),
};

const read = z.looseObject({ spec: z.record(z.string(), z.unknown()) });

/** What kubectl drops without a word. */
const dropped: Record<string, string> = {
  'a merge key behind a field that it replaces': after('<<: {project: other, alias: hidden}'),
  'a document behind the end of another': `${good}...\n${good}`,
};

/** How kubectl reads the first object of a text, without a cluster. Undefined where it rejects the text. */
async function readByKubectl(input: string): Promise<z.output<typeof read> | undefined> {
  const args = ['label', '--local', '-f', '-', '--output', 'json', 'a=b'];
  const { code, stdout } = await runTool('kubectl', { args, env: { HOME: '/nowhere' }, input });
  if (code !== 0) return undefined;
  const [first = ''] = /^\{[^]*?^\}/m.exec(stdout) ?? [];
  return read.parse(JSON.parse(first));
}

describe('lint reads YAML as kubectl does', () => {
  it.each(Object.entries(texts))('%s', async (_name, text) => {
    const byKubectl = await readByKubectl(text);
    const { manifests, faults } = parseManifests('file', text);
    const spec: unknown = faults.length === 0 ? manifests[0]?.object['spec'] : undefined;
    expect(spec).toEqual(byKubectl?.spec);
  });

  it.each(Object.entries(misread))('and rejects %s', async (_name, text) => {
    expect((await readByKubectl(text))?.spec).toMatchObject({ alias: 'hidden' });
    expect(parseManifests('file', text).faults).toHaveLength(1);
  });
});

describe('lint rejects what kubectl reads', () => {
  it.each(Object.entries(dropped))('but not as it is written: %s', async (_name, text) => {
    expect(await readByKubectl(text)).toBeDefined();
    expect(parseManifests('file', text).faults).toHaveLength(1);
  });
});

describe('a folder that this user can not read', () => {
  it('is one sentence and exit code 2', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lint-unreadable-'));
    try {
      const [inner, file] = [join(folder, 'inner'), join(folder, 'file.yaml')];
      await mkdir(inner);
      await chmod(inner, 0);
      expect(await lintByPermissions(folder)).toEqual({
        code: 2,
        stdout: '',
        stderr: `Error: The folder ${inner} can't be read. Check its permissions.\n`,
      });
      await rm(inner, { recursive: true });
      await writeFile(file, good, { mode: 0 });
      expect(await lintByPermissions(folder)).toEqual({
        code: 2,
        stdout: '',
        stderr: `Error: The file ${file} can't be read. Check its path and permissions.\n`,
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** Root without the capabilities that read past permissions: util-linux has had setpriv since 2013. */
const withoutOverride = ['--inh-caps', '--bounding-set'].map(
  (set) => `${set}=-dac_override,-dac_read_search`,
);

/** Runs lint as someone whom permissions hold back, root included. */
async function lintByPermissions(folder: string) {
  const lint = [
    process.execPath,
    join(dirname(inject('operatorProgram')), 'codemie-git.mjs'),
    'lint',
    folder,
  ];
  const [program = '', ...args] = process.getuid?.() === 0 ? ['setpriv', ...withoutOverride, ...lint] : lint;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { stdout, stderr, code };
}
