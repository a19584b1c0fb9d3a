import { execFile } from 'node:child_process';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, exists, makeOnce } from '../cache.ts';
import { moduleFingerprint } from '../go-module.ts';
import type { Binaries, Unavailable } from './binaries.ts';
import { startProcess } from './processes.ts';
import type { KubernetesRelease } from './version.ts';

/** `tool` stands for all programs that go.mod names in its `tool` block. */
const buildFlags = (version: string): string[] => [
  '-trimpath',
  '-ldflags',
  `-s -w -X k8s.io/component-base/version.gitVersion=${version}`,
];

/** What `go list -deps tool` counts. */
const packagesInTotal = 2_520;

/** A line of progress at least this often. */
const progressMs = 10_000;

export interface GoBuildOptions {
  kubernetes: KubernetesRelease;
  log: (line: string) => void;
  signal: AbortSignal;
}

/** Where the binaries are once they are built. */
async function cached({
  version,
  module,
}: KubernetesRelease): Promise<{ folder: string; binaries: Binaries }> {
  const fingerprint = await moduleFingerprint(join(import.meta.dirname, module), [], buildFlags(version));
  const folder = cacheFolder('control-plane', `${version}-${fingerprint}`);
  const binaries: Binaries = {
    source: 'go-build',
    etcd: join(folder, 'etcd'),
    apiServer: join(folder, 'kube-apiserver'),
    controllerManager: join(folder, 'kube-controller-manager'),
  };
  return { folder, binaries };
}

/** The binaries that were built with Go before; undefined if they were not. */
export async function findBuilt(kubernetes: KubernetesRelease): Promise<Binaries | undefined> {
  const { folder, binaries } = await cached(kubernetes);
  return (await exists(folder)) ? binaries : undefined;
}

/**
 * The binaries of the cache, built with Go when they aren't there: about six minutes on two cores the first
 * time, mostly compiling, with the sources from the Go module proxy. Throws only what `signal` was aborted with.
 */
export async function buildWithGo(options: GoBuildOptions): Promise<Binaries | Unavailable> {
  const { kubernetes, log, signal } = options;
  const { folder, binaries } = await cached(kubernetes);
  if (await exists(folder)) return binaries;
  if (!(await hasGo(signal))) {
    return { source: 'unavailable', reason: 'Go is not installed' };
  }
  let waiting = false;
  const onWait = (): void => {
    signal.throwIfAborted();
    if (!waiting) log('Another process is building the control plane; waiting for it.');
    waiting = true;
  };
  try {
    await makeOnce(folder, (draft) => build(draft, options), onWait);
  } catch (error) {
    signal.throwIfAborted();
    log(error instanceof Error ? error.message : String(error));
    return { source: 'unavailable', reason: 'the Go build failed as shown above' };
  }
  return binaries;
}

async function hasGo(signal: AbortSignal): Promise<boolean> {
  return await promisify(execFile)('go', ['version'], { signal, timeout: 60_000 }).then(
    () => true,
    () => false,
  );
}

async function build(draft: string, { kubernetes, log, signal }: GoBuildOptions): Promise<void> {
  const { version, module } = kubernetes;
  signal.throwIfAborted();
  const startedAtMs = Date.now();
  const progress = createProgress();
  const minutes = (): string => `${((Date.now() - startedAtMs) / 60_000).toFixed(1)} min`;
  log(`Building etcd and Kubernetes ${version} with Go. This happens once and takes some minutes.`);
  const go = await startProcess({
    name: 'go build',
    command: 'go',
    args: ['build', '-v', '-mod=readonly', ...buildFlags(version), '-o', `${draft}/`, 'tool'],
    cwd: join(import.meta.dirname, module),
    env: { ...inheritedEnvironment(), GOWORK: 'off' },
    output: progress.add,
  });
  const stop = (): void => void go.kill();
  signal.addEventListener('abort', stop, { once: true });
  const timer = setInterval(() => log(`Building: ${progress.text()}, ${minutes()}.`), progressMs);
  const { code } = await go.exited;
  clearInterval(timer);
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (code !== 0) {
    throw new Error(`Go could not build the control plane. It said:\n${progress.lastLines()}`);
  }
  // Go names a program after the last part of its package that is not a version: .../etcd/server/v3.
  await rename(join(draft, 'server'), join(draft, 'etcd'));
  log(`Built in ${minutes()}.`);
}

/** Counts what `go build -v` says: a line for each module it downloads and each package it compiles. */
function createProgress() {
  let downloads = 0;
  let packages = 0;
  let partialLine = '';
  let tail: string[] = [];
  return {
    add: (chunk: Buffer): void => {
      const lines = (partialLine + chunk.toString('utf8')).split('\n');
      partialLine = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('go: downloading ')) downloads += 1;
        else packages += 1;
      }
      tail = [...tail, ...lines].slice(-10);
    },
    text(): string {
      if (packages > 0) return `${packages} of about ${packagesInTotal} packages compiled`;
      return downloads > 0 ? `${downloads} modules downloaded` : 'nothing to download or compile so far';
    },
    lastLines: (): string => [...tail, partialLine].join('\n').trim(),
  };
}

/** Go needs PATH and HOME, and whatever proxy and module settings the machine has. */
function inheritedEnvironment(): Record<string, string> {
  const known = Object.entries(process.env).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, text] as const],
  );
  return Object.fromEntries(known);
}
