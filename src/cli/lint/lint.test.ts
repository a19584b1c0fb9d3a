import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../program.ts';
import { testIo } from '../testing.ts';
import { brokenManifests, goodManifests } from './broken-manifests.ts';
import { lintRules } from './finding.ts';
import { parseManifests } from './manifests.ts';
import { checkObject, isOurs } from './object-checks.ts';
import { lintFiles } from './testing.ts';

describe('one manifest', () => {
  it.each(Object.entries(goodManifests))('%s: nothing is found in a good one', (_name, text) => {
    const { manifests, faults } = parseManifests('file', text);
    expect(faults).toEqual([]);
    expect(manifests.filter(isOurs).flatMap(checkObject)).toEqual([]);
  });

  it.each(brokenManifests.map((each, index) => ({ ...each, index })))(
    '$index $of: $rule',
    ({ of, rule, from, to }) => {
      const good = goodManifests[of];
      expect(good).toContain(from);
      const marked = good.replace(from, () => to);
      const before = marked.slice(0, marked.indexOf('«')).split('\n');
      const { manifests, faults } = parseManifests('file', marked.replace('«', ''));
      const found = [
        ...faults.map((fault) => ({ rule: 'yaml-syntax', position: fault.position })),
        ...manifests.filter(isOurs).flatMap(checkObject),
      ].map(({ rule: name, position }) => ({ rule: name, ...position }));
      expect(found).toEqual([{ rule, line: before.length, column: (before.at(-1) ?? '').length + 1 }]);
    },
  );

  it('has at least 80 ways to be wrong', () => expect(brokenManifests.length).toBeGreaterThanOrEqual(80));

  it('is found inside of a list, at its own place', async () => {
    const { out } = await lintFiles({
      'list.yaml': `apiVersion: v1
kind: List
items:
  - apiVersion: codemie.ai/v1alpha1
    kind: GitIntegration
    metadata: {name: one}
    spec: {provider: Nope, project: demo, auth: {token: {secretRef: {name: t}}}}
`,
    });
    expect(out).toContain('list.yaml:7:22: error: spec.provider: must be one of GitHub');
  });

  it('shows no control characters of a file', async () => {
    const { out } = await lintFiles({
      'a.yaml': goodManifests.token.replace('  project: demo', '  project: demo\n  "\\e[31mred": 1'),
    });
    expect(out).toContain('There is no field ?[31mred in spec.');
  });
});

const secret = (data: string, name = 'github-token') =>
  `---\napiVersion: v1\nkind: Secret\nmetadata: {name: ${name}, namespace: team-a}\nstringData:\n  token: ${data}\n`;

describe('manifests together', () => {
  it('are fine where everything fits', async () => {
    const login =
      '---\napiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: codemie-system}\nstringData: {clientSecret: abcdefgh}\n';
    const { out, exitCode } = await lintFiles({
      'a.yaml': goodManifests.token + secret('ghp_0123456789abcdefghijABCDEFGHIJ012345'),
      'b.yaml': goodManifests.cluster + login,
    });
    expect({ out, exitCode }).toEqual({
      out: '2 objects in 2 files: nothing to complain about\n',
      exitCode: 0,
    });
  });

  it.each([
    {
      name: 'a project that the connection does not allow',
      files: {
        'a.yaml': goodManifests.token.replace('project: demo', 'project: Demo'),
        'b.yaml': goodManifests.cluster,
      },
      out: 'a.yaml:8:12: error: ClusterCodeMieConnection "default" does not allow project "Demo" for namespace "team-a".',
    },
    {
      name: 'a namespace that is no consumer',
      files: {
        'a.yaml': goodManifests.token.replace('namespace: team-a', 'namespace: team-b'),
        'b.yaml': goodManifests.cluster,
      },
      out: 'error: ClusterCodeMieConnection "default" does not allow namespace "team-b".',
    },
    {
      name: 'a host that the connection does not allow',
      files: {
        'a.yaml': goodManifests.token.replace(
          'project: demo',
          'project: demo\n  url: https://git.example.com',
        ),
        'b.yaml': goodManifests.cluster,
      },
      out: 'a.yaml:9:8: error: ClusterCodeMieConnection "default" does not allow the host git.example.com. Add it to spec.providerHosts in b.yaml:13.',
    },
    {
      name: 'two documents of one object',
      files: { 'a.yaml': goodManifests.token, 'b.yaml': goodManifests.token },
      out: 'b.yaml:4:9: error: GitIntegration team-a/github is declared twice, first in a.yaml:4.',
    },
    {
      name: 'two integrations that want one alias',
      files: {
        'a.yaml': goodManifests.token,
        'b.yaml': goodManifests.token
          .replace('name: github\n', 'name: other\n')
          .replace('project: demo', 'project: demo\n  alias: github'),
      },
      out: 'b.yaml:9:10: error: The alias "github" of project "demo" is taken by GitIntegration team-a/github in a.yaml:4.',
    },
    {
      name: 'a Secret that no document declares, as a warning',
      files: { 'a.yaml': goodManifests.token },
      out: 'a.yaml:12:15: warning: No document declares Secret "github-token" of namespace "team-a".',
    },
    {
      name: 'a connection that no document declares, as a warning',
      files: { 'a.yaml': goodManifests.token },
      out: 'warning: No document declares ClusterCodeMieConnection "default".',
    },
    {
      name: 'a Secret without the key',
      files: {
        'a.yaml': goodManifests.token + secret('x').replace('token: x', 'tokn: x'),
      },
      out: 'a.yaml:16:18: error: ',
    },
    {
      name: 'a token with a blank inside',
      files: { 'a.yaml': goodManifests.token + secret('"ghp_abc def"') },
      out: 'a.yaml:18:10: error: ',
    },
  ])('report $name', async ({ files, out }) => {
    expect((await lintFiles(files)).out).toContain(out);
  });

  it('count a Secret of an ExternalSecret or a SealedSecret as declared', async () => {
    const external = `---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: x, namespace: team-a}
spec: {target: {name: github-token}}
`;
    const sealed = `---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: github-token, namespace: team-a}
`;
    for (const maker of [external, sealed])
      expect((await lintFiles({ 'a.yaml': goodManifests.token + maker })).out).not.toContain(
        'Secret "github-token"',
      );
  });

  it('never print a value of a Secret, in any format', async () => {
    const canary = 'canary0123456789';
    const files = { 'a.yaml': goodManifests.token + secret(`"${canary} ${canary}"`) };
    for (const format of ['human', 'json', 'sarif', 'junit', 'github'] as const) {
      const { out, err, exitCode } = await lintFiles(files, { format });
      expect(exitCode).toBe(1);
      expect(out + err).not.toContain(canary);
    }
  });
});

describe('docs/cli.md', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'cli.md'), 'utf8');

  it('lists every rule with its meaning', () => {
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (.+) \|$/gm)].map(([, name, text]) => [name, text]);
    expect(rows).toEqual(expect.arrayContaining(Object.entries(lintRules)));
  });

  it('lists every command', () => {
    const program = createProgram(testIo(), '1.2.3', { exitCode: 0 });
    const names = program.commands.map((command) => command.name());
    expect(names.filter((name) => name !== 'complete' && !page.includes(`\`${name}`))).toEqual([]);
  });
});
