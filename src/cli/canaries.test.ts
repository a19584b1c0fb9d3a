import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { bundle } from '../../scripts/build/bundle.ts';
import {
  type Answer,
  answerStatus,
  type FakeApiServer,
  startFakeApiServer,
} from '../../test/harness/fake-api-server.ts';
import { stretched } from '../../test/harness/pace.ts';
import { inParallel } from '../../test/harness/parallel.ts';
import type { Peer } from '../../test/harness/peers/peer.ts';
import { newPrivateKey } from '../../test/harness/private-key.ts';
import { clientCredentials, startWorld, type World } from '../../test/harness/world.ts';
import { integration, misplaced, withToken } from './canary-manifests.ts';
import { forTerminal, outputFormats } from './io.ts';
import { lintFormats } from './lint/finding.ts';
import { runProgram } from './program.ts';
import { meta, secret, testIo } from './testing.ts';

/** Texts of which nothing may be printed. */
const guarded = new Set<string>();
const guard = (prefix = '') => {
  const canary = `${prefix}canary${randomBytes(15).toString('hex')}`;
  guarded.add(canary);
  return canary;
};
const [good, bad, stray, clientSecret] = [guard('ghp_'), guard('ghp_'), guard('glpat-'), guard('secret')];
const [userInfo, kubeToken, proxyPassword, shortUser] = [guard(), guard(), guard(), guard()];
const pem = newPrivateKey(guarded);
const strayInBase64 = Buffer.from(stray).toString('base64');

const startFolder = process.cwd();
let folder: string;
let world: World;
let server: FakeApiServer;

/** A server that answers everything with what it was sent: the worst that a provider, or a CodeMie, can do. */
const echo: RequestListener = (request, response) => {
  const sent = { url: request.url, ...request.headers, canaries: [...guarded] };
  response.writeHead(request.url?.includes('user') ? 401 : 500, {
    'content-type': 'application/json',
    'x-request-id': good,
    'x-oauth-scopes': stray,
  });
  response.end(JSON.stringify({ message: JSON.stringify(sent), error: sent, detail: [{ msg: sent }] }));
};
const echoing: Peer = {
  name: 'echo',
  hosts: ['echo.example.com'],
  handler: echo,
  requests: [],
  close: async () => {},
};

const withKey = { auth: { githubApp: { appID: 1, privateKeySecretRef: { name: 'key' } } } };
const userInfoUrl = `https://user:${userInfo}@github.com/acme`;

/** GitIntegrations of the cluster. The API server keeps some of what is in a wrong place: annotations and free texts. */
const integrations = [
  integration('acme'),
  integration('rejected', withToken('bad')),
  integration('doubled', withToken('doubled')),
  integration('app', withKey),
  integration('broken-key', { auth: { githubApp: { appID: 1, privateKeySecretRef: { name: 'half' } } } }),
  integration('hostile', { provider: 'GitLab', url: 'https://echo.example.com' }),
  integration('annotated', {}, { annotations: { last: JSON.stringify({ token: stray, pem, userInfoUrl }) } }),
  integration('project', { project: stray, alias: strayInBase64 }),
  integration('url', { url: userInfoUrl }),
  integration('reference', withToken(stray)),
  integration('through-echo', { connectionRef: { name: 'echo' } }),
];

function objects(): Record<string, object> {
  const connection = (name: string, url: string) => ({
    metadata: meta(name),
    spec: { url, auth: clientCredentials(world, 'login') },
  });
  const connections = [
    connection('default', world.codemie.url),
    connection('echo', 'https://echo.example.com/code-assistant-api'),
    connection('pasted', userInfoUrl),
  ];
  const secrets = [
    secret('good', { token: good }),
    secret('bad', { token: bad }),
    secret('doubled', { token: `"${good}" ${bad}` }),
    secret('key', { privateKey: pem }),
    secret('half', { privateKey: pem.slice(0, 400) }),
    secret('login', { clientSecret }, 'codemie-system'),
  ];
  const base = '/apis/codemie.ai/v1alpha1';
  const events = [
    {
      metadata: meta('e', 'team-a'),
      type: 'Warning',
      reason: 'Failed',
      note: `Sent ${stray} to ${userInfoUrl}`,
    },
  ];
  const list = (items: object[]) => ({ metadata: { resourceVersion: '1' }, items });
  return {
    [`${base}/namespaces/team-a/gitintegrations`]: list(integrations),
    [`${base}/gitintegrations`]: list(integrations),
    [`${base}/clustercodemieconnections`]: list(connections),
    '/apis/events.k8s.io/v1/namespaces/team-a/events': list(events),
    '/api/v1/namespaces/kube-system': { metadata: meta('kube-system') },
    ...Object.fromEntries(
      integrations.map((each) => [`${base}/namespaces/team-a/gitintegrations/${each.metadata.name}`, each]),
    ),
    ...Object.fromEntries(
      connections.map((each) => [`${base}/clustercodemieconnections/${each.metadata.name}`, each]),
    ),
    ...Object.fromEntries(
      secrets.map((each) => [
        `/api/v1/namespaces/${each.metadata.namespace ?? ''}/secrets/${each.metadata.name}`,
        each,
      ]),
    ),
  };
}

const files = () => misplaced({ good, bad, stray, strayInBase64, userInfoUrl, pem });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-canaries-'));
  world = await startWorld({ clientSecret, peers: [echoing] });
  world.github.addToken({ token: good, login: 'octocat' });
  server = await startFakeApiServer({ path: '/none' });
  const known = objects();
  const answer: Answer = (response, request) => {
    const found = known[request.path];
    if (request.query.get('watch') === 'true') response.writeHead(200).flushHeaders();
    else if (found) response.end(JSON.stringify(found));
    else answerStatus(404, 'NotFound')(response, request);
  };
  server.always('call', answer);
  const seed = (alias: string, values: object) =>
    world.codemie.seed({
      project: 'demo',
      alias,
      user: world.login,
      values: { url: 'https://github.com', auth_type: 'pat', name: 'oauth2', token: good, ...values },
    });
  seed('plain', {});
  seed('user-info', { url: userInfoUrl });
  seed('token-in-url', { url: `https://${stray}@gitlab.com` });
  seed('token-as-name', { name: stray });
  seed(stray, {});
  seed('private-key', { name: pem });
  seed('gone', { managed_by: 'codemie-git-operator/uid-kube-system/team-a/gone' });
  seed(`gone ${stray}`, { managed_by: 'codemie-git-operator/uid-kube-system/team-a/gone' });
  const inFolder: Record<string, string> = {
    ...files(),
    kubeconfig: kubeconfig(),
    'broken.kubeconfig': `${kubeconfig()}\n}`,
    'key.pem': pem,
    'half.pem': pem.slice(0, 300),
    'token.txt': bad,
    'two.txt': `${good}\n${bad}`,
    'all.yaml': Object.values(files()).join('\n---\n'),
  };
  for (const [name, content] of Object.entries(inFolder)) await writeFile(join(folder, name), content);
  process.chdir(folder);
});
afterAll(async () => {
  process.chdir(startFolder);
  await server.close();
  await world.close();
  await rm(folder, { recursive: true });
});

function kubeconfig(): string {
  return JSON.stringify({
    'current-context': 'main',
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'u', namespace: 'team-a' } }],
    clusters: [{ name: 'c', cluster: { server: server.url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: kubeToken } }],
  });
}

/** A text and each form in which a program may write it. */
function formsOf(canary: string): string[] {
  const inBase64 = Buffer.from(canary).toString('base64');
  const url = Buffer.from(canary).toString('base64url');
  return [
    canary,
    inBase64.replace(/=+$/, ''),
    url,
    encodeURIComponent(canary),
    JSON.stringify(canary).slice(1, -1),
  ];
}

const environment = () => ({
  HOME: folder,
  KUBECONFIG: 'kubeconfig',
  HTTPS_PROXY: world.internet.proxyUrl,
  GOOD: good,
  BAD: bad,
  BROKEN: `"${good}" ${stray}`,
  KEY: pem,
});

/** What a command wrote, and the secrets in it. */
interface Written {
  written: string;
  out: string;
  leaks: string[];
}

function searched(out: string, err: string): Written {
  const written = out + err;
  const leaks = [...guarded].filter((canary) => formsOf(canary).some((form) => written.includes(form)));
  return { written, out, leaks };
}

/** Runs a command in this process, which takes a tenth of the time of one that starts. */
async function leaksOf(args: readonly string[], env: Record<string, string> = {}, stdin = '') {
  const signal = AbortSignal.timeout(stretched(60_000));
  const sleep = (ms: number) => delay(ms, undefined, { signal });
  const io = testIo({ env: { ...environment(), ...env }, stdin, signal, sleep, now: Date.now });
  await runProgram(args, io, { version: '0.0.0', isPlugin: false });
  return searched(forTerminal(io.stdout()), forTerminal(io.stderr()));
}

/** Runs the program as it is packaged. */
async function leaksOfProcess(args: readonly string[], env: Record<string, string> = {}, stdin = '') {
  const child = spawn(process.execPath, [join(folder, 'program', 'codemie-git.mjs'), ...args], {
    cwd: folder,
    env: { ...environment(), ...env },
  });
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return searched(out, err);
}

/** Why a command did not come as far as to where it could print a secret. */
function faultsOf(args: readonly string[], written: string, out: string): string[] {
  const faults: string[] = [];
  if (written === '') faults.push('It wrote nothing.');
  // The one that is called so has to be refused.
  if (written.includes('unknown option') && !args.some((arg) => arg === `--${stray}`))
    faults.push('It has no such option.');
  if (written.includes('This is a bug')) faults.push('It failed.');
  const format = args[args.findIndex((arg) => arg === '-o' || arg === '--output') + 1];
  try {
    if (format === 'json' || format === 'sarif') JSON.parse(out || '0');
    if (format === 'yaml') parseAllDocuments(out).forEach((document) => document.toJS());
  } catch {
    faults.push(`It is no ${format}.`);
  }
  return faults;
}

const names = integrations.map(({ metadata }) => metadata.name);
const trust = () => ['--ca-file', world.internet.caFile];

/**
 * Runs commands, a few at the same time.
 *
 * @returns the secrets in what they write, or why it shows nothing about secrets, by command
 */
async function leaksIn(
  commands: readonly string[][],
  env?: Record<string, string>,
  stdin?: string,
  search: typeof leaksOf = leaksOf,
) {
  const found: Record<string, string[]> = {};
  await inParallel(
    0,
    commands.length,
    async (index) => {
      const args = commands[index] ?? [];
      const { written, out, leaks } = await search(args, env, stdin);
      const faults = [...leaks, ...faultsOf(args, written, out)];
      if (faults.length > 0) found[args.join(' ')] = faults;
    },
    3,
  );
  return found;
}

describe('no command prints a byte of a secret', () => {
  it('get', async () =>
    expect(
      await leaksIn([
        ...outputFormats.map((output) => ['get', '-o', output]),
        ...['wide', 'yaml'].flatMap((output) => [
          ['get', '-A', '-o', output],
          ['get', 'connections', '-o', output],
        ]),
        ...['json', 'yaml'].map((output) => ['get', 'annotated', '-o', output]),
        ['get', '--wait', '--timeout', '1s'],
      ]),
    ).toEqual({}));

  it('explain, check and actions', async () =>
    expect(
      await leaksIn([
        ...names.flatMap((name) => [
          ['explain', name],
          ['check', name, '--project', ...trust()],
          ['suspend', name],
        ]),
        ...['resume', 'release', 'reconcile'].map((action) => [
          action,
          'annotated',
          ...(action === 'reconcile' ? ['--no-wait'] : []),
        ]),
        ['check', 'acme', '--project', '--output', 'json', ...trust()],
      ]),
    ).toEqual({}));

  it('lint, check and import of files', async () =>
    expect(
      await leaksIn([
        ...lintFormats.map((format) => ['lint', '.', ...Object.keys(files()), '--output', format]),
        ...Object.keys(files()).flatMap((file) => [
          ['check', '--filename', file, ...trust()],
          ['import', '--filename', file, '--check', ...trust()],
        ]),
        [
          'import',
          ...Object.keys(files())
            .filter((file) => file.startsWith('former'))
            .flatMap((file) => ['--filename', file]),
        ],
      ]),
    ).toEqual({}));

  it.each(['default', 'echo', 'pasted', 'glpat-none'])(
    'import and orphans by connection %s',
    async (name) => {
      const flags = ['--connection', name, ...trust()];
      expect(
        await leaksIn([
          ['import', ...flags],
          ['import', ...flags, '--check'],
          ...outputFormats.map((output) => ['orphans', ...flags, '--output', output]),
          ['orphans', ...flags, '--delete'],
        ]),
      ).toEqual({});
      expect(await leaksIn([['orphans', ...flags, '--delete', '--yes', '--output', 'json']])).toEqual({});
    },
  );

  it.each<[string, string[]]>([
    ['a good token', ['--token-env', 'GOOD']],
    ['a rejected token', ['--token-env', 'BAD']],
    ['a broken token', ['--token-env', 'BROKEN']],
    ['a token in a file', ['--token-file', 'token.txt']],
    ['two tokens in a file', ['--token-file', 'two.txt']],
    ['a token on standard input', ['--token-file', '-']],
    ['a key', ['--app-id', '1', '--private-key-env', 'KEY']],
    ['a key in a file', ['--app-id', '1', '--private-key-file', 'key.pem', '--installation-id', '7']],
    ['half a key', ['--app-id', '1', '--private-key-file', 'half.pem']],
    ['a token for a key', ['--app-id', '1', '--private-key-env', 'GOOD']],
    ['a key for a token', ['--token-env', 'KEY']],
    ['a key for a file of authorities', ['--token-env', 'GOOD', '--ca-file', 'key.pem']],
    ['a token where the name of its variable belongs', ['--token-env', good]],
    ['a token where its file belongs', ['--token-file', stray]],
    ['a user in the URL', ['--token-env', 'GOOD', '--url', userInfoUrl]],
    ['a token as user name', ['--token-env', 'GOOD', '--username', stray]],
    ['a token as App ID', ['--token-env', 'GOOD', '--app-id', stray]],
    ['a token as repository', ['--token-env', 'GOOD', '--repository', stray, '--repository', userInfoUrl]],
    ['a host that sends everything back', ['--token-env', 'GOOD', '--url', 'https://echo.example.com']],
  ])('check of %s', async (_name, flags) => {
    const by = (provider: string, output: string) => [
      'check',
      '--provider',
      provider,
      '--output',
      output,
      ...trust(),
      ...flags,
    ];
    expect(await leaksIn([by('GitHub', 'human'), by('GitLab', 'json')], {}, `"${bad} ${good}"`)).toEqual({});
  });

  it.each<[string, string[], Record<string, string>?]>([
    ['a token for a command', [stray]],
    ['a token for a flag', [`--${stray}`]],
    ['a token for a name', ['explain', stray]],
    ['a token for a format', ['get', '--output', good]],
    ['a token for a context', ['get', '--context', good]],
    ['a token for a namespace', ['get', '--namespace', good]],
    ['a token for a time', ['get', '--wait', '--timeout', good]],
    ['a token for a product', ['create', 'token', 'x', '--project', 'demo', '--provider', good]],
    ['a token for a project', ['create', 'token', 'x', '--project', good, '--provider', 'GitHub']],
    ['a user in the URL', ['create', 'app', 'x', '--project', 'demo', '--url', userInfoUrl]],
    ['a token for a host', ['import', '--provider', `${stray}=${good}`]],
    ['a token for a folder', ['lint', stray]],
    ['a broken kubeconfig', ['get'], { KUBECONFIG: 'broken.kubeconfig' }],
    ['a token for a kubeconfig', ['get', '--kubeconfig', good]],
    [
      'a proxy with a password',
      ['check', 'acme'],
      { HTTPS_PROXY: `http://user:${proxyPassword}@127.0.0.1:1` },
    ],
    ['a proxy that is none', ['check', 'acme'], { HTTPS_PROXY: `ftp://${shortUser}@127.0.0.1` }],
  ])('%s', async (_name, args, env) => expect(await leaksIn([args], env)).toEqual({}));

  it('as a program of its package', async () => {
    await bundle(join(import.meta.dirname, '..', '..'), join(folder, 'program'));
    const commands = [
      ['get', '-o', 'yaml'],
      ['explain', 'hostile'],
      ['check', 'acme', '--project', ...trust()],
      ['check', '--provider', 'GitLab', '--token-file', '-', ...trust()],
      ['lint', 'all.yaml', '--output', 'sarif'],
      ['import', ...trust()],
      ['orphans', ...trust(), '--output', 'json'],
      [stray],
    ];
    expect(await leaksIn(commands, {}, `"${bad} ${good}"`, leaksOfProcess)).toEqual({});
    const debugging = { DEBUG: '*', NODE_DEBUG: 'http,https,tls,net' };
    expect(await leaksIn([['check', 'acme']], debugging, '', leaksOfProcess)).toEqual({});
  });

  it('shows what stood around it', async () => {
    const { written } = await leaksOf(['lint', 'field.yaml']);
    expect(written).toContain('There is no field glpat-… in spec.auth.');
    expect((await leaksOf(['import', ...trust()])).written).toContain('"private-key"');
  });
});
