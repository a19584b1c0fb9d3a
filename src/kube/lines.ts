import { bounds } from '../lib/bounds.ts';

/** A line holds one object and little else. */
const maxLineBytes = bounds.kubeObject.maxBytes + 64 * 1024;

/**
 * Splits a byte stream at newlines. It cuts bytes, not text, so a character that arrives in two chunks stays
 * whole. A last line without its newline is dropped: the stream broke in the middle of it.
 *
 * @throws RangeError when a line does not end
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      pending.push(chunk.subarray(start, end));
      const line = Buffer.concat(pending);
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (!isBlank(line)) yield line;
    }
    if (start < chunk.length) {
      pending.push(chunk.subarray(start));
      pendingBytes += chunk.length - start;
      if (pendingBytes > maxLineBytes) throw new RangeError('A line of the stream is too long.');
    }
  }
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);
}
