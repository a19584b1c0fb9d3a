import { describe, expect, it } from 'vitest';
import { runImport } from './import.ts';
import { lintInput } from './lint/testing.ts';
import { testIo } from './testing.ts';

const controls = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Settings of the former kind, as a file of KubeRocketCI has them. */
const former = (
  alias: string,
  projectName = 'demo',
  url = 'https://gitlab.com',
  secretKey = 'token',
  tokenName = 'oauth2',
) => ({
  apiVersion: 'edp.epam.com/v1alpha1',
  kind: 'CodemieProjectSettings',
  metadata: { name: 'settings', namespace: 'krci' },
  spec: {
    alias,
    projectName,
    type: 'Git',
    gitCredential: { url, tokenName, secretRef: { name: 'ci-git', secretKey } },
  },
});

async function imported(objects: readonly object[], more: { namespace?: string } = {}) {
  const io = testIo({ stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) });
  const flags = { connection: 'default', namespaced: false, operatorNamespace: 'system', check: false };
  const exitCode = await runImport({ ...flags, ...more, filename: ['-'] }, io);
  return { exitCode, out: io.stdout(), err: io.stderr() };
}

describe('import of files', () => {
  it('groups by project, makes names unique, and says what it left out', async () => {
    const result = await imported([
      former('Team Repos!'),
      former('team repos', 'demo', 'https://github.com', 'my-token'),
      former('yes', '012'),
      former('odd', 'demo', 'https://git.internal'),
      { ...former('jira'), spec: { alias: 'jira', projectName: 'demo', type: 'Jira' } },
      { ...former('x'), spec: 'broken' },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'other' } },
    ]);
    expect(result).toMatchSnapshot();
    expect(await lintInput(result.out)).toMatchObject({ exitCode: 0 });
  });

  it('takes an empty namespace for none', async () => {
    const { metadata, ...rest } = former('fine');
    const { out } = await imported([{ ...rest, metadata: { name: metadata.name } }], { namespace: '' });
    expect(out).toContain('namespace: default\n');
  });

  it('makes no name of a credential', async () => {
    const token = 'ghp_A0b1C2d3E4f5G6h7I8j9K0l1M2n3O4p5Q6r7';
    const { out, err } = await imported([
      former(token),
      former('project', token),
      former('user', 'demo', 'https://gitlab.com', 'token', token),
      former('fine'),
    ]);
    expect((out + err).toLowerCase()).not.toContain('a0b1');
    expect(out.match(/^ {2}name: .*/gm)).toEqual(['  name: fine']);
    const why = 'Its alias, project or user name holds a credential. Replace it in CodeMie.';
    expect(err.split(why)).toHaveLength(4);
    expect((await lintInput(out)).exitCode).toBe(0);
  });

  it('lets no text of a row become a field, a comment or a command', async () => {
    const evil = [
      'a\u2028spec: {project: other}',
      'b\u0085kind: Secret',
      'c\n---\nkind: Secret',
      'd\u001B[2J',
      'e: #',
    ];
    const { out, err } = await imported(evil.flatMap((text) => [former(text), former('fine', text)]));
    expect((out + err).replaceAll('\n', '')).not.toMatch(controls);
    expect(out).not.toMatch(/^ *kind: Secret/m);
    expect(out).not.toMatch(/^ *spec: {/m);
    const { exitCode } = await lintInput(out);
    expect(exitCode).toBe(0);
  });
});
