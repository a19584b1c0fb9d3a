import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { demoPicture } from './demo/picture.ts';

/**
 * `npm run demo:picture`: runs the demo and draws what it printed as docs/demo.svg, the picture of the README. Needs what
 * the demo needs.
 */
const root = join(import.meta.dirname, '..');
const child = spawn(process.execPath, [join(import.meta.dirname, 'demo.ts')], {
  env: { ...process.env, FORCE_COLOR: '1' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
const output = await text(child.stdout);
if ((await ended) !== 0) throw new Error(`The demo failed:\n${output}`);
const file = join(root, 'docs', 'demo.svg');
await writeFile(file, demoPicture(output));
process.stdout.write(`Wrote ${file}.\n`);
