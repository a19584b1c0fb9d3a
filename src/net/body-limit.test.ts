import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failure, startTestServer, type TestServer } from '../../test/harness/net/test-server.ts';
import { eventually } from '../../test/harness/pace.ts';
import { behave } from '../../test/harness/peers/git-hosts/hostile.ts';

let peer: TestServer;
beforeEach(async () => {
  peer = await startTestServer();
});
afterEach(() => peer.close());

const get = () => peer.clientWith().request({ url: peer.url() });

describe('a body that is too large', () => {
  // 2,000 times what the client takes.
  const blanks = Buffer.alloc(20_000_000, ' ');
  const twice = gzipSync(gzipSync(blanks));

  it.each([
    { encoding: 'gzip', body: gzipSync(blanks) },
    { encoding: 'x-gzip', body: gzipSync(blanks) },
    { encoding: 'deflate', body: deflateSync(blanks) },
    { encoding: 'deflate', body: deflateRawSync(blanks) },
    { encoding: 'br', body: brotliCompressSync(blanks) },
    { encoding: 'zstd', body: zstdCompressSync(blanks) },
    { encoding: 'gzip, gzip', body: twice },
  ])('is refused however small $encoding makes it', async ({ encoding, body }) => {
    expect(body.length).toBeLessThan(200_000);
    peer.handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding });
      response.end(body);
    };
    const grownBy: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      const before = process.memoryUsage().arrayBuffers;
      expect(await failure(get())).toMatchObject({ kind: 'TooLarge', requestSent: true });
      grownBy.push(process.memoryUsage().arrayBuffers - before);
    }
    // What others in this process allocate in the meantime does not come each time.
    expect(Math.min(...grownBy)).toBeLessThan(15_000_000);
  });

  it.each(['endless', 'bomb'] as const)('is not read to its end: %s', async (hostility) => {
    let sent = 0;
    peer.handler = (request, response) => {
      behave(response, hostility);
      response.once('close', () => {
        sent = request.socket.bytesWritten;
      });
    };
    expect(await failure(get())).toMatchObject({ kind: 'TooLarge' });
    await eventually(() => expect(sent).toBeGreaterThan(0));
    expect(sent).toBeLessThan(50_000_000);
  });

  it.each([
    { name: 'gzip', encoding: 'gzip', nothing: gzipSync('') },
    // An empty stored block that is not the last one: RFC 1951, 3.2.4.
    { name: 'deflate', encoding: 'deflate', nothing: Buffer.from('000000ffff', 'hex') },
  ])('is refused when $name has no end and nothing in it', async ({ encoding, nothing }) => {
    const blocks = Buffer.concat(Array<Buffer>(2000).fill(nothing));
    let sent = 0;
    peer.handler = (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding });
      const more = (): void => {
        sent = request.socket.bytesWritten;
        if (!response.destroyed) response.write(blocks, () => setImmediate(more));
      };
      more();
    };
    expect(await failure(get())).toMatchObject({ kind: 'TooLarge' });
    expect(sent).toBeLessThan(50_000_000);
  });

  it('is refused in too many wrappings, too', async () => {
    peer.handler = (_request, response) => {
      const encoding = Array(20).fill('gzip').join(', ');
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding });
      response.end(twice);
    };
    expect(await failure(get())).toMatchObject({ kind: 'Other', requestSent: true });
  });

  it.each([
    { name: 'in an encoding that it is not in', encoding: 'gzip', body: '{"a":1}' },
    { name: 'cut off within its encoding', encoding: 'gzip', body: gzipSync('{"a":1}').subarray(0, 12) },
  ])('or $name is no answer', async ({ encoding, body }) => {
    peer.handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding });
      response.end(body);
    };
    expect((await failure(get())).requestSent).toBe(true);
  });
});
