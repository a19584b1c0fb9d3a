import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The wire between a client and an API server, where it can be measured and held. */
export interface Relay {
  /** The kubeconfig of the API server, by way of the relay. */
  kubeconfigPath: string;
  /** Connections made so far. */
  readonly connections: number;
  /** Connections that are open now. */
  readonly open: number;
  /** Bytes that came from the server so far. */
  readonly receivedBytes: number;
  /** From now on nothing passes, in either direction, and nothing is refused: as a network that drops packets. */
  hold(): void;
  /** What was held goes on. */
  release(): void;
  /** Ends all connections; new ones can be made at once. */
  cut(): void;
  close(): Promise<void>;
}

interface Pair {
  client: Socket;
  server: Socket;
}

/** Starts a relay on a free port of 127.0.0.1 to the API server that a kubeconfig names. */
export async function startRelay(kubeconfigPath: string): Promise<Relay> {
  const text = await readFile(kubeconfigPath, 'utf8');
  const target = /https:\/\/127\.0\.0\.1:(\d+)/.exec(text);
  if (!target) throw new Error(`${kubeconfigPath} names no API server of this machine.`);
  const pairs = new Set<Pair>();
  let connections = 0;
  let receivedBytes = 0;
  let isHeld = false;

  const unite = ({ client, server }: Pair): void => {
    client.pipe(server);
    server.pipe(client);
  };
  const part = ({ client, server }: Pair): void => {
    client.unpipe(server).pause();
    server.unpipe(client).pause();
  };

  const cut = (): void => {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
  };

  const listener = createServer({ noDelay: true }, (client) => {
    const server = connect({ port: Number(target[1]), host: '127.0.0.1', noDelay: true });
    const pair = { client, server };
    connections += 1;
    pairs.add(pair);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        pairs.delete(pair);
        other.destroy();
      });
    }
    server.on('data', (chunk: Buffer) => {
      receivedBytes += chunk.length;
    });
    if (isHeld) part(pair);
    else unite(pair);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', resolve);
  });
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('A listener on TCP has a port.');
  const folder = await mkdtemp(join(tmpdir(), 'relay-'));
  const relayed = join(folder, 'kubeconfig');
  await writeFile(relayed, text.replace(target[0], `https://127.0.0.1:${address.port}`), { mode: 0o600 });

  return {
    kubeconfigPath: relayed,
    get connections() {
      return connections;
    },
    get open() {
      return pairs.size;
    },
    get receivedBytes() {
      return receivedBytes;
    },
    hold() {
      isHeld = true;
      for (const pair of pairs) part(pair);
    },
    release() {
      isHeld = false;
      for (const pair of pairs) unite(pair);
    },
    cut,
    async close() {
      listener.close();
      cut();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
