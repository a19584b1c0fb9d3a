import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/**
 * `npm run test:slow [-- FILE …]`: the cluster and fault tests, or the files that are named, on a machine whose every
 * core is kept busy by a loop. A test whose timing decides something fails here first.
 */
const root = join(import.meta.dirname, '..');
const named = process.argv.slice(2);
const files = named.length > 0 ? named : ['test/cluster', 'test/faults'];

const loops = cpus().map(() => new Worker('for (;;) {}', { eval: true }));
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const child = spawn(process.execPath, [vitest, 'run', '--project', 'cluster', ...files], {
  cwd: root,
  stdio: 'inherit',
});
const [code] = await once(child, 'close');
await Promise.all(loops.map((loop) => loop.terminate()));
process.exitCode = typeof code === 'number' ? code : 1;
