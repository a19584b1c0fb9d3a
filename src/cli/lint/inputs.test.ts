import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testIo } from '../testing.ts';
import { goodManifests } from './broken-manifests.ts';
import { lint } from './lint.ts';
import { lintFiles, lintInput, lintOptions } from './testing.ts';

const good = goodManifests.token;
const fine = '1 object in 1 file: nothing to complain about\n';
/** What is left of the output without the warnings about what other files would declare. */
const errorsOf = (out: string) =>
  out
    .split('\n')
    .filter((line) => line.includes(': error: '))
    .join('\n');

describe('forms of a manifest that kubectl takes', () => {
  it.each([
    ['Windows line ends', good.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\uFEFF${good}`],
    ['UTF-16 of PowerShell', Buffer.from(`\uFEFF${good}`, 'utf16le')],
    ['no line end at the end', good.trimEnd()],
    ['empty documents around it', `---\n\n---\n${good}---\n# nothing\n---\n`],
    ['a document end', `${good}...\n`],
    ['the comments of helm template', `---\n# Source: team/templates/github.yaml\n${good}`],
    ['a comment beside the separator', `--- # Source: team/github.yaml\n${good}`],
    ['two files with byte order marks, one after the other', `\uFEFF---\n---\n\uFEFF${good}`],
    ['a separator of text in JSON', JSON.stringify(manifestOf('a\u2028b'))],
    ['anchors and aliases', good.replace('name: github\n', 'name: &name github\n').replace('demo', '*name')],
    [
      'merge keys',
      good
        .replace('    token:\n', '    token:\n      <<: &ref\n        headerAuth: false\n')
        .replace('spec:', 'spec:'),
    ],
    ['JSON', JSON.stringify(manifestOf())],
    ['a List', listOf('v1', 'List')],
    ['a list of its own kind', listOf('codemie.ai/v1alpha1', 'GitIntegrationList')],
    ['quoted texts that YAML 1.1 takes for others', good.replace('project: demo', 'project: "012"')],
    [
      'a time without quotes',
      good.replace('      secretRef:', '      expiresAt: 2030-01-01T00:00:00Z\n      secretRef:'),
    ],
  ])('%s', async (_name, text) => {
    const { out, exitCode } = await lintInput(text);
    expect({ errors: errorsOf(out), exitCode }).toEqual({ errors: '', exitCode: 0 });
    expect(out).toContain('1 object in 1 file');
  });

  it.each([
    [
      'a key twice',
      good.replace('  project: demo', '  project: demo\n  project: other'),
      'A key is there twice',
    ],
    [
      'a tab as indentation',
      good.replace('  project: demo', '\tproject: demo'),
      'A tab is used as indentation.',
    ],
    [
      'a boolean of YAML 1.1',
      good.replace('project: demo', 'project: yes'),
      '<stdin>:8:12: error: spec.project',
    ],
    [
      'a number of YAML 1.1',
      good.replace('project: demo', 'project: 012'),
      '<stdin>:8:12: error: spec.project',
    ],
    [
      'two merge keys',
      good.replace('spec:', 'spec:\n  <<: {suspend: true}\n  <<: {suspend: false}'),
      '<stdin>:8:3: error: A key is there twice',
    ],
    [
      'an octal number of YAML 1.2',
      good.replace('project: demo', 'project: 0o14'),
      '<stdin>:8:12: error: spec.project',
    ],
    [
      'an alias without anchor',
      good.replace('demo', '*nowhere'),
      '<stdin>:8:12: error: An alias has no anchor.',
    ],
    ['bytes that are no text', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe, 0x00]), 'not text in UTF-8'],
    [
      'a binary',
      Buffer.from([...Buffer.from(good), 0x80]),
      '<stdin>:1:1: error: The file is not text in UTF-8.',
    ],
    ['a text that is no object', 'hello', 'The document is not a Kubernetes object.'],
    ['a control character', good.replace('demo', 'de\u0007mo'), '8:14: error: There is a control character'],
    ['a directive', `%YAML 1.1\n---\n${good}`, '1:1: error: Kubernetes does not read YAML directives.'],
    [
      'an item of a list',
      'apiVersion: v1\nkind: List\nitems:\n- 5\n',
      ':4:3: error: The item is not a Kubernetes object',
    ],
  ])('but not %s', async (_name, text, message) => {
    const { out, exitCode } = await lintInput(text);
    expect(out).toContain(message);
    expect(exitCode).toBe(1);
  });

  /** In all of them, `Gitea` is what is wrong. */
  const bad = good.replace('GitHub', 'Gitea');
  it.each([
    ['Windows line ends', bad.replaceAll('\n', '\r\n'), '7:13'],
    ['a byte order mark', `\uFEFF${bad}`, '7:13'],
    ['UTF-16', Buffer.from(`\uFEFF${bad}`, 'utf16le'), '7:13'],
    ['a second document', `${good.replace('name: github\n', 'name: first\n')}---\n${bad}`, '20:13'],
    ['a document after a broken one', `a: b: c\n---\n# comment\n${bad}`, '10:13'],
    ['a document after an empty one', `---\n\n---\n---\n${bad}`, '11:13'],
    ['helm template', `---\n# Source: team/templates/github.yaml\n${bad}`, '9:13'],
    ['JSON', JSON.stringify({ ...manifestOf(), spec: { provider: 'Gitea' } }, undefined, 2), '12:17'],
    [
      'JSON with tabs',
      JSON.stringify({ ...manifestOf(), spec: { provider: 'Gitea' } }, undefined, '\t'),
      '12:15',
    ],
    ['a List', `apiVersion: v1\nkind: List\nitems:\n- ${bad.trimEnd().replaceAll('\n', '\n  ')}\n`, '10:15'],
    ['an anchor', good.replace('provider: GitHub', 'provider: &p Gitea').replace('demo', '*p'), '7:16'],
    ['a merge key', good.replace('  provider: GitHub', '  <<: {provider: Gitea}'), '6:1'],
    [
      'a flow style',
      good.replace('spec:\n', 'spec: {').replace(/  provider[^]*/, 'provider:\n Gitea}'),
      '7:2',
    ],
    [
      'letters beyond ASCII above it',
      good.replace('  provider: GitHub', '  # 😀 ä\n  provider: Gitea'),
      '8:13',
    ],
  ])('has its place in %s', async (_name, text, place) => {
    const { out } = await lintInput(text);
    expect(out).toContain(`<stdin>:${place}: error: spec.provider: must be one of`);
  });

  it('is at its own place, each of several in one file', async () => {
    const named = (name: string) => good.replace('name: github\n', `name: ${name}\n`);
    const { out } = await lintInput(
      [
        named('a').replace('provider', '\tprovider'),
        named('b').replace('GitHub', '{{ .Values.provider }}'),
        named('c').replace('project: demo', 'project: demo\n  project: other'),
        'hello\n',
        named('d').replace('demo', '*nowhere'),
        named('e').replace('GitHub', 'Gitea'),
      ].join('---\n'),
    );
    const places = [...out.matchAll(/^<stdin>:(\d+:\d+): error: /gm)].map(([, place]) => place);
    expect(places).toEqual(['7:3', '20:13', '35:3', '41:1', '50:12', '62:13']);
  });

  it('is none where there is nothing', async () => {
    for (const text of ['', '\n', '---\n', '# a comment\n', '{}'.slice(2)])
      expect(await lintInput(text)).toEqual({
        exitCode: 0,
        out: '0 objects in 1 file: nothing to complain about\n',
        err: 'No object of codemie.ai is in 1 file. Check the path.\n',
      });
  });

  it('may be deep, long and repeated', async () => {
    const deep = `apiVersion: v1\nkind: X\nmetadata: ${'['.repeat(5000)}`;
    const long = `${good}# ${'x'.repeat(1_000_000)}\n`;
    for (const text of [deep, long]) await lintInput(text);
    const some = Array.from({ length: 200 }, (_, n) => good.replace('name: github\n', `name: n${n}\n`));
    expect((await lintInput(some.join('---\n'))).out).toContain('200 objects in 1 file: 0 errors');
  });

  it('takes time by its length only, also with thousands of keys, aliases and findings', async () => {
    const numbered = (line: (n: number) => string) =>
      Array.from({ length: 20_000 }, (_, n) => line(n)).join('');
    await lintInput(numbered((n) => `k${n}: 1\n`));
    await lintInput(`a: &a x\nb: [${'*a,'.repeat(20_000)}]\n`);
    expect((await lintInput(good + numbered((n) => `  k${n}: 1\n`))).out).toContain('20000 errors');
  }, 120_000);

  it('is refused where aliases repeat it without end', async () => {
    const levels = Array.from(
      { length: 9 },
      (_, n) => `l${n + 1}: &l${n + 1} [${Array(9).fill(`*l${n}`).join(', ')}]`,
    );
    const { out } = await lintFiles({ 'a.yaml': `# codemie.ai/\nl0: &l0 [x]\n${levels.join('\n')}\n` });
    expect(out).toContain('The document repeats aliases too often.');
    const merged = Array.from({ length: 30 }, (_, n) => `m${n + 1}: &m${n + 1} {<<: [*m${n}, *m${n}]}`);
    await lintInput(`m0: &m0 {a: 1}\n${merged.join('\n')}\n`);
  });
});

describe('files', () => {
  it('that are templates say so', async () => {
    const { out, exitCode } = await lintInput('apiVersion: codemie.ai/v1alpha1\nmetadata: {{ .Values.x }}\n');
    expect(exitCode).toBe(1);
    expect(out).toContain('The file is a template, not YAML. Render it first: helm template');
  });

  it('of a folder that are none of our business are passed over', async () => {
    const { out } = await lintFiles({
      'chart/templates/x.yaml': '{{ if .Values.x }}\n',
      'a.txt': 'x',
      'blob.yaml': Buffer.from([0xff, 0xff]),
    });
    expect(out).toBe('0 objects in 1 file: nothing to complain about\n');
  });

  it('that are named count as named, also where their folder is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lint-named-'));
    const file = join(folder, 'broken.yaml');
    await writeFile(file, 'a: [');
    for (const paths of [
      [folder, file],
      [file, folder],
    ]) {
      const io = testIo();
      expect(await lint(paths, lintOptions, io, '1.2.3')).toBe(1);
      expect(io.stdout()).toContain('0 objects in 1 file: 1 error');
    }
    await rm(folder, { recursive: true });
  });

  it('of a folder are found through links to files, as in a mounted ConfigMap, and through none to folders', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lint-links-'));
    try {
      await mkdir(join(folder, '..2026'));
      await writeFile(join(folder, '..2026', 'a.yaml'), good);
      for (const [target, name] of [
        ['..2026', '..data'],
        ['..data/a.yaml', 'a.yaml'],
        ['.', 'round.yaml'],
        ['/dev/zero', 'device.yaml'],
        ['/nowhere', '.#lock.yaml'],
      ] as const)
        await symlink(target, join(folder, name));
      const io = testIo();
      await lint([folder], lintOptions, io, '1.2.3');
      expect(io.stdout()).toContain('1 object in 1 file: ');
      for (const target of ['/nowhere', 'loop.yaml']) {
        await symlink(target, join(folder, 'loop.yaml'));
        await expect(lint([folder], lintOptions, testIo(), '1.2.3')).rejects.toThrow(
          `The link ${folder}/loop.yaml leads nowhere. Correct or delete it.`,
        );
        await rm(join(folder, 'loop.yaml'));
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('that do not exist are one sentence', async () => {
    await expect(lint(['/nowhere'], lintOptions, testIo(), '1.2.3')).rejects.toThrow(
      'There is no file or folder /nowhere. Check the path.',
    );
  });

  it('that are too large are refused', async () => {
    const file = join(tmpdir(), 'too-large.yaml');
    await writeFile(file, Buffer.alloc(33 * 1024 * 1024, 0x20));
    await expect(lint([file], lintOptions, testIo(), '1.2.3')).rejects.toThrow('is larger than 32 MiB.');
  });

  it('come from standard input too', async () => {
    const { out } = await lintInput(good.replace('GitHub', 'Gitea'));
    expect(out).toContain('<stdin>:7:13: error: spec.provider: must be one of');
  });

  it('leave out ignored rules, and fail on warnings where asked', async () => {
    const files = { 'a.yaml': good };
    expect((await lintFiles(files)).exitCode).toBe(0);
    expect((await lintFiles(files, { failOn: 'warning' })).exitCode).toBe(1);
    const ignored = await lintFiles(files, { failOn: 'warning', ignore: ['missing-reference'] });
    expect(ignored).toMatchObject({ exitCode: 0, out: fine });
  });
});

/** What people and tools put into Secrets by mistake, with the right place and without the value. */
describe('a Secret next to the integration', () => {
  const key = 'AKEYTHATISNOTSHOWN';
  it.each([
    ['in quotes', `'"ghp_${key}0000000000000000"'`, 'starts and ends with quotation marks'],
    [
      'encoded twice',
      Buffer.from(`ghp_${'0'.repeat(34)}AA`).toString('base64'),
      'is encoded in base64 once more',
    ],
    ['encrypted by SOPS', `'ENC[AES256_GCM,data:${key},iv:a,tag:b,type:str]'`, 'is still encrypted by SOPS'],
    ['a placeholder', "'<GITHUB_TOKEN>'", 'is a placeholder'],
    ['a variable', `'\${GITHUB_TOKEN}'`, 'is a placeholder'],
    ['an object', `'{"token":"${key}"}'`, 'is a JSON object'],
    ['of another product', `glpat-${key}ab`, 'GitLab'],
    ['empty', "''", 'is empty'],
    ['a number', '12345678', 'stringData.token is not text. Put it in quotes.'],
    ['a boolean', 'yes', 'stringData.token is not text. Put it in quotes.'],
  ])('whose token is %s', async (_name, value, message) => {
    const secret = `---\napiVersion: v1\nkind: Secret\nmetadata: {name: github-token, namespace: team-a}\nstringData:\n  token: ${value}\n`;
    const { out, exitCode } = await lintFiles({ 'a.yaml': good + secret });
    expect(exitCode).toBe(1);
    expect(out).toMatch(/^a\.yaml:18:10: error: /m);
    expect(out).toContain(message);
    expect(out).not.toContain(key);
  });

  it('whose value under data is not encoded', async () => {
    const secret =
      '---\napiVersion: v1\nkind: Secret\nmetadata: {name: github-token, namespace: team-a}\ndata:\n  token: "ghp_ not base64"\n';
    expect((await lintFiles({ 'a.yaml': good + secret })).out).toContain('a.yaml:18:10: error: ');
  });
});

function manifestOf(note = 'none') {
  return {
    apiVersion: 'codemie.ai/v1alpha1',
    kind: 'GitIntegration',
    metadata: { name: 'github', namespace: 'team-a', annotations: { note } },
    spec: { provider: 'GitHub', project: 'demo', auth: { token: { secretRef: { name: 'github-token' } } } },
  };
}

function listOf(apiVersion: string, kind: string): string {
  return JSON.stringify({ apiVersion, kind, items: [manifestOf()] });
}
