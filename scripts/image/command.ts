import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

/** How to run a program. */
export interface CommandOptions {
  /** Added to the environment of this process. */
  env?: Record<string, string>;
  /** Text for standard input, of which there is none by default. */
  input?: string;
  /** Gets every line that the program writes, as it comes. */
  onLine?: (line: string) => void;
}

const keptLines = 20;

/**
 * Runs a program and gives what it wrote to its standard output.
 *
 * @throws Error with the last lines of its standard error when it fails, or can't be started
 */
export async function run(
  command: string,
  args: readonly string[],
  { env = {}, input = '', onLine = () => {} }: CommandOptions = {},
): Promise<string> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: 'pipe' });
  // A program that ends without reading its input is no failure of ours.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const last: string[] = [];
  createInterface(child.stdout).on('line', onLine);
  createInterface(child.stderr).on('line', (line) => {
    last.push(line);
    if (last.length > keptLines) last.shift();
    onLine(line);
  });
  const [stdout] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (child.exitCode !== 0) throw new Error(`${command} ${args[0] ?? ''} failed:\n${last.join('\n')}`);
  return stdout;
}
