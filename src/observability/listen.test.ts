import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../test/harness/pace.ts';
import { type Listening, listen } from './listen.ts';
import { makeSelfSigned } from './self-signed.ts';

const at = { host: '127.0.0.1', port: 0 };
const now = Date.now();
let server: Listening;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
});

const target = () => {
  const { hostname: host, port } = new URL(`http://${server.address}`);
  return { host, port: Number(port) };
};

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(target(), () => resolve(socket));
    sockets.push(socket);
    socket.on('error', reject);
  });
}

/** The fingerprint of the certificate that is presented. */
function fingerprint(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ ...target(), rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe('a server that anybody reaches', () => {
  it('answers new clients while others hold connections open and send nothing', async () => {
    server = await listen((_, response) => void response.end('here'), at);
    // One after the other, so that it is known which came first.
    for (let count = 0; count < 300; count += 1) {
      const socket = await open();
      socket.on('error', () => {});
    }
    const answer = await fetch(`http://${server.address}/`);
    expect(await answer.text()).toBe('here');
    await eventually(() =>
      expect(sockets.filter((socket) => !socket.closed).length).toBeLessThanOrEqual(128),
    );
  });

  it('refuses headers that are too long', async () => {
    server = await listen((_, response) => void response.end('here'), at);
    const headers = { authorization: `Bearer ${'x'.repeat(20_000)}` };
    expect((await fetch(`http://${server.address}/`, { headers })).status).toBe(431);
  });

  it('ends the connection of one who does not finish the headers', { timeout: 20_000 }, async () => {
    server = await listen((_, response) => void response.end('here'), at);
    const socket = await open();
    const drip = setInterval(() => socket.write('x'), 200);
    socket.on('error', () => {});
    socket.write('GET /metrics HTTP/1.1\r\nx-drip: ');
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(drip);
    expect(socket.destroyed).toBe(true);
  });
});

it('says which address is taken, and which flags choose another', async () => {
  server = await listen((_request, response) => response.end(), at);
  await expect(listen(() => {}, target())).rejects.toThrow(
    `Can't listen at ${server.address}. Another program listens there: choose another address with --metrics-address or --probe-address.`,
  );
});

describe('a server with TLS', () => {
  it('presents another certificate without a new start', async () => {
    const [first, second] = [await makeSelfSigned('a', now), await makeSelfSigned('b', now)];
    server = await listen((_, response) => void response.end('here'), at, first);
    const before = await fingerprint();
    server.setCertificate(second);
    expect(await fingerprint()).not.toBe(before);
  });
});
