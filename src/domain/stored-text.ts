/** What the bytes of a Secret or ConfigMap turned out to be: a text, or a file that is none. */
export type Stored =
  | { text: string }
  /** A clause that says what it is: `is a ZIP archive`. */
  | { binary: string };

/**
 * Reads bytes as the text that an editor shows. Windows writes UTF-16, with a byte order mark or without one, UTF-32
 * with a mark, and UTF-8 with a mark; all of them are one text. What is no text is named by its first bytes.
 */
export function decodeStored(bytes: Uint8Array): Stored {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const signature = signatures.find(({ magic }) => buffer.subarray(0, magic.length).equals(magic));
  if (signature) return { binary: signature.clause };
  const wide = utf32Of(buffer) ?? utf16Of(buffer);
  if (wide !== undefined) return { text: wide };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(buffer) };
  } catch {
    return { binary: notText };
  }
}

/**
 * As {@link decodeStored}, for files in PEM: their comments may be in an encoding of one byte per character, such as
 * Latin-1, and everything that counts is ASCII.
 */
export function decodePem(bytes: Uint8Array): Stored {
  const stored = decodeStored(bytes);
  if ('text' in stored || stored.binary !== notText) return stored;
  const latin = Buffer.from(bytes).toString('latin1');
  return latin.includes('-----BEGIN') ? { text: latin } : stored;
}

const notText = 'is not text';

/** Files that people store by mistake, by how they begin. DER is left to those who expect keys and certificates. */
const signatures: { magic: Buffer; clause: string }[] = [
  // https://github.com/AGWA/git-crypt
  { magic: Buffer.from('\0GITCRYPT\0', 'latin1'), clause: 'is still encrypted by git-crypt' },
  { magic: Buffer.from('age-encryption.org/'), clause: 'is still encrypted by age' },
  { magic: Buffer.from([0x1f, 0x8b]), clause: 'is a gzip archive' },
  { magic: Buffer.from('PK\u0003\u0004', 'latin1'), clause: 'is a ZIP archive' },
  { magic: Buffer.from([0xfe, 0xed, 0xfe, 0xed]), clause: 'is a Java keystore' },
];

/** With its mark, as `Out-File -Encoding utf32` writes it, which looks like UTF-16 that begins with a zero. */
function utf32Of(buffer: Buffer): string | undefined {
  if (buffer.length < 4 || buffer.length % 4 !== 0) return undefined;
  const isLittle = buffer.readUInt32LE(0) === 0xfeff;
  if (!isLittle && buffer.readUInt32BE(0) !== 0xfeff) return undefined;
  let text = '';
  for (let at = 4; at < buffer.length; at += 4) {
    const code = isLittle ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at);
    if (code > 0x10ffff) return undefined;
    text += String.fromCodePoint(code);
  }
  return text.isWellFormed() ? text : undefined;
}

function utf16Of(buffer: Buffer): string | undefined {
  const [first = 0, second = 0] = buffer;
  if (buffer.length < 2 || buffer.length % 2 !== 0) return undefined;
  if (first === 0xff && second === 0xfe) return wellFormed(buffer.subarray(2));
  if (first === 0xfe && second === 0xff) return wellFormed(swapped(buffer.subarray(2)));
  // Without a mark: ASCII in which every other byte is zero.
  if (buffer.length < 4) return undefined;
  const zeroes = (from: number): boolean => buffer.every((byte, at) => (at % 2 === from) === (byte === 0));
  if (zeroes(1)) return buffer.toString('utf16le');
  return zeroes(0) ? swapped(buffer).toString('utf16le') : undefined;
}

function swapped(buffer: Buffer): Buffer {
  return Buffer.from(buffer).swap16();
}

function wellFormed(buffer: Buffer): string | undefined {
  const text = buffer.toString('utf16le');
  return text.isWellFormed() ? text : undefined;
}
