import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bundle } from '../../scripts/build/bundle.ts';
import {
  type Answer,
  answerStatus,
  type FakeApiServer,
  startFakeApiServer,
} from '../../test/harness/fake-api-server.ts';
import { goodManifests } from './lint/broken-manifests.ts';

const root = join(import.meta.dirname, '..', '..');
const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
let folder: string;
let server: FakeApiServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-main-'));
  await bundle(root, join(folder, 'program'));
  server = await startFakeApiServer({
    path: '/apis/codemie.ai/v1alpha1/namespaces/team-a/gitintegrations',
  });
  server.put('acme', { spec: {} });
  server.always('call', usual);
  await mkdir(join(folder, 'home'));
  const files: Record<string, string | Uint8Array> = {
    kubeconfig: kubeconfig(server.url),
    'closed.kubeconfig': kubeconfig('http://127.0.0.1:1'),
    'plugin.kubeconfig': kubeconfig(server.url, {
      exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/nowhere' },
    }),
    'broken.kubeconfig': `${kubeconfig(server.url)}\n}`,
    'empty.yaml': '# nothing\n',
    'other.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n',
    'broken.yaml': 'apiVersion: codemie.ai/v1alpha1\nkind: GitIntegration\nspec: {a: b: c}\n',
    binary: new Uint8Array([0x7f, 0x45, 0xff, 0x00]),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const meta = {
  name: 'acme',
  namespace: 'team-a',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '2026-11-26T12:00:00Z',
};

/** An API server that has the kinds, one object, and nothing else. */
const usual: Answer = (response, request) => {
  if (request.path.endsWith('connections')) response.end(JSON.stringify({ metadata: {}, items: [] }));
  else if (request.path.endsWith('/acme')) response.end(JSON.stringify({ metadata: meta, spec: {} }));
  else answerStatus(404, 'NotFound')(response, request);
};

function kubeconfig(url: string, user: object = {}): string {
  return JSON.stringify({
    'current-context': 'main',
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'u', namespace: 'team-a' } }],
    clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user }],
  });
}

/** Runs the program as it is packaged, in a folder with the files above. */
async function run(args: readonly string[], env: Record<string, string> = {}, stdin = '') {
  const child = spawn(process.execPath, [join(folder, 'program', 'codemie-git.mjs'), ...args], {
    cwd: folder,
    env: { HOME: join(folder, 'home'), ...env },
  });
  // One that needs no input may end before it is written.
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return {
    exitCode: child.exitCode,
    out: out.replaceAll(`"${version}"`, '"VERSION"'),
    err: err.replaceAll(folder, '.'),
  };
}

const inCluster = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '1' };
const config = { KUBECONFIG: 'kubeconfig' };
const broken = 'kind: GitIntegration\nspec:\n\tproject: demo\n';

describe("a command that can't run exits with 2 and says why", () => {
  it.each<[string, string[], Record<string, string>?, string?]>([
    ['an unknown command', ['lnt']],
    ['an unknown option', ['get', '--al']],
    ['an option without its value', ['get', '--namespace']],
    ['a missing argument', ['explain']],
    ['an argument too many', ['explain', 'a', 'b']],
    ['a missing subcommand', ['create']],
    ['an unknown shell', ['completion', 'tcsh']],
    ['no kubeconfig', ['get']],
    ['a context without a kubeconfig', ['get', '--context', 'prod']],
    ['a context in a Pod', ['get', '--context', 'prod'], inCluster],
    ['a Pod without a service account', ['get'], inCluster],
    ['an unknown context', ['get', '--context', 'prod'], config],
    ['a kubeconfig that is not there', ['get', '--kubeconfig', 'nowhere']],
    ['a broken kubeconfig', ['get'], { KUBECONFIG: 'broken.kubeconfig' }],
    ['a credential plugin that fails', ['get'], { KUBECONFIG: 'plugin.kubeconfig' }],
    ['no cluster', ['get'], { KUBECONFIG: 'closed.kubeconfig' }],
    ['an object that does not exist', ['explain', 'none'], config],
    ['a connection that does not exist', ['orphans', '--cluster-name', 'prod'], config],
    ['no namespace kube-system', ['orphans'], config],
    ['a time that is none', ['get', '--wait', '--timeout', 'soon'], config],
    ['a name in all namespaces', ['get', 'acme', '--all-namespaces'], config],
    ['an object that is not being deleted', ['release', 'acme'], config],
    ['a file that is not there', ['lint', 'nowhere.yaml']],
    ['a binary', ['check', '--filename', 'binary'], config],
    ['a folder in place of a file', ['check', '--filename', 'home'], config],
    ['a manifest of nothing', ['check', '--filename', 'empty.yaml'], config],
    ['a manifest of something else', ['check', '--filename', 'other.yaml'], config],
    ['a broken manifest', ['check', '--filename', 'broken.yaml'], config],
    ['broken YAML on standard input, for check', ['check', '--filename', '-'], config, broken],
    ['broken YAML on standard input, for import', ['import', '--filename', '-'], {}, broken],
    ['two things to check', ['check', 'acme', '--filename', '-'], config],
    [
      'a file of authorities that is not there',
      ['check', '--provider', 'GitHub', '--token-env', 'T', '--ca-file', 'no.pem'],
      { T: 'ghp_x' },
    ],
    [
      'a file of authorities without one',
      ['check', '--provider', 'GitHub', '--token-env', 'T', '--ca-file', 'other.yaml'],
      { T: 'ghp_x' },
    ],
    [
      'a proxy that is none',
      ['check', '--provider', 'GitHub', '--token-env', 'T'],
      { T: 'ghp_x', HTTPS_PROXY: 'ftp://user:pass@proxy' },
    ],
  ])('%s', async (_name, args, env, stdin) => {
    const result = await run(args, env, stdin);
    expect(result).toMatchSnapshot();
    expect(result).toMatchObject({ exitCode: 2, out: '' });
  });

  it.each<[string, string[]]>([
    ['an empty context', ['--context', '']],
    ['an empty kubeconfig', ['--kubeconfig', '']],
    ['an empty namespace', ['--namespace', '']],
  ])('but %s is none, as for kubectl', async (_name, flags) => {
    expect(await run(['get', '--output', 'name', ...flags], config)).toEqual({
      exitCode: 0,
      out: 'gitintegration.codemie.ai/acme\n',
      err: '',
    });
  });
});

describe('lint of broken YAML on standard input', () => {
  it.each(['human', 'json', 'sarif', 'junit', 'github'])('as %s', async (format) => {
    expect(await run(['lint', '-', '--output', format], {}, broken)).toMatchSnapshot();
  });
});

const page: Answer = (response) =>
  response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>');
/** What the API server says of a path that it does not know, such as a kind without its CRD. */
const unknownPath: Answer = (response) =>
  response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404 page not found\n');

describe('what the API server refuses', () => {
  const answers: Record<string, Answer> = {
    'an unknown user': answerStatus(401, 'Unauthorized'),
    'no permission': answerStatus(403, 'Forbidden'),
    'missing CRDs': unknownPath,
    'a failure': answerStatus(500, 'InternalError'),
    'the page of a proxy': page,
  };
  it.each(Object.entries(answers))('%s, to get', async (_name, answer) => {
    server.always('list', answer);
    try {
      expect(await run(['get'], config)).toMatchSnapshot();
    } finally {
      server.always('list', undefined);
    }
  });

  it.each(Object.entries(answers))('%s, to explain', async (_name, answer) => {
    server.always('call', answer);
    server.always('list', answer);
    try {
      expect(await run(['explain', 'acme'], config)).toMatchSnapshot();
    } finally {
      server.always('list', undefined);
      server.always('call', usual);
    }
  });

  it.each(
    Object.entries({
      ...answers,
      'an object that is gone': answerStatus(404, 'NotFound'),
      'an object that breaks a rule': answerStatus(422, 'Invalid'),
    }),
  )('%s, to suspend', async (_name, answer) => {
    // The object is read before it is changed.
    server.always('call', (response, request) => {
      (request.method === 'PATCH' ? answer : usual)(response, request);
    });
    try {
      expect(await run(['suspend', 'acme'], config)).toMatchSnapshot();
    } finally {
      server.always('call', usual);
    }
  });
});

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish', 'powershell'])('has a script for %s', async (shell) =>
    expect(await run(['completion', shell])).toMatchSnapshot(),
  );

  it.each<[string, string[]]>([
    ['commands', ['']],
    ['subcommands', ['create', '']],
    ['flags', ['check', '--p']],
    ['formats', ['get', '--output', '']],
    ['rules', ['lint', '--ignore', '']],
    ['products', ['create', 'token', '--provider', '']],
    ['files', ['lint', '']],
    ['names', ['explain', '']],
    ['values after =', ['create', 'app', '--namespace=']],
    ['names without a cluster', ['explain', '--context', 'nowhere', '']],
  ])('suggests %s', async (_name, words) =>
    expect(await run(['complete', '--', ...words], config)).toMatchSnapshot(),
  );
});

describe('a lint by flags', () => {
  it('reads all that it is given, once', async () => {
    const { exitCode, out } = await run(
      ['lint', '-', '.', './other.yaml', 'other.yaml', '-'],
      {},
      goodManifests.token,
    );
    expect({ exitCode, out }).toMatchSnapshot();
  });
});
