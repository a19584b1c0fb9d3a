import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clientCredentials, startWorld, type World } from '../../test/harness/world.ts';
import type { KubeObject } from '../kube/object.ts';
import { checkInCluster } from './check.ts';
import { withCodeMie } from './codemie.ts';
import type { CheckFlags, ImportFlags } from './credential-commands.ts';
import { importFromCodeMie } from './import.ts';
import { type OutputFormat, outputFormats } from './io.ts';
import { orphans } from './orphans.ts';
import { condition, integration, meta, secret, type TestCluster, testCluster, testIo } from './testing.ts';

const clusterName = 'prod';
const token = `ghp_${randomUUID()}`;
let world: World;

beforeAll(async () => {
  world = await startWorld({ projects: ['demo', 'second'] });
  world.github.addToken({ token, login: 'octocat' });
  world.github.addToken({ token: `${token}weak`, login: 'octocat', scopes: ['repo:status'] });
});
afterAll(() => world.close());
beforeEach(() => {
  for (const { id } of world.codemie.rows()) world.codemie.remove(id);
  ids.clear();
});

/** A cluster with a connection to the world's CodeMie, and these integrations. */
function clusterWith(gitintegrations: KubeObject[], forbidden: string[] = []): TestCluster {
  const connection = {
    metadata: meta('default'),
    spec: { url: world.codemie.url, auth: clientCredentials(world, 'login') },
    status: { conditions: [condition('Ready', 'True', 'Ready')] },
  };
  return testCluster(
    {
      gitintegrations,
      clustercodemieconnections: [connection],
      namespaces: [{ metadata: { ...meta('kube-system'), uid: clusterName } }],
      secrets: [
        secret('login', { clientSecret: world.clientSecret }, 'codemie-system'),
        secret('token', { token }),
        secret('weak', { token: `${token}weak` }),
      ],
    },
    forbidden,
  );
}

/** Ids that CodeMie made up, and what is printed in their place: the same for rows of one alias. */
const ids = new Map<string, string>();

const aliases = () => world.codemie.rows().map(({ alias }) => alias);

interface Row {
  project?: string;
  alias: string;
  values?: Record<string, unknown>;
  /** The mark of an operator: of this cluster where it is `NAMESPACE/NAME`. */
  owner?: string;
}

/** Puts rows into CodeMie as the operator or a user would have left them there. */
function seed(...rows: Row[]): void {
  for (const { project = 'demo', alias, values = {}, owner } of rows) {
    const { id } = world.codemie.seed({
      project,
      alias,
      user: world.login,
      values: {
        url: 'https://github.com',
        ...('app_id' in values ? {} : { auth_type: 'pat', name: 'oauth2', token }),
        ...values,
        ...(owner !== undefined && { managed_by: `codemie-git-operator/${clusterName}/${owner}` }),
      },
    });
    const number = aliases().indexOf(alias) + 1;
    ids.set(id, `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`);
  }
}

/** What a run printed, the same each time. */
function shown(io: ReturnType<typeof testIo>, exitCode: number) {
  const stable = (text: string) => {
    const named = [...ids].reduce((all, [id, name]) => all.replaceAll(id, name), text);
    return named.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(?!Z)/g, 'STAMP');
  };
  return { exitCode, out: stable(io.stdout()), err: stable(io.stderr()) };
}

type Given = Parameters<typeof testIo>[0];
const ioOf = (given: Given = {}) => testIo({ env: { HTTPS_PROXY: world.internet.proxyUrl }, ...given });
const connection = () => ({ connection: 'default', operatorNamespace: 'codemie-system' });
const trust = () => ({ caFile: world.internet.caFile });

async function runOrphans(
  flags: { output?: OutputFormat; delete?: boolean; yes?: boolean } = {},
  cluster = clusterWith([integration('acme')]),
  given: Given = {},
) {
  const io = ioOf(given);
  const options = { clusterName, delete: false, yes: false, output: 'table' as const, ...flags };
  const connectionFlags = { ...connection(), ofNamespace: false, ...trust() };
  const exitCode = await withCodeMie(connectionFlags, cluster, io, (signedIn) =>
    orphans(options, signedIn, cluster, io),
  );
  return shown(io, exitCode);
}

const leftBehind: Row[] = [
  { alias: 'acme', owner: 'team-a/acme' },
  { alias: 'gone', owner: 'team-a/gone' },
  { alias: '团队 🚀', project: 'second', owner: 'team-b/moved' },
  { alias: 'by hand' },
  { alias: 'other cluster', values: { managed_by: 'codemie-git-operator/other/team-a/gone' } },
];
describe('orphans', () => {
  it.each(outputFormats)('are printed as %s', async (output) => {
    seed(...leftBehind);
    expect(await runOrphans({ output })).toMatchSnapshot('some');
    expect(await runOrphans({ output }, undefined, { columns: 40 })).toMatchSnapshot('40 columns');
    for (const { id } of world.codemie.rows()) world.codemie.remove(id);
    expect(await runOrphans({ output })).toMatchSnapshot('none');
  });

  it.each([
    ['yes', true],
    ['no, or Ctrl-D', false],
    ['nothing, because there is no terminal', undefined],
  ])('are deleted after a question, and the answer is %s', async (_name, answer) => {
    seed(...leftBehind);
    const questions: string[] = [];
    const confirm = async (question: string) => {
      questions.push(question);
      return answer;
    };
    const result = await runOrphans({ delete: true }, undefined, { confirm }).catch(String);
    expect({ questions, result, left: aliases() }).toMatchSnapshot();
  });

  it.each(outputFormats)('are deleted without a question by --yes, as %s', async (output) => {
    seed(...leftBehind);
    expect(await runOrphans({ delete: true, yes: true, output })).toMatchSnapshot();
    expect(aliases()).toEqual(['acme', 'by hand', 'other cluster']);
  });

  it('are kept when they are created again while the question is open', async () => {
    seed(...leftBehind);
    const objects = [integration('acme')];
    const confirm = async () => objects.push(integration('gone')) > 0;
    expect(await runOrphans({ delete: true }, clusterWith(objects), { confirm })).toMatchSnapshot();
    expect(aliases()).toContain('gone');
  });

  it('are found one by one where listing is forbidden', async () => {
    seed(...leftBehind);
    const cluster = clusterWith([integration('acme')]);
    const list: TestCluster['client']['list'] = async (resource, options) => {
      if (resource.plural !== 'gitintegrations') return cluster.client.list(resource, options);
      return testCluster({}, ['gitintegrations']).client.list(resource, options);
    };
    const limited = { ...cluster, client: { ...cluster.client, list } };
    expect(await runOrphans({}, limited)).toEqual(await runOrphans());
  });
});

const checkFlags: Omit<CheckFlags, 'caFile'> = {
  project: true,
  output: 'human',
  operatorNamespace: 'codemie-system',
};

async function runCheck(object: KubeObject, flags: Partial<CheckFlags> = {}, others: KubeObject[] = []) {
  const io = ioOf();
  const cluster = clusterWith([object, ...others]);
  const given = { ...checkFlags, ...trust(), ...flags };
  const exitCode = await checkInCluster(object.metadata.name, given, cluster, io);
  return shown(io, exitCode);
}

describe('check of a file', () => {
  const broken = integration('broken', { spec: { project: '' } });
  const checked = async (objects: KubeObject[], output: 'human' | 'json') => {
    const items = objects.map((object) => ({
      apiVersion: 'codemie.ai/v1alpha1',
      kind: 'GitIntegration',
      ...object,
    }));
    const io = ioOf({ stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) });
    const flags = { ...checkFlags, ...trust(), project: false, filename: '-', output };
    const exitCode = await checkInCluster(undefined, flags, clusterWith([]), io);
    return shown(io, exitCode);
  };

  it('gives every verdict, also where one object is broken', async () => {
    const objects = [broken, integration('acme')];
    expect(await checked(objects, 'human')).toMatchSnapshot('human');
    expect(await checked(objects, 'json')).toMatchSnapshot('JSON');
    await expect(checked([broken], 'human')).rejects.toThrow('spec.project');
  });
});

describe('check --project', () => {
  const adopting = integration('acme', { spec: { adoptionPolicy: 'IfUnowned' } });
  const cases: { name: string; rows?: Row[]; object?: KubeObject; others?: KubeObject[] }[] = [
    { name: 'would create it' },
    { name: 'would write it again', rows: [{ alias: 'acme', owner: 'team-a/acme' }] },
    { name: 'would adopt it', rows: [{ alias: 'acme' }], object: adopting },
    { name: 'would refuse what a user created', rows: [{ alias: 'acme' }] },
    {
      name: 'would refuse what another GitIntegration owns',
      rows: [{ alias: 'acme', owner: 'team-a/other' }],
      object: integration('acme', { spec: { adoptionPolicy: 'Always' } }),
      others: [integration('other')],
    },
    {
      name: 'would adopt from a GitIntegration that is gone',
      rows: [{ alias: 'acme', owner: 'team-a/other' }],
      object: integration('acme', { spec: { adoptionPolicy: 'Always' } }),
    },
    { name: 'would refuse one of two', rows: [{ alias: 'acme' }, { alias: 'acme' }], object: adopting },
    { name: 'knows no such project', object: integration('acme', { spec: { project: 'nowhere' } }) },
    {
      name: 'is not asked about a credential that lacks permissions',
      object: integration('acme', { spec: { auth: { token: { secretRef: { name: 'weak' } } } } }),
    },
    {
      name: 'is not asked about a Secret that does not exist',
      object: integration('acme', { spec: { auth: { token: { secretRef: { name: 'none' } } } } }),
    },
  ];
  it.each(cases)('$name', async ({ rows = [], object = integration('acme'), others = [] }) => {
    seed(...rows);
    const before = JSON.stringify(world.codemie.rows());
    expect(await runCheck(object, {}, others)).toMatchSnapshot('human');
    expect(await runCheck(object, { output: 'json' }, others)).toMatchSnapshot('JSON');
    expect(JSON.stringify(world.codemie.rows())).toBe(before);
  });
});

const importFlags = () => ({ ...connection(), namespaced: false, check: false, ...trust() });

async function runImport(flags: Partial<ImportFlags> = {}, given: Given = {}) {
  const io = ioOf(given);
  const exitCode = await importFromCodeMie({ ...importFlags(), ...flags }, clusterWith([]), io);
  return shown(io, exitCode);
}

/** As the former platform of KubeRocketCI has it. */
const former = (alias: string, projectName: string, url = 'https://github.com') => ({
  apiVersion: 'edp.epam.com/v1alpha1',
  kind: 'CodemieProjectSettings',
  metadata: { name: alias, namespace: 'krci' },
  spec: {
    alias,
    projectName,
    type: 'Git',
    gitCredential: { url, tokenName: 'oauth2', secretRef: { name: 'ci-git', secretKey: 'token' } },
  },
});

describe('import from CodeMie', () => {
  const app = { auth_type: 'github_app', private_key: 'PEM' };
  const rows: Row[] = [
    { alias: 'github' },
    { alias: 'GitLab of Team A', values: { url: 'https://gitlab.com', name: 'bot' } },
    { alias: 'bitbucket', values: { url: 'https://bitbucket.org', name: 'x-token-auth' } },
    { alias: 'azure', values: { url: 'https://dev.azure.com', name: '' } },
    { alias: 'Azure of Team A', values: { url: 'https://dev.azure.com/acme', use_header_auth: true } },
    { alias: 'app', values: { ...app, app_id: '123456', installation_id: '7' } },
    { alias: 'app without number', values: { ...app, app_id: 'Iv23' } },
    { alias: 'own', project: 'second', values: { url: 'https://gitlab.example.com/base/' } },
    { alias: 'unknown', project: 'second', values: { url: 'https://git.internal' } },
    { alias: 'twice', project: 'second' },
    { alias: 'twice', project: 'second' },
    { alias: 'github', project: 'second' },
    { alias: 'no URL', project: 'second', values: { url: 'github' } },
    { alias: 'managed', project: 'second', owner: 'team-a/managed' },
    { alias: '团队 🚀', project: 'second' },
  ];
  it.each<[string, Partial<ImportFlags>]>([
    ['all', {}],
    ['one project', { project: ['second'] }],
    ['a product given', { project: ['second'], provider: [['git.internal', 'GitLab']] }],
    ['what it would change', { check: true }],
  ])('%s', async (_name, flags) => {
    seed(...rows);
    expect(await runImport(flags)).toMatchSnapshot();
  });

  it('has nothing to adopt where an operator manages all, and exits with 0', async () => {
    seed({ alias: 'managed', owner: 'team-a/managed' });
    expect(await runImport({ check: true })).toMatchSnapshot('check');
    expect(await runImport()).toMatchSnapshot('manifests');
  });

  it('compares files of KubeRocketCI with what is there', async () => {
    seed({ alias: 'here' }, { alias: 'managed', owner: 'team-a/x' }, { alias: 'two' }, { alias: 'two' });
    const items = [
      former('here', 'demo'),
      former('managed', 'demo'),
      former('two', 'demo'),
      former('nowhere', 'second', 'https://gitlab.com'),
    ];
    const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    expect(await runImport({ filename: ['-'], check: true }, { stdin })).toMatchSnapshot('all');
    const flags = { filename: ['-'], check: true, project: ['second'] };
    expect(await runImport(flags, { stdin })).toMatchSnapshot('of one project');
    const done = JSON.stringify(former('managed', 'demo'));
    expect(await runImport({ filename: ['-'], check: true }, { stdin: done })).toMatchSnapshot('managed');
    const jira = { ...former('jira', 'demo'), spec: { alias: 'jira', projectName: 'demo', type: 'Jira' } };
    expect(await runImport({ filename: ['-'], check: true }, { stdin: JSON.stringify(jira) })).toMatchObject({
      exitCode: 0,
    });
  });
});
