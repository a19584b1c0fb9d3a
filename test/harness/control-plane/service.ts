import { readFile } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { startPatience } from '../pace.ts';
import { type ManagedProcess, startProcess } from './processes.ts';

/** How long one program may take until it is ready, on a quiet machine. */
const readyTimeoutMs = 90_000;

/** What to run, and how to see that it works. */
export interface ServiceOptions {
  name: string;
  command: string;
  args: string[];
  logFile: string;
  /** A folder that is removed if our own process dies without having stopped the service. */
  removeIfOrphaned?: string;
  /** As in ControlPlaneOptions. */
  gcPercent?: number;
  ready: () => Promise<boolean>;
}

/** A program that can be killed and started again with the same arguments. */
export interface Service {
  /** Starts it, unless it runs, and waits until it is ready. Throws when it ends before or takes too long. */
  start: (signal?: AbortSignal) => Promise<void>;
  /** Ends it in good order, by force after 10 seconds. */
  stop: () => Promise<void>;
  /** Ends it at once, without a chance to finish anything. */
  kill: () => Promise<void>;
}

/** Makes a service that is not started yet. */
export function createService(options: ServiceOptions): Service {
  const { name, command, args, logFile, removeIfOrphaned, gcPercent, ready } = options;
  let current: ManagedProcess | undefined;
  return {
    async start(signal) {
      if (current?.running()) return;
      const env = {
        PATH: process.env['PATH'] ?? '',
        ...(gcPercent !== undefined && { GOGC: String(gcPercent) }),
      };
      const orphan = removeIfOrphaned === undefined ? {} : { removeIfOrphaned };
      const started = await startProcess({ name, command, args, env, output: logFile, ...orphan });
      current = started;
      const isOver = startPatience(readyTimeoutMs);
      while (!(await ready())) {
        signal?.throwIfAborted();
        if (!started.running()) {
          throw new Error(`${name} ended before it was ready. ${await lastWords(logFile)}`);
        }
        if (isOver()) {
          throw new Error(`${name} was not ready within ${readyTimeoutMs / 1_000} s. See ${logFile}`);
        }
        await sleep(50);
      }
    },
    async stop() {
      await current?.stop();
    },
    async kill() {
      await current?.kill();
    },
  };
}

/** What an HTTPS request shows and trusts: PEM texts. */
export interface TlsOptions {
  ca: string;
  cert: string;
  key: string;
}

/** Whether a GET of `url` is answered with 200 within two seconds. */
export async function answersOk(url: string, tls?: TlsOptions): Promise<boolean> {
  return await new Promise((resolve) => {
    const options = { agent: false as const, timeout: 2_000, ...tls };
    const request = tls === undefined ? requestHttp(url, options) : requestHttps(url, options);
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
    request.on('close', () => resolve(false));
    request.end();
  });
}

/** Why a program says that it ended, by its log: for users. */
export async function lastWords(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.trim().split('\n');
  // What a program logs before it panics says more than the panic, and that more than the end of its stack.
  const logged = lines.map(fatalEntry).findLast((entry) => entry !== undefined);
  const fatal = lines.findLast((line) => /^panic: |^F\d{4} /.test(line));
  return `Its last words were: ${logged ?? fatal ?? lines.at(-1) ?? ''}`;
}

const logEntry = z.object({
  level: z.enum(['fatal', 'panic']),
  msg: z.string(),
  error: z.string().optional(),
});

/** Message and error of a line of a JSON log, if it is the last that its program could write. */
function fatalEntry(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const { data } = logEntry.safeParse(JSON.parse(line));
    return data && [data.msg, data.error].filter(Boolean).join(': ');
  } catch {
    return undefined;
  }
}
