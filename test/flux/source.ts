import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { run } from '../../scripts/image/command.ts';

/** The files of a commit, by their paths. */
export type Commit = Record<string, string>;

/** Serves the files of the latest commit as an artifact, as Flux's source-controller does. */
export interface Source {
  /** Makes these files the latest commit, and returns the `status` of a GitRepository that says so. */
  commit(files: Commit): Promise<object>;
  close(): Promise<void>;
}

const port = z.object({ port: z.int() });

/** Starts to serve on a free port of this machine. */
export async function startSource(): Promise<Source> {
  const artifacts = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const bytes = artifacts.get(request.url ?? '');
    response.writeHead(bytes ? 200 : 404).end(bytes);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${port.parse(server.address()).port}`;
  return {
    async commit(files) {
      const bytes = await archive(files);
      const digest = createHash('sha256').update(bytes).digest('hex');
      const path = `/gitrepository/flux-system/flux-system/${digest}.tar.gz`;
      artifacts.set(path, bytes);
      const now = new Date().toISOString();
      return {
        observedGeneration: 1,
        artifact: {
          path: path.slice(1),
          url: `${origin}${path}`,
          revision: `main@sha1:${digest.slice(0, 40)}`,
          digest: `sha256:${digest}`,
          lastUpdateTime: now,
          size: bytes.length,
        },
        conditions: [
          {
            type: 'Ready',
            status: 'True',
            reason: 'Succeeded',
            message: 'stored artifact',
            lastTransitionTime: now,
            observedGeneration: 1,
          },
        ],
      };
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function archive(files: Commit): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'commit-'));
  const tree = join(folder, 'tree');
  try {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), content);
    }
    await run('tar', ['-czf', join(folder, 'tree.tar.gz'), '-C', tree, '.']);
    return await readFile(join(folder, 'tree.tar.gz'));
  } finally {
    await rm(folder, { recursive: true });
  }
}
