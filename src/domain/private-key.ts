import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { bounds } from '../lib/bounds.ts';
import { type DerElement, derTag, integerBits, readDer } from '../lib/der.ts';
import { decodeBase64 } from '../lib/pem.ts';

/** A GitHub App key that is fit for use, in the one form that is sent on. */
export interface PrivateKey {
  /** PKCS#1 PEM, as GitHub hands it out, wrapped at 64 columns, with a final newline. */
  pem: string;
  /** `SHA256:<base64>` of the public part, as GitHub shows it beside each key of an App. */
  fingerprint: string;
}

/** Why a value cannot be used: a sentence and a hint, neither of which holds a byte of the value. */
interface Fault {
  sentence: string;
  hint: string;
}

/** Either the value or the fault, never both. */
export type Checked<T> = { value: T } | { fault: Fault };

const wholeFile = 'Store the whole .pem file that GitHub gave you, with its BEGIN and END lines.';
const newKey = 'Generate a new key on the settings page of the App.';
const { maxBytes, minModulusBits, maxModulusBits, maxExponentBits } = bounds.privateKey;
/** rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017, appendix A.1), as DER. */
const rsaEncryption = Buffer.from('2a864886f70d010101', 'hex');

/**
 * Reads a GitHub App private key in the forms in which people store it: with CRLF, with literal `\n`, on one line,
 * indented, wrapped in base64 once more, with text around it. What cannot be repaired is named.
 *
 * Everything that makes a key expensive is read from its encoding before a crypto library sees it: its size, its kind,
 * the lengths of its numbers. A key of a kind that is not RSA may contain parameters that take minutes to compute with.
 *
 * No network is needed to find any of these faults. GitHub issues RSA keys of 2048 bits:
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/managing-private-keys-for-github-apps
 */
export function readPrivateKey(raw: string): Checked<PrivateKey> {
  if (raw.length > maxBytes)
    return fault(`The private key is larger than ${maxBytes / 1024} KiB.`, wholeFile);
  const text = unwrap(raw);
  const begin = /-----BEGIN ([A-Z0-9 ]{1,64})-----/.exec(text);
  const label = begin?.[1];
  if (!label) return fault('The private key has no BEGIN line.', wholeFile);

  const refused = refusedLabel(label);
  if (refused) return { fault: refused };

  const bodyAt = begin.index + begin[0].length;
  const end = text.indexOf(`-----END ${label}-----`, bodyAt);
  if (end < 0) return fault('The private key has no END line: it was cut off.', wholeFile);

  const body = text.slice(bodyAt, end);
  if (body.includes('ENCRYPTED')) return { fault: encrypted };
  return parse(body);
}

function parse(base64: string): Checked<PrivateKey> {
  const der = decodeBase64(base64);
  const found = der ? rsaKeyOf(der) : damaged;
  if ('fault' in found) return found;

  const refused = tooCostly(found.value) ?? inconsistent(found.value);
  if (refused) return { fault: refused };
  return readByOpenSsl(found.value.der);
}

/** An RSAPrivateKey (RFC 8017, appendix A.1.2), whatever it was wrapped in. The numbers are contents of INTEGERs. */
interface RsaKey {
  der: Uint8Array;
  numbers: Record<'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi', Uint8Array>;
}

/** Finds the RSAPrivateKey in a key file: PKCS#1, which it is, or PKCS#8 (RFC 5958), which wraps it. */
function rsaKeyOf(der: Uint8Array): Checked<RsaKey> {
  const [, second, third] = sequence(der);
  if (second?.tag !== derTag.sequence) return pkcs1Of(der);
  const [algorithm] = readDer(second.content, 2) ?? [];
  if (algorithm?.tag !== derTag.oid || third?.tag !== derTag.octetString) return damaged;
  return rsaEncryption.equals(algorithm.content) ? pkcs1Of(third.content) : notRsa;
}

function pkcs1Of(der: Uint8Array): Checked<RsaKey> {
  const [version, n, e, d, p, q, dp, dq, qi, more] = sequence(der);
  if (!version || !n || !e || !d || !p || !q || !dp || !dq || !qi) return damaged;
  if (more) return fault('The private key has more than two prime factors.', newKey);
  const parts = [version, n, e, d, p, q, dp, dq, qi];
  if (parts.some(({ tag, content }) => tag !== derTag.integer || integerBits(content) === undefined))
    return damaged;
  const numbers = {
    n: n.content,
    e: e.content,
    d: d.content,
    p: p.content,
    q: q.content,
    dp: dp.content,
    dq: dq.content,
    qi: qi.content,
  };
  return { value: { der, numbers } };
}

/** The elements of a SEQUENCE that is all there is; none for anything else. No key has more than ten. */
function sequence(der: Uint8Array): DerElement[] {
  const [outer] = readDer(der, 1) ?? [];
  return (outer?.tag === derTag.sequence && readDer(outer.content, 10)) || [];
}

/** Computing with the key costs as much as its numbers are long. */
function tooCostly({ numbers }: RsaKey): Fault | undefined {
  const lengthOf = (number: Uint8Array): number => integerBits(number) ?? Number.POSITIVE_INFINITY;
  const bits = lengthOf(numbers.n);
  if (bits < minModulusBits || bits > maxModulusBits)
    return {
      sentence: `The private key has ${bits} bits. From ${minModulusBits} to ${maxModulusBits} are accepted; GitHub issues keys of ${minModulusBits}.`,
      hint: newKey,
    };
  if (lengthOf(numbers.e) > maxExponentBits)
    return {
      sentence: `The private key has a public exponent of more than ${maxExponentBits} bits.`,
      hint: newKey,
    };
  return Object.values(numbers).some((number) => lengthOf(number) > bits) ? mismatch : undefined;
}

/**
 * Whether the parts of an RSA key are those of one key (RFC 8017, section 3.2). OpenSSL decodes a key in which a
 * character was exchanged and signs wrongly with it, while CodeMie's library refuses it.
 */
function inconsistent({ numbers }: RsaKey): Fault | undefined {
  const number = (content: Uint8Array): bigint => BigInt(`0x0${Buffer.from(content).toString('hex')}`);
  const [n, e, d] = [number(numbers.n), number(numbers.e), number(numbers.d)];
  const [p, q] = [number(numbers.p), number(numbers.q)];
  const consistent =
    [e, p, q].every((odd) => odd >= 3n && odd % 2n === 1n) &&
    p * q === n &&
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    number(numbers.dp) === d % (p - 1n) &&
    number(numbers.dq) === d % (q - 1n) &&
    (number(numbers.qi) * q) % p === 1n;
  return consistent ? undefined : mismatch;
}

function readByOpenSsl(der: Uint8Array): Checked<PrivateKey> {
  try {
    const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs1' });
    const publicPart = createPublicKey(key).export({ type: 'spki', format: 'der' });
    const digest = createHash('sha256').update(publicPart).digest('base64');
    const pem = key.export({ type: 'pkcs1', format: 'pem' }).toString();
    return { value: { pem, fingerprint: `SHA256:${digest}` } };
  } catch {
    // The library's own error is dropped on purpose: ours is clearer and cannot quote the key.
    return damaged;
  }
}

/** Undoes what tools do to a PEM on its way into a Secret. */
function unwrap(raw: string): string {
  const text = raw
    .replace(/^\uFEFF/, '')
    .replaceAll('\\r', '')
    .replaceAll('\\n', '\n')
    .trim();
  if (text.includes('-----BEGIN') || !/^[A-Za-z0-9+/=\s]+$/.test(text)) return text;
  const decoded = Buffer.from(text, 'base64').toString('utf8');
  return decoded.includes('-----BEGIN') ? decoded : text;
}

const damaged = fault('The private key is damaged: it cannot be decoded.', wholeFile);
const notRsa = fault('The private key is not an RSA key, and GitHub Apps sign with RSA.', wholeFile);
const mismatch: Fault = {
  sentence: 'The private key is damaged: its parts do not belong together.',
  hint: wholeFile,
};
const encrypted: Fault = {
  sentence: 'The private key is encrypted with a passphrase.',
  hint: 'Store it without a passphrase: openssl rsa -in key.pem -out plain.pem.',
};

function refusedLabel(label: string): Fault | undefined {
  if (label === 'RSA PRIVATE KEY' || label === 'PRIVATE KEY') return undefined;
  if (label === 'ENCRYPTED PRIVATE KEY') return encrypted;
  if (label === 'OPENSSH PRIVATE KEY')
    return {
      sentence: 'The private key is in OpenSSH format.',
      hint: 'Use the .pem file of the App, or convert it: ssh-keygen -p -m PEM -f key.',
    };
  if (label.endsWith('PUBLIC KEY'))
    return { sentence: 'The Secret holds a public key instead of the private key.', hint: wholeFile };
  if (label === 'CERTIFICATE')
    return { sentence: 'The Secret holds a certificate instead of the private key.', hint: wholeFile };
  if (label === 'EC PRIVATE KEY') return notRsa.fault;
  return { sentence: 'The private key is of a kind that GitHub Apps do not use.', hint: wholeFile };
}

function fault(sentence: string, hint: string): { fault: Fault } {
  return { fault: { sentence, hint } };
}
