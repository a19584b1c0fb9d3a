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

/**
 * https://github.com/kubernetes-sigs/controller-tools/blob/main/envtest-releases.yaml. 52 MB, for the platform that most
 * evaluate on; others have the sources after this one.
 */
const release: EnvtestRelease = {
  version: 'v1.35.0',
  platform: 'linux-amd64',
  url: 'https://github.com/kubernetes-sigs/controller-tools/releases/download/envtest-v1.35.0/envtest-v1.35.0-linux-amd64.tar.gz',
  sha512:
    '130369c16f076e724d089189afaede960316f5f5dea6cf57be7a4fc6f09c77342893192509790e4056e116e232dff832ed863f5bd55dcb55d38f3ab834828a11',
};

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
  /** By default the pinned one. */
  from?: EnvtestRelease;
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
  from = release,
  folder,
}: DownloadOptions): Promise<Binaries | undefined> {
  if (from.platform !== thisPlatform) return undefined;
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
