import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { download, type EnvtestRelease, findInstalled, pinnedRelease } from './envtest.ts';

const here = `${platform()}-${arch() === 'x64' ? 'amd64' : arch()}`;
const programs = ['etcd', 'kube-apiserver'];
const never = new AbortController().signal;
let folder: string;
let lines: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'envtest-'));
  lines = [];
});
afterEach(() => rm(folder, { recursive: true }));

async function makePrograms(inside: string): Promise<void> {
  await mkdir(inside, { recursive: true });
  for (const program of programs) await writeFile(join(inside, program), '#!/bin/sh\n', { mode: 0o755 });
}

describe('what setup-envtest has installed', () => {
  it('is found, the newest that is new enough', async () => {
    for (const version of ['1.30.9', '1.9.0', '1.34.10', '1.35.2'])
      await makePrograms(join(folder, 'k8s', `${version}-${here}`));
    await makePrograms(join(folder, 'k8s', '1.36.0-plan9-mips'));
    expect(await findInstalled(folder)).toMatchObject({
      etcd: join(folder, 'k8s', `1.35.2-${here}`, 'etcd'),
    });
  });

  it('is nothing where it is too old, incomplete, or not there', async () => {
    expect(await findInstalled(folder)).toBeUndefined();
    await makePrograms(join(folder, 'k8s', `1.30.9-${here}`));
    await mkdir(join(folder, 'k8s', `1.35.0-${here}`));
    expect(await findInstalled(folder)).toBeUndefined();
  });
});

describe('the pinned release', () => {
  it.each(['linux-amd64', 'linux-arm64', 'darwin-amd64', 'darwin-arm64'])('has an archive for %s', (name) => {
    const { url = '', sha512 = '' } = pinnedRelease(name) ?? {};
    expect(url).toMatch(new RegExp(`/envtest-v1\\.36\\.\\d+-${name}\\.tar\\.gz$`));
    expect(sha512).toMatch(/^[0-9a-f]{128}$/);
  });

  it('has none for other platforms, which use the sources after it', () => {
    expect(pinnedRelease('linux-riscv64')).toBeUndefined();
  });
});

describe('a download', () => {
  async function makeArchive(): Promise<Buffer> {
    await makePrograms(join(folder, 'source', 'controller-tools', 'envtest'));
    const file = join(folder, 'archive.tar.gz');
    await promisify(execFile)('tar', ['-czf', file, '-C', join(folder, 'source'), 'controller-tools']);
    return readFile(file);
  }

  async function serve(listener: RequestListener): Promise<string> {
    const server: Server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    return `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/`;
  }

  const get = (from: EnvtestRelease, signal = never) =>
    download({ from, folder: join(folder, 'cache'), log: (line) => void lines.push(line), signal });
  const releaseOf = (url: string, archive: Buffer): EnvtestRelease => ({
    version: 'v1.35.0',
    platform: here,
    url,
    sha512: createHash('sha512').update(archive).digest('hex'),
  });

  it('gives the programs of the archive, and is kept', async () => {
    const archive = await makeArchive();
    let requests = 0;
    const url = await serve((_request, response) => {
      requests += 1;
      response.end(archive);
    });
    const wanted = {
      etcd: join(folder, 'cache', 'etcd'),
      apiServer: join(folder, 'cache', 'kube-apiserver'),
    };
    expect(await get(releaseOf(url, archive))).toMatchObject(wanted);
    expect(await get(releaseOf(url, archive))).toMatchObject(wanted);
    expect(requests).toBe(1);
    expect(lines).toEqual([]);
  });

  it.each<{ name: string; answer: RequestListener; says: string }>([
    {
      name: 'another archive',
      answer: (_request, response) => void response.end('something else'),
      says: 'the archive does not have the pinned SHA-512',
    },
    {
      name: 'a refusal',
      answer: (_request, response) => void response.writeHead(403).end(),
      says: 'the server answered 403',
    },
    {
      name: 'half an archive',
      answer: (_request, response) => {
        response.writeHead(200, { 'content-length': 1000 }).write('half');
        setImmediate(() => response.destroy());
      },
      says: 'No download of Kubernetes v1.35.0',
    },
    { name: 'silence', answer: () => {}, says: 'no answer within 2 seconds' },
  ])('that gets $name gives way to the next source', async ({ answer, says }) => {
    const url = await serve(answer);
    expect(await get(releaseOf(url, await makeArchive()))).toBeUndefined();
    expect(lines.at(-1)).toContain(says);
  });

  it('is not tried for another platform', async () => {
    const from = { ...releaseOf('http://127.0.0.1:1/', Buffer.from('')), platform: 'plan9-mips' };
    expect(await get(from)).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it('ends when it is no longer wanted', async () => {
    const url = await serve(() => {});
    const gone = AbortSignal.abort(new Error('Interrupted.'));
    await expect(get(releaseOf(url, await makeArchive()), gone)).rejects.toThrow('Interrupted.');
  });
});
