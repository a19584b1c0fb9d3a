import { fork } from 'node:child_process';
import { z } from 'zod';
import { type PeersCall, peersReply, peersStarted, peersTraffic } from './peers-protocol.ts';

/** The servers around the cluster, as a separate process. */
export interface Peers extends z.infer<typeof peersStarted> {
  pid: number;
  addToken(token: string): Promise<void>;
  /** How many integrations of CodeMie hold the token. */
  countRows(token: string): Promise<number>;
  /** Requests since the last time, by `METHOD host path`. */
  takeTraffic(): Promise<z.infer<typeof peersTraffic>>;
  stop(): Promise<void>;
}

const script = new URL('./peers.ts', import.meta.url);

/** Starts the process. @param createsPerSecond of CodeMie @throws Error when it exits */
export async function startPeers(
  clientSecret: string,
  projects: readonly string[],
  createsPerSecond?: number,
): Promise<Peers> {
  const child = fork(script, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  let calls = 0;
  child.on('message', (message) => {
    const { id, result } = peersReply.parse(message);
    waiting.get(id)?.resolve(result);
    waiting.delete(id);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      for (const { reject } of waiting.values()) reject(new Error('The peers ended.'));
      resolve();
    });
  });

  const ask = (call: PeersCall): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = calls++;
      waiting.set(id, { resolve, reject });
      child.send({ id, call }, (error) => error && reject(error));
    });

  const started = await ask({ name: 'start', clientSecret, projects: [...projects], createsPerSecond });
  return {
    pid: child.pid ?? 0,
    ...peersStarted.parse(started),
    async addToken(token) {
      await ask({ name: 'addToken', token });
    },
    countRows: async (token) => z.number().parse(await ask({ name: 'countRows', token })),
    takeTraffic: async () => peersTraffic.parse(await ask({ name: 'takeTraffic' })),
    async stop() {
      child.disconnect();
      await ended;
    },
  };
}
