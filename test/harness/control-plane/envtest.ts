import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { arch, homedir, platform } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, exists, makeOnce } from '../cache.ts';
import { findAssets } from './assets.ts';
import type { Binaries } from './binaries.ts';

/** An archive with etcd and kube-apiserver that Kubernetes SIG API Machinery releases for tests. */
export interface EnvtestRelease {
  version: string;
  /** As Go names it. */
  platform: string;
  url: string;
  sha512: string;
}

const version = 'v1.36.2';

/**
 * By platform, from envtest-releases.yaml in sigs.k8s.io/controller-tools v0.23.0. Some 50 MB. Other platforms have the
 * sources after this one.
 */
const digests: Readonly<Record<string, string>> = {
  'linux-amd64':
    'ea743186c8a799f5cf8faf16969f86189d003cb7d130e0ac4b58789f1e5748dcf30ebe91c837a10d5ac415383da3e10b9e64d65785c938c23e739781cfb76f08',
  'linux-arm64':
    '2d72ee985a8e262a3c57dc9f7f0fd891f6a8c7bf7ebaa2db6dc6d8eac8ae28181afe51c1f368b67756cdb40b10de9b205609e1726e5f27f7c6d824dd9c6649ac',
  'darwin-amd64':
    'b4fe9f973cd1992e3880f8b230ed32c0c243b83371591e3e3315f4404df2cdbef8ee94eeb9bb245b7e5feb987d5c4a76c43e0877654ab73f00d7bbc2b9984514',
  'darwin-arm64':
    '9278f9e5af556b2f1f2d139769c1f0d717c7b4426917fdebdba898bcb725a916e4910d6160886194ff9be9589ea7c5c32c2b8ae0754703874b7c8ba8ddfc41ce',
};

/** The pinned release for a platform, as Go names it. Undefined where there is none. */
export function pinnedRelease(platformName: string): EnvtestRelease | undefined {
  const sha512 = digests[platformName];
  const name = `envtest-${version}`;
  const folder = `https://github.com/kubernetes-sigs/controller-tools/releases/download/${name}`;
  return sha512 === undefined
    ? undefined
    : { version, platform: platformName, url: `${folder}/${name}-${platformName}.tar.gz`, sha512 };
}

/** The oldest API server that the CRDs and the operator support. */
const oldest = { major: 1, minor: 31 };
/** For the first byte of an answer. A network that lets nothing through costs no more than this. */
const answerTimeoutMs = 2_000;
/** For the whole archive. A slower network is faster with another source. */
const downloadTimeoutMs = 180_000;

/** A line of progress this often. */
const progressBytes = 5_000_000;

const thisPlatform = `${platform()}-${arch() === 'x64' ? 'amd64' : arch()}`;

/**
 * The newest control plane that `setup-envtest` has installed on this machine, if it is new enough.
 *
 * @param store its folder; by default where `setup-envtest` keeps it
 */
export async function findInstalled(store = defaultStore()): Promise<Binaries | undefined> {
  const names = await readdir(join(store, 'k8s')).catch(() => []);
  const found = names.flatMap((name) => {
    const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)-/.exec(name) ?? [];
    if (patch === undefined || !name.endsWith(`-${thisPlatform}`)) return [];
    return [{ name, order: [Number(major), Number(minor), Number(patch)] as const }];
  });
  const newest = found
    .filter(({ order: [major, minor] }) => major === oldest.major && minor >= oldest.minor)
    .toSorted((a, b) => b.order[1] - a.order[1] || b.order[2] - a.order[2])[0];
  return newest && (await findAssets(join(store, 'k8s', newest.name)).catch(() => undefined));
}

/** https://github.com/kubernetes-sigs/controller-runtime/tree/main/tools/setup-envtest#where-does-it-put-all-those-binaries */
function defaultStore(): string {
  if (platform() === 'darwin') return join(homedir(), 'Library/Application Support/io.kubebuilder.envtest');
  return join(process.env['XDG_DATA_HOME'] || join(homedir(), '.local/share'), 'kubebuilder-envtest');
}

/** Options for {@link download}. */
export interface DownloadOptions {
  log: (line: string) => void;
  signal: AbortSignal;
  /** By default the pinned one of this platform. */
  from?: EnvtestRelease | undefined;
  /** Where it is kept; by default in the cache. */
  folder?: string;
}

/**
 * Downloads the released archive, once. Undefined where there is none for this platform, the network does not allow it,
 * or what came is not what was pinned.
 *
 * @throws only what `signal` was aborted with
 */
export async function download({
  log,
  signal,
  from = pinnedRelease(thisPlatform),
  folder,
}: DownloadOptions): Promise<Binaries | undefined> {
  if (from?.platform !== thisPlatform) return undefined;
  const target = folder ?? cacheFolder('envtest', from.version);
  try {
    if (!(await exists(target)))
      await makeOnce(target, async (draft) => unpack(await fetchArchive(from, log, signal), draft));
    return await findAssets(target);
  } catch (error) {
    signal.throwIfAborted();
    log(`No download of Kubernetes ${from.version}: ${reasonOf(error)}.`);
    return undefined;
  }
}

async function fetchArchive(
  from: EnvtestRelease,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<Buffer> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error('no answer within 2 seconds')), answerTimeoutMs);
  const deadline = AbortSignal.timeout(downloadTimeoutMs);
  const response = await fetch(from.url, { signal: AbortSignal.any([signal, silence.signal, deadline]) });
  clearTimeout(timer);
  if (!response.ok || response.body === null) throw new Error(`the server answered ${response.status}`);
  const total = Number(response.headers.get('content-length') ?? 0);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    const before = bytes;
    bytes += chunk.length;
    if (Math.floor(before / progressBytes) === Math.floor(bytes / progressBytes)) continue;
    const of = total > 0 ? ` of ${megabytes(total)}` : '';
    log(`Downloading Kubernetes ${from.version}: ${megabytes(bytes)}${of} MB`);
  }
  const archive = Buffer.concat(chunks);
  const digest = createHash('sha512').update(archive).digest('hex');
  if (digest !== from.sha512) throw new Error('the archive does not have the pinned SHA-512');
  return archive;
}

/** The programs are two folders deep in the archive. */
async function unpack(archive: Buffer, folder: string): Promise<void> {
  const file = join(folder, 'archive.tar.gz');
  await writeFile(file, archive);
  await promisify(execFile)('tar', ['-xzf', file, '-C', folder, '--strip-components=2']);
  await rm(file);
}

const megabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(0);

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  // fetch says no more than "fetch failed" itself.
  return error.cause instanceof Error ? error.cause.message : error.message;
}
