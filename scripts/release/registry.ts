import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { goTool } from './tools.ts';

/** A registry on this machine, for a dry run. */
export interface LocalRegistry {
  /** `127.0.0.1:port`; plain http. */
  host: string;
  stop(): Promise<void>;
}

/** How long a registry may take to answer. */
const startTimeoutMs = 30_000;

/**
 * Starts the registry of go-containerregistry on a free port, with its content in a temporary folder.
 *
 * @throws Error when it does not answer
 */
export async function startRegistry(): Promise<LocalRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'));
  const port = await freePort();
  const child = spawn(
    await goTool('crane'),
    ['registry', 'serve', '--address', `127.0.0.1:${port}`, '--disk', folder],
    {
      stdio: 'ignore',
    },
  );
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill();
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  const host = `127.0.0.1:${port}`;
  const deadline = Date.now() + startTimeoutMs;
  while (!(await answers(`http://${host}/v2/`))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error('The local registry did not start.');
    }
    await sleep(50);
  }
  return { host, stop };
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}
