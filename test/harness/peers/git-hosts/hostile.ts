import type { ServerResponse } from 'node:http';
import { createGzip } from 'node:zlib';

/**
 * - `dripHead`, `dripBody`: one byte now and then, forever ("slow loris"); with the head, an answer never begins.
 * - `endless`: a body of 100 MB, as fast as it is read. `bomb`: the same, which gzip makes small on the way.
 * - `cut`: half of the body that was announced, then the connection is reset.
 */
export type Hostility = 'dripHead' | 'dripBody' | 'endless' | 'bomb' | 'cut';

const bytes = 100_000_000;
const dripMs = 10;

/** Behaves so until the client has had enough. */
export function behave(response: ServerResponse, hostility: Hostility): void {
  const json = { 'content-type': 'application/json' };
  switch (hostility) {
    case 'dripHead':
      response.socket?.write('HTTP/1.1 200 OK\r\nX-Drip: ');
      drip(response, () => response.socket?.write('x'));
      return;
    case 'dripBody':
      response.writeHead(200, json).write('[');
      drip(response, () => response.write(' '));
      return;
    case 'endless':
      response.writeHead(200, { ...json, 'content-length': bytes });
      pour(response);
      return;
    case 'bomb': {
      const gzip = createGzip();
      response.writeHead(200, { ...json, 'content-encoding': 'gzip' });
      response.once('close', () => gzip.destroy());
      gzip.pipe(response);
      pour(gzip);
      return;
    }
    case 'cut':
      response.writeHead(200, { ...json, 'content-length': 100 });
      response.write('{"id":', () => response.socket?.destroy());
  }
}

function drip(response: ServerResponse, write: () => void): void {
  const timer = setInterval(write, dripMs);
  response.once('close', () => clearInterval(timer));
}

/** Writes blanks, which no parser of JSON minds, as fast as they are taken. */
function pour(stream: NodeJS.WritableStream): void {
  const chunk = Buffer.alloc(100_000, ' ');
  let left = bytes;
  const more = (): void => {
    while (left > 0) {
      left -= chunk.length;
      if (!stream.write(chunk)) return void stream.once('drain', more);
    }
    stream.end();
  };
  stream.on('error', () => {
    left = 0;
  });
  more();
}
