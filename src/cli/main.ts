#!/usr/bin/env node
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { CommanderError } from 'commander';
import { CliError, exitCodes, type Io } from './io.ts';
import { createProgram, type Run } from './program.ts';

/** Standard input is a manifest or a secret, so that more than this is a mistake. */
const maxInputBytes = 32 * 1024 * 1024;

/** Filled in by the build; the sources have none. */
declare const CODEMIE_GIT_VERSION: string | undefined;

const version = typeof CODEMIE_GIT_VERSION === 'string' ? CODEMIE_GIT_VERSION : '0.0.0-dev';

/** The process of the command line: streams, signals, exit code. */
async function main(args: string[]): Promise<number> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('The command was stopped.')));
  process.once('SIGTERM', () => stop.abort(new Error('The command was stopped.')));
  // A reader such as head has enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') stop.abort(error);
  });
  const io = processIo(stop.signal);
  const run: Run = { exitCode: exitCodes.ok };
  const program = createProgram(io, version, run);
  try {
    if (args.length === 0) {
      program.outputHelp();
      return exitCodes.ok;
    }
    await program.parseAsync(args, { from: 'user' });
    return run.exitCode;
  } catch (error) {
    return report(error, io);
  }
}

function report(error: unknown, io: Io): number {
  // Commander has printed what it has to say, help and the version among it.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.failed;
  if (error instanceof CliError) {
    io.err(`Error: ${error.message.trim()}`);
    return error.exitCode;
  }
  if (io.signal.aborted) return exitCodes.failed;
  // The message of an error that is not ours may quote what it was about, such as a Secret.
  const name = error instanceof Error ? error.name : typeof error;
  const where =
    error instanceof Error ? (error.stack ?? '').split('\n').find((line) => line.includes(' at ')) : '';
  io.err(`Error: The command failed (${name}${where ?? ''}). This is a bug; please report it.`);
  return exitCodes.failed;
}

function processIo(signal: AbortSignal): Io {
  const { stdout, stderr, stdin } = process;
  return {
    out: (text) => void stdout.write(text),
    err: (line) => void stderr.write(`${line}\n`),
    async stdin() {
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of stdin) {
        const buffer = Buffer.from(chunk);
        bytes += buffer.length;
        if (bytes > maxInputBytes)
          throw new CliError(
            'Standard input is larger than 32 MiB.',
            'Split it, or check that it is a manifest.',
          );
        chunks.push(buffer);
      }
      return Buffer.concat(chunks).toString('utf8');
    },
    env: process.env,
    columns: stdout.isTTY ? stdout.columns : undefined,
    now: Date.now,
    async confirm(question) {
      if (!stdin.isTTY) return false;
      const lines = createInterface({ input: stdin, output: stderr });
      try {
        return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `, { signal })).trim());
      } finally {
        lines.close();
      }
    },
    sleep: (ms) => delay(ms, undefined, { signal }),
    signal,
  };
}

const exitCode = await main(process.argv.slice(2));
// What was written has to reach a pipe before the process may end.
if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
process.exitCode = exitCode;
