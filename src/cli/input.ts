import { createReadStream, readFileSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { CliError, type Io, printable } from './io.ts';

/** Manifests, keys and tokens are smaller; more is a mistake. */
const maxInputBytes = 32 * 1024 * 1024;

/** How messages call standard input. */
export const stdinName = '<stdin>';

/** A path as messages call it. */
export function shownPath(path: string): string {
  return path === '-' ? stdinName : printable(path);
}

/**
 * Reads a file as text, or standard input for `-`.
 *
 * @throws CliError where it can't be read, is too large or is not text
 */
export async function readInput(path: string, io: Pick<Io, 'stdin'>): Promise<string> {
  if (path === '-') return decodeText(await io.stdin(), 'Standard input');
  return decodeText(await readFileBounded(path), `The file ${printable(path)}`);
}

/** The bytes of a file, a pipe or a device, at most 32 MiB. @throws CliError for more, and where it can't be read */
export async function readFileBounded(path: string): Promise<Buffer> {
  const what = `The file ${printable(path)}`;
  try {
    const found = await stat(path);
    // Pipes and devices have no size.
    if (!found.isFile()) return await readBounded(createReadStream(path), what);
    if (found.size > maxInputBytes) throw tooLarge(what);
    return await readFile(path);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw unreadable(what);
  }
}

/**
 * The bytes of a regular file, at most 32 MiB. Of thousands of small files each is read several times faster than by
 * {@link readFileBounded}, which goes through the thread pool for every step.
 *
 * @throws CliError for more, and where it can't be read
 */
export function readRegularFile(path: string): Buffer {
  const what = `The file ${printable(path)}`;
  try {
    if (statSync(path).size > maxInputBytes) throw tooLarge(what);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw unreadable(what);
  }
}

/** The bytes of a stream, at most 32 MiB. @throws CliError for more */
export async function readBounded(stream: AsyncIterable<Uint8Array>, what: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxInputBytes) throw tooLarge(what);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function unreadable(what: string): CliError {
  return new CliError(`${what} can't be read.`, 'Check its path and permissions.');
}

function tooLarge(what: string): CliError {
  return new CliError(`${what} is larger than 32 MiB.`, 'Split it, or check that it is a manifest.');
}

/**
 * Bytes as text: UTF-8, or UTF-16 where a byte order mark says so, which is how PowerShell redirects. The mark is
 * removed.
 *
 * @throws CliError for other bytes
 */
export function decodeText(bytes: Uint8Array, what: string): string {
  const [first, second] = bytes;
  const utf16 = first === 0xff && second === 0xfe ? 'utf-16le' : undefined;
  const encoding = first === 0xfe && second === 0xff ? 'utf-16be' : (utf16 ?? 'utf-8');
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new CliError(`${what} is not text in UTF-8.`, 'Check that it is a manifest, and save it as UTF-8.');
  }
}
