import { decodeBase64 } from '../lib/pem.ts';
import { decodePem, type Stored } from './stored-text.ts';

/** What a Secret holds where a file in PEM is expected: the text with the wrappings of tools undone, or a binary file. */
export type PemText = { text: string } | { bytes: Uint8Array; clause: string };

/** A file in base64, in base64 again: more layers than two were never reported. */
const mostLayers = 4;

/**
 * Undoes what tools do to a file in PEM on its way into a Secret: encodings of Windows, base64, line breaks that were
 * escaped once or several times, JSON's and URLs' ways to write characters. Text around the blocks stays, it does not
 * matter.
 */
export function unwrapPem(raw: Uint8Array): PemText {
  let bytes = raw;
  for (let layer = 0; ; layer++) {
    const stored: Stored = decodePem(bytes);
    if ('binary' in stored) return { bytes, clause: stored.binary };
    const text = unescapeText(stored.text).trim();
    if (layer === mostLayers || text.includes('-----BEGIN') || text === '') return { text };
    const decoded = decodeBase64(text) ?? decodeBase64(text.replaceAll('-', '+').replaceAll('_', '/'));
    // A word may be base64 by chance: what comes of it has to be a file.
    if (decoded === undefined || !isFile(decoded)) return { text };
    bytes = decoded;
  }
}

function isFile(bytes: Uint8Array): boolean {
  if (isDer(bytes)) return true;
  const stored = decodePem(bytes);
  if ('binary' in stored) return false;
  return (
    stored.text.includes('BEGIN') || (stored.text.length >= 64 && decodeBase64(stored.text) !== undefined)
  );
}

/** Whether bytes begin as a SEQUENCE of some length, which all keys and certificates in DER do (X.690, 8.1.3). */
export function isDer(bytes: Uint8Array): boolean {
  return bytes.length > 64 && bytes[0] === 0x30 && ((bytes[1] ?? 0) & 0xf0) === 0x80;
}

function unescapeText(text: string): string {
  const plain = /-----BEGIN(%20|\+)|%0[AaDd]/.test(text) ? decodeUrl(text) : text;
  if (!plain.includes('\\')) return plain;
  const [first = '', ...rest] = plain.split('\\');
  return first + rest.map((part, index) => unescapePart(part, index === rest.length - 1)).join('');
}

/** What a backslash and the text behind it, up to the next one, stand for. However often it was escaped. */
function unescapePart(part: string, isLast: boolean): string {
  if (part === '' && !isLast) return '';
  if (part.startsWith('r')) return part.slice(1);
  if (part.startsWith('n')) return `\n${part.slice(1)}`;
  const [escape, hex = ''] = /^u00([0-7][0-9a-fA-F])/.exec(part) ?? [];
  if (escape) return String.fromCharCode(Number.parseInt(hex, 16)) + part.slice(escape.length);
  return /^[/\r\n"']/.test(part) ? part : `\\${part}`;
}

function decodeUrl(text: string): string {
  try {
    // A form writes blanks as plus signs, and plus signs as %2B.
    const isForm = /-----BEGIN\+/.test(text);
    return decodeURIComponent(isForm ? text.replaceAll('+', ' ') : text);
  } catch {
    return text;
  }
}
