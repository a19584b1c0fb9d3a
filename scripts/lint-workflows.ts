import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { run } from './image/command.ts';
import { goTool } from './release/tools.ts';

// Part of `npm run check`: actionlint on the workflows. Without Go, which it is built with once, that is left to CI.
const root = join(import.meta.dirname, '..');

async function lint(): Promise<void> {
  const hasGo = await run('go', ['version']).then(
    () => true,
    () => false,
  );
  if (!hasGo && process.env['CI'] !== 'true') {
    console.log(
      'The workflows are not linted: actionlint is built with Go, which is not installed. CI does it.',
    );
    return;
  }
  const folder = join(root, '.github', 'workflows');
  const files = (await readdir(folder)).map((name) => join(folder, name));
  const said: string[] = [];
  // shellcheck and pyflakes are not on every machine, and each step is a script of the project anyway.
  const args = ['-no-color', '-shellcheck=', '-pyflakes=', ...files];
  await run(await goTool('actionlint'), args, { onLine: (line) => said.push(line) }).catch(
    (cause: unknown) => {
      throw new Error(said.join('\n'), { cause });
    },
  );
  await Promise.all(files.map(onlyScripts));
}

const workflow = z.object({
  jobs: z.record(
    z.string(),
    z.object({ steps: z.array(z.object({ run: z.string().optional(), uses: z.string().optional() })) }),
  ),
});

/** Steps are scripts of the project, so that they can be run anywhere, and actions are pinned by their commits. */
async function onlyScripts(file: string): Promise<void> {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const { jobs } = workflow.parse(parse(await readFile(file, 'utf8')));
  for (const { run: command, uses } of Object.values(jobs).flatMap(({ steps }) => steps)) {
    const script = /^npm run ([\w:-]+(\$\{\{ matrix\.suite \}\})?)( -- [\w -]+)?$/.exec(command ?? '')?.[1];
    const known = script?.endsWith('}}') ? scripts['test:cluster'] : scripts[script ?? ''];
    if (command !== undefined && command !== 'npm ci' && known === undefined)
      throw new Error(`${file}: "${command}" is no script of package.json.`);
    if (uses !== undefined && !/@[0-9a-f]{40}$/.test(uses))
      throw new Error(`${file}: ${uses} is not pinned by its commit.`);
  }
}

try {
  await lint();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
