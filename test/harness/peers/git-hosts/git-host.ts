import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Peer } from '../peer.ts';
import type { Clock } from './clock.ts';
import { type Answer, type Question, readQuestion, send } from './exchange.ts';
import { createFaultList, type Fault, faultAnswer } from './faults.ts';
import { behave } from './hostile.ts';

/** What every Git host of the harness lets a test do, besides what is special to it. */
export interface GitHostControls {
  /** Orders a fault for the next matching request(s), in the order given. */
  failNext(fault: Fault): void;
  clearFaults(): void;
  /** Replaces the host's clock, epoch ms; it dates answers and decides what has expired. */
  setClock(now: () => number): void;
}

export interface GitHostOptions {
  name: string;
  hosts: readonly string[];
  clock: Clock;
  /** The usual answer. */
  answer(question: Question): Answer | Promise<Answer>;
  /** Stops what the host runs in the background. */
  close?(): Promise<void>;
}

/**
 * The part that GitHub, GitLab and Bitbucket have in common: ordered faults first, else the host's own
 * answer. A mistake in a host answers 500 with its message, so that a test that meets it can be read.
 */
export function createGitHost(options: GitHostOptions): Peer & GitHostControls {
  const faults = createFaultList();
  const closing = new AbortController();
  const { clock } = options;

  async function handle(question: Question, response: ServerResponse): Promise<void> {
    const fault = faults.take(question);
    if (fault?.delayMs !== undefined) {
      await delay(fault.delayMs, undefined, { signal: closing.signal });
    }
    if (fault?.reset === true) {
      response.destroy();
      return;
    }
    if (fault?.hang === true) {
      closing.signal.addEventListener('abort', () => response.destroy(), { once: true });
      return;
    }
    if (fault?.hostile !== undefined) {
      behave(response, fault.hostile);
      return;
    }
    send(response, (fault && faultAnswer(fault)) ?? (await options.answer(question)), clock.now());
  }

  return {
    name: options.name,
    hosts: options.hosts,
    requests: [],
    handler(request, response) {
      handle(readQuestion(request), response).catch((error: unknown) => {
        if (closing.signal.aborted || response.headersSent) {
          response.destroy();
        } else {
          send(response, { status: 500, body: `${options.name} peer: ${String(error)}` }, clock.now());
        }
      });
    },
    failNext: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    setClock: (now) => clock.set(now),
    async close() {
      closing.abort();
      await options.close?.();
    },
  };
}
