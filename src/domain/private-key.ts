import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { bounds } from '../lib/bounds.ts';

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
const { minModulusBits, maxModulusBits } = bounds.privateKey;

/**
 * Reads a GitHub App private key as people really store it: with CRLF, with literal `\n`, on one line,
 * indented, wrapped in base64 once more, with text around it. What is beyond repair is named.
 *
 * No network is needed to find any of these faults. GitHub issues RSA keys of 2048 bits:
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/managing-private-keys-for-github-apps
 */
export function readPrivateKey(raw: string): Checked<PrivateKey> {
  const text = unwrap(raw);
  const begin = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text);
  if (!begin?.[1]) return fault('The private key has no BEGIN line.', wholeFile);

  const label = begin[1];
  const refused = refusedLabel(label);
  if (refused) return { fault: refused };

  const rest = text.slice(begin.index + begin[0].length);
  const end = rest.indexOf(`-----END ${label}-----`);
  if (end < 0) return fault('The private key has no END line: it was cut off.', wholeFile);

  const body = rest.slice(0, end);
  if (body.includes('ENCRYPTED')) return { fault: encrypted };
  return parse(label, body.replace(/\s+/g, ''));
}

function parse(label: string, base64: string): Checked<PrivateKey> {
  let key: KeyObject;
  try {
    const lines = base64.match(/.{1,64}/g)?.join('\n') ?? '';
    key = createPrivateKey(`-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`);
  } catch {
    // The library's own error is dropped on purpose: ours is clearer and cannot quote the key.
    return fault('The private key is damaged: it cannot be decoded.', wholeFile);
  }
  if (key.asymmetricKeyType !== 'rsa')
    return fault('The private key is not an RSA key, and GitHub Apps sign with RSA.', wholeFile);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < minModulusBits || bits > maxModulusBits)
    return fault(
      `The private key has ${bits} bits and GitHub Apps need ${minModulusBits}.`,
      'Generate a new key on the settings page of the App.',
    );
  if (!isConsistent(key))
    return fault('The private key is damaged: its parts do not belong together.', wholeFile);
  const publicPart = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const digest = createHash('sha256').update(publicPart).digest('base64');
  return {
    value: { pem: key.export({ type: 'pkcs1', format: 'pem' }).toString(), fingerprint: `SHA256:${digest}` },
  };
}

/**
 * Whether the parts of an RSA key are those of one key (RFC 8017, section 3.2). OpenSSL decodes a key in which a
 * character was exchanged and signs wrongly with it, while CodeMie's library refuses it.
 */
function isConsistent(key: KeyObject): boolean {
  const jwk = key.export({ format: 'jwk' });
  const part = (name: 'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi'): bigint =>
    BigInt(`0x0${Buffer.from(jwk[name] ?? '', 'base64url').toString('hex')}`);
  const [n, e, d, p, q] = [part('n'), part('e'), part('d'), part('p'), part('q')];
  if (p < 3n || q < 3n || p * q !== n) return false;
  return (
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    part('dp') === d % (p - 1n) &&
    part('dq') === d % (q - 1n) &&
    (part('qi') * q) % p === 1n
  );
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
  if (label === 'EC PRIVATE KEY')
    return { sentence: 'The private key is not an RSA key, and GitHub Apps sign with RSA.', hint: wholeFile };
  return { sentence: 'The private key is of a kind that GitHub Apps do not use.', hint: wholeFile };
}

function fault(sentence: string, hint: string): { fault: Fault } {
  return { fault: { sentence, hint } };
}
