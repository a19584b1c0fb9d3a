#!/usr/bin/env node
import { once } from 'node:events';
import { basename } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { addAbortSignal } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { readBounded } from './input.ts';
import { exitCodes, forTerminal, type Io } from './io.ts';
import { runProgram, Stopped } from './program.ts';

/** Filled in by the build; the sources have none. */
declare const CODEMIE_GIT_VERSION: string | undefined;

const version = typeof CODEMIE_GIT_VERSION === 'string' ? CODEMIE_GIT_VERSION : '0.0.0-dev';

/**
 * The name of the link that started the program. kubectl runs a plugin by one, and asks for its completions by another:
 * https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/
 */
const calledAs = basename(process.argv[1] ?? '');

/** The process of the command line: streams, signals, exit code. */
async function main(args: string[]): Promise<number> {
  const stop = new AbortController();
  const interrupt = () => stop.abort(new Stopped(exitCodes.interrupted));
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', () => stop.abort(new Stopped(exitCodes.terminated)));
  // A reader such as head has enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') stop.abort(new Stopped(exitCodes.ok));
  });
  const io = processIo(stop.signal, interrupt);
  return await runProgram(args, io, { version, isPlugin: calledAs.startsWith('kubectl-codemie') });
}

function processIo(signal: AbortSignal, interrupt: () => void): Io {
  const { stdout, stderr, stdin } = process;
  // Progress stands on the last line of the terminal until something else is written.
  let shown = false;
  const clear = () => {
    if (shown) stderr.write('\r\u001B[K');
    shown = false;
  };
  return {
    out(text) {
      clear();
      stdout.write(forTerminal(text));
    },
    err(line) {
      clear();
      stderr.write(`${forTerminal(line)}\n`);
    },
    progress(text) {
      if (!stderr.isTTY || process.env['TERM'] === 'dumb') return;
      clear();
      stderr.write(forTerminal(text).slice(0, (stderr.columns || 80) - 1));
      shown = true;
    },
    stdin: () => readBounded(addAbortSignal(signal, stdin), 'Standard input'),
    env: process.env,
    get columns() {
      return stdout.isTTY ? stdout.columns : undefined;
    },
    onResize: (listener) => void stdout.on('resize', listener),
    now: Date.now,
    async confirm(question) {
      if (!stdin.isTTY) return undefined;
      clear();
      const lines = createInterface({ input: stdin, output: stderr });
      // The interface reads Ctrl-C as a key, so that no signal comes.
      lines.once('SIGINT', interrupt);
      try {
        const answer = await lines.question(`${forTerminal(question)} [y/N] `, { signal });
        return /^y(es)?$/i.test(answer.trim());
      } catch (error) {
        stderr.write('\n');
        if (signal.aborted) throw error;
        // Ctrl-D.
        return false;
      } finally {
        lines.close();
      }
    },
    sleep: (ms) => delay(ms, undefined, { signal }),
    signal,
  };
}

const given = process.argv.slice(2);
const exitCode = await main(
  calledAs.startsWith('kubectl_complete-codemie') ? ['complete', '--', ...given] : given,
);
// What was written has to reach a pipe before the process may end, unless its reader has enough.
if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain').catch(() => undefined);
process.exitCode = exitCode;
