import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { bounds } from '../lib/bounds.ts';
import { type DerElement, derTag, integerBits, readDer } from '../lib/der.ts';
import { decodeBase64 } from '../lib/pem.ts';
import type { Mistake } from './known-mistake.ts';
import { findMistake } from './mistaken-value.ts';
import { isDer, unwrapPem } from './pem-text.ts';
import { tokenForm } from './token-form.ts';

/** A GitHub App key that is fit for use, in the one form that is sent on. */
export interface PrivateKey {
  /** PKCS#1 PEM, as GitHub hands it out, wrapped at 64 columns, with a final newline. */
  pem: string;
  /** `SHA256:<base64>` of the public part, as GitHub shows it next to each key of an App. */
  fingerprint: string;
}

/** Why a value cannot be used: a sentence and a hint, neither of which holds a byte of the value. */
interface Fault {
  sentence: string;
  hint: string;
  /** Nothing is there yet, and another controller may be about to write it. */
  mayBeFilled?: boolean;
}

/** Either the value or the fault, never both. */
export type Checked<T> = { value: T } | { fault: Fault };

/** As {@link Checked}, with what is wrong as a clause that follows the name of the value. */
type Read<T> = { value: T } | { fault: Mistake };

const wholeFile = 'Store the whole .pem file that GitHub gave you, with its BEGIN and END lines.';
const newKey = 'Generate a new key on the settings page of the App.';
const { maxBytes, minModulusBits, maxModulusBits, maxExponentBits } = bounds.privateKey;
/** rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017, appendix A.1), as DER. */
const rsaEncryption = Buffer.from('2a864886f70d010101', 'hex');

/**
 * Reads a GitHub App private key in the forms in which people store it: with CRLF, in UTF-16, with line breaks that were
 * escaped, on one line, indented, wrapped in base64 once more, in DER, with text around it. What cannot be repaired is
 * named.
 *
 * All that a key's cost depends on is read from its encoding before a crypto library sees it: its size, its kind,
 * the lengths of its numbers. A key of a kind that is not RSA may contain parameters that take minutes to compute with.
 *
 * No network is needed to find any of these faults. GitHub issues RSA keys of 2048 bits:
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/managing-private-keys-for-github-apps
 *
 * @param name how sentences call the key, see `valueName`
 */
export function readPrivateKey(raw: string | Uint8Array, name = 'private key'): Checked<PrivateKey> {
  const read = readKey(Buffer.from(raw));
  if ('value' in read) return read;
  const { clause, hint } = read.fault;
  const isEmpty = clause === emptyFile.fault.clause;
  return { fault: { sentence: `The ${name} ${clause}.`, hint, ...(isEmpty && { mayBeFilled: true }) } };
}

function readKey(raw: Uint8Array): Read<PrivateKey> {
  if (raw.length > maxBytes) return fault(`is larger than ${maxBytes / 1024} KiB`, wholeFile);
  const file = unwrapPem(raw);
  if ('bytes' in file) return isDer(file.bytes) ? readDerFile(file.bytes) : fault(file.clause, wholeFile);
  const { text } = file;
  const labels = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)];
  // A file may have the certificate in front of the key.
  const begin = labels.find(({ 1: label }) => label && !refusedLabel(label)) ?? labels[0];
  const label = begin?.[1];
  if (!label) return fault(...withoutBegin(text));

  const refused = refusedLabel(label);
  if (refused) return { fault: refused };

  const body = bodyOf(text, begin);
  if (body === undefined)
    return /-----END [A-Z0-9 ]+-----/.test(text.slice(begin.index))
      ? fault('has an END line that does not go with its BEGIN line', wholeFile)
      : fault('has no END line: it was cut off', wholeFile);
  if (labels.some((other) => isOtherKey(text, other, body))) return twoKeys;
  if (body.includes('ENCRYPTED')) return { fault: encrypted };
  const der = decodeBase64(body);
  return der ? readDerKey(der) : damaged;
}

/** What is between a BEGIN line and the END line of the same label. */
function bodyOf(text: string, begin: RegExpExecArray): string | undefined {
  const at = begin.index + begin[0].length;
  const end = text.indexOf(`-----END ${begin[1]}-----`, at);
  return end < 0 ? undefined : text.slice(at, end);
}

/** Whether a block is a private key, too, and not the same again: then nothing says which one is meant. */
function isOtherKey(text: string, begin: RegExpExecArray, body: string): boolean {
  if (refusedLabel(begin[1] ?? '')) return false;
  return (bodyOf(text, begin) ?? body).replaceAll(/\s/g, '') !== body.replaceAll(/\s/g, '');
}

/** A file without PEM around it: a key, or something that is encoded alike. */
function readDerFile(der: Uint8Array): Read<PrivateKey> {
  const [version, second] = sequence(der);
  if (version?.tag === derTag.sequence) return fault('is a certificate or public key in DER form', wholeFile);
  // PFX, version 3: RFC 7292, section 4.
  if (version?.content[0] === 3 && second?.tag === derTag.sequence)
    return fault('is a PKCS#12 file', wholeFile);
  return readDerKey(der);
}

function readDerKey(der: Uint8Array): Read<PrivateKey> {
  const found = rsaKeyOf(der);
  if ('fault' in found) return found;

  const refused = tooCostly(found.value) ?? inconsistent(found.value);
  if (refused) return { fault: refused };
  return readByOpenSsl(found.value.der);
}

/** What a text is that has no BEGIN line. */
function withoutBegin(text: string): [clause: string, hint: string] {
  if (text === '') return [emptyFile.fault.clause, emptyFile.fault.hint];
  if (text.startsWith('SHA256:')) return ['is only the fingerprint of a key', wholeFile];
  if (/^(-+ ?BEGIN SSH2|(ssh-(rsa|dss|ed25519)|ecdsa-sha2-\S+) AAAA)/.test(text))
    return ['is an SSH public key', wholeFile];
  if (text.startsWith('PuTTY-User-Key-File'))
    return [
      'is in the format of PuTTY',
      'Use the .pem file of the App, or export it from PuTTYgen as an OpenSSH key.',
    ];
  if (/-----BEGIN [a-z0-9 ]{0,20}private key-----/i.test(text))
    return ['has a BEGIN line that is not in capitals', wholeFile];
  if (/BEGIN (RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY/.test(text))
    return ['has a BEGIN line without exactly five hyphens on both sides', wholeFile];
  const form = tokenForm(text);
  if (form) return [`is ${form.name} ("${form.shown}")`, wholeFile];
  const mistake = findMistake(text.slice(0, bounds.secretValue.maxChars), 'token');
  return mistake ? [mistake.clause, mistake.hint] : ['has no BEGIN line', wholeFile];
}

/** An RSAPrivateKey (RFC 8017, appendix A.1.2), whatever it was wrapped in. The numbers are contents of INTEGERs. */
interface RsaKey {
  der: Uint8Array;
  numbers: Record<'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi', Uint8Array>;
}

/** Finds the RSAPrivateKey in a key file: PKCS#1, which it is, or PKCS#8 (RFC 5958), which wraps it. */
function rsaKeyOf(der: Uint8Array): Read<RsaKey> {
  const [, second, third] = sequence(der);
  if (second?.tag !== derTag.sequence) return pkcs1Of(der);
  const [algorithm] = readDer(second.content, 2) ?? [];
  if (algorithm?.tag !== derTag.oid || third?.tag !== derTag.octetString) return damaged;
  return rsaEncryption.equals(algorithm.content) ? pkcs1Of(third.content) : notRsa;
}

function pkcs1Of(der: Uint8Array): Read<RsaKey> {
  const [version, n, e, d, p, q, dp, dq, qi, more] = sequence(der);
  if (!version || !n || !e || !d || !p || !q || !dp || !dq || !qi) return damaged;
  if (more) return fault('has more than two prime factors', newKey);
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
function tooCostly({ numbers }: RsaKey): Mistake | undefined {
  const lengthOf = (number: Uint8Array): number => integerBits(number) ?? Number.POSITIVE_INFINITY;
  const bits = lengthOf(numbers.n);
  if (bits < minModulusBits || bits > maxModulusBits)
    return {
      clause: `has ${bits} bits, and ${minModulusBits} to ${maxModulusBits} are accepted`,
      hint: newKey,
    };
  if (lengthOf(numbers.e) > maxExponentBits)
    return {
      clause: `has a public exponent of more than ${maxExponentBits} bits`,
      hint: newKey,
    };
  return Object.values(numbers).some((number) => lengthOf(number) > bits) ? mismatch : undefined;
}

/**
 * Whether the parts of an RSA key are those of one key (RFC 8017, section 3.2). OpenSSL decodes a key in which a
 * character was exchanged and signs wrongly with it, while CodeMie's library refuses it.
 */
function inconsistent({ numbers }: RsaKey): Mistake | undefined {
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

function readByOpenSsl(der: Uint8Array): Read<PrivateKey> {
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

const emptyFile = fault(
  'is empty',
  'Put the value into the Secret under that key; the operator picks it up at once.',
);
const twoKeys = fault(
  'is a file with more than one private key',
  "Keep only the App's present key in it, with its BEGIN and END lines.",
);
const damaged = fault('is damaged: it cannot be decoded', wholeFile);
const notRsa = fault('is not an RSA key, and GitHub Apps sign with RSA', wholeFile);
const mismatch: Mistake = { clause: 'is damaged: its parts do not belong together', hint: wholeFile };
const encrypted: Mistake = {
  clause: 'is encrypted with a passphrase',
  hint: 'Store it without a passphrase: openssl rsa -in key.pem -out plain.pem.',
};

function refusedLabel(label: string): Mistake | undefined {
  if (label === 'RSA PRIVATE KEY' || label === 'PRIVATE KEY') return undefined;
  if (label === 'ENCRYPTED PRIVATE KEY') return encrypted;
  if (label === 'OPENSSH PRIVATE KEY')
    return {
      clause: 'is in OpenSSH format',
      hint: 'Use the .pem file of the App, or convert it: ssh-keygen -p -m PEM -f key.',
    };
  if (label.endsWith('PUBLIC KEY')) return { clause: 'is a public key', hint: wholeFile };
  if (label.endsWith('CERTIFICATE REQUEST')) return { clause: 'is a certificate request', hint: wholeFile };
  if (label.endsWith('CERTIFICATE')) return { clause: 'is a certificate', hint: wholeFile };
  if (label === 'EC PRIVATE KEY' || label === 'EC PARAMETERS') return notRsa.fault;
  if (label === 'AGE ENCRYPTED FILE' || label === 'PGP MESSAGE')
    return { clause: 'is still encrypted', hint: 'Decrypt the file before the Secret is applied.' };
  return { clause: 'is of a kind that GitHub Apps do not use', hint: wholeFile };
}

function fault(clause: string, hint: string): { fault: Mistake } {
  return { fault: { clause, hint } };
}
