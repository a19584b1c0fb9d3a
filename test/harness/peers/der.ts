/**
 * The few ASN.1 types a certificate consists of, in DER (ITU-T X.690). Node's crypto makes keys and
 * signatures but no certificates.
 */
export type Der = Buffer;

const universal = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Any value: tag, length, contents. */
export function value(tag: number, ...contents: Buffer[]): Der {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOctets(content.length), content]);
}

export const sequence = (...items: Der[]): Der => value(universal.sequence, ...items);
export const set = (...items: Der[]): Der => value(universal.set, ...items);
export const octetString = (bytes: Buffer): Der => value(universal.octetString, bytes);
export const utf8String = (text: string): Der => value(universal.utf8String, Buffer.from(text, 'utf8'));
export const boolean = (truth: boolean): Der => value(universal.boolean, Buffer.from([truth ? 0xff : 0]));

/** An unsigned integer, big-endian; a zero octet is added where the sign bit would be set. */
export function integer(bytes: Buffer): Der {
  const positive = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return value(universal.integer, positive);
}

/** A bit string; `unusedBits` are the bits of the last octet that don't count. */
export const bitString = (bytes: Buffer, unusedBits = 0): Der =>
  value(universal.bitString, Buffer.from([unusedBits]), bytes);

/** An object identifier from its dotted form, `2.5.29.17`. */
export function objectIdentifier(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return value(universal.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** RFC 5280, 4.1.2.5: two-digit years until 2049, four digits after; whole seconds, UTC. */
export function time(date: Date): Der {
  const digits = `${date.toISOString().replace(/\.\d+Z$|[-:T]/g, '')}Z`;
  return date.getUTCFullYear() < 2050
    ? value(universal.utcTime, Buffer.from(digits.slice(2)))
    : value(universal.generalizedTime, Buffer.from(digits));
}

/** `-----BEGIN label-----`, lines of 64 characters. */
export function pem(label: string, bytes: Der): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function lengthOctets(length: number): Buffer {
  if (length < 0x80) {
    return Buffer.from([length]);
  }
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) {
    octets.unshift(rest % 256);
  }
  return Buffer.from([0x80 | octets.length, ...octets]);
}

function base128(arc: number): number[] {
  const octets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    octets.unshift(0x80 | (rest % 128));
  }
  return octets;
}
