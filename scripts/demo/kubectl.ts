import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './stage.ts';
import { print, printOutput, prompt } from './terminal.ts';

/** The namespace of the examples. */
export const namespace = 'team-a';
const patienceMs = 60_000;

/** Shows a command, runs it, and shows what it wrote. */
export async function show({ run }: Pick<Stage, 'run'>, ...args: string[]): Promise<string> {
  prompt('kubectl', ...args.map(quoted));
  const output = await run(args);
  printOutput(output);
  return output;
}

/** As it has to be typed in a shell. */
function quoted(arg: string): string {
  return /^[\w./:=,@-]+$/.test(arg) ? arg : `'${arg}'`;
}

/** The message of a condition, shown with the command that prints it. */
export async function showMessage(stage: Stage, name: string, condition: string): Promise<void> {
  const path = `jsonpath={.status.conditions[?(@.type=="${condition}")].message}`;
  await show(stage, 'get', 'gitintegration', name, '-n', namespace, '-o', path);
}

/** Stores a token in a Secret, without showing it. */
export async function setToken({ run }: Stage, secret: string, token: string): Promise<void> {
  prompt('kubectl', 'patch', 'secret', secret, '-n', namespace, '-p', `'{"stringData": {"token": "…"}}'`);
  print(
    await run(['patch', 'secret', secret, '-n', namespace, '-p', JSON.stringify({ stringData: { token } })]),
  );
}

/** Waits until a condition is as wanted: `True`, `False/Unauthorized`. */
export async function waitForCondition(
  { run }: Stage,
  name: string,
  type: string,
  wanted: string,
): Promise<void> {
  const path = `jsonpath={range .status.conditions[?(@.type=="${type}")]}{.status}/{.reason}{end}`;
  await waitFor(`${type} of ${name} to be ${wanted}`, async () => {
    const found = await run(['get', 'gitintegration', name, '-n', namespace, '-o', path]);
    return found === wanted || found.startsWith(`${wanted}/`);
  });
}

/** @throws Error after a minute */
export async function waitFor(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await look())) {
    if (performance.now() > giveUpAt) throw new Error(`Waited in vain for ${what}.`);
    await sleep(200);
  }
}
