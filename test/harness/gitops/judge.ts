import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { goProgram } from '../go-program.ts';

const opinion = z.object({ status: z.string(), message: z.string() });
const verdicts = z.array(z.object({ kstatus: opinion, health: opinion }));

/** What kstatus and a health script say of one object. */
export type Verdict = z.output<typeof verdicts>[number];

/**
 * Asks the real ones: the kstatus library, and gopher-lua with what Argo CD gives a script. Needs Go once, to build
 * the program of `go/`. One verdict per object, in their order.
 *
 * @throws Error with what the program wrote, when a script fails or returns no table
 */
export async function judge(script: string, objects: readonly unknown[]): Promise<Verdict[]> {
  return verdicts.parse(await ask({ script, objects }));
}

/**
 * Runs a script of an action, or of their discovery, in the same Lua. Gives the table that it returns for each object.
 *
 * @throws Error with what the program wrote, when a script fails or returns no table
 */
export async function runLua(script: string, objects: readonly unknown[]): Promise<unknown[]> {
  return z.array(z.unknown()).parse(await ask({ script, objects, raw: true }));
}

async function ask(question: object): Promise<unknown> {
  const program = await goProgram(join(import.meta.dirname, 'go'), 'judge');
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(question));
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (child.exitCode !== 0) throw new Error(`The judge failed: ${errors}`);
  return JSON.parse(out);
}
