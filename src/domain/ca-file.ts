import { bounds } from '../lib/bounds.ts';
import { derTag, readDer } from '../lib/der.ts';
import { toPem } from '../lib/pem.ts';
import type { Mistake } from './known-mistake.ts';
import { findMistake } from './mistaken-value.ts';
import { isDer, unwrapPem } from './pem-text.ts';
import type { Checked } from './private-key.ts';

const { maxBytes } = bounds.caBundle;
const wanted = "Store the authority's certificate in PEM, with its BEGIN and END lines.";

/**
 * Reads a file of certificates in the forms in which people store it, as for private keys. The result is a text in PEM
 * with at least one block of a certificate, which is still to be parsed. A private key next to it is not shown and not
 * used.
 *
 * @param name how sentences call the file, see `valueName`
 */
export function readCaFile(raw: string | Uint8Array, name = 'CA bundle'): Checked<string> {
  if (raw.length > maxBytes)
    return { fault: { sentence: `The ${name} is larger than ${maxBytes / 1024} KiB.`, hint: wanted } };
  const file = unwrapPem(Buffer.from(raw));
  const found = 'bytes' in file ? ofDer(file.bytes, file.clause) : mistakeIn(file.text);
  if (typeof found === 'string') return { value: found };
  if (found === undefined && 'text' in file) return { value: file.text };
  const { clause, hint } = found ?? { clause: 'is not text', hint: wanted };
  return {
    fault: { sentence: `The ${name} ${clause}.`, hint, ...(clause === 'is empty' && { mayBeFilled: true }) },
  };
}

/** A single certificate in DER, which browsers and Windows export, as PEM. */
function ofDer(der: Uint8Array, clause: string): string | Mistake {
  if (!isDer(der)) return { clause, hint: wanted };
  const [outer] = readDer(der, 1) ?? [];
  const [first, second] = (outer && readDer(outer.content, 4)) ?? [];
  if (first?.tag === derTag.sequence && second?.tag === derTag.sequence) return toPem('CERTIFICATE', der);
  if (first?.tag === derTag.oid) return pkcs7;
  return { clause: 'is a PKCS#12 file or a private key', hint: wanted };
}

const pkcs7: Mistake = {
  clause: 'is a PKCS#7 file',
  hint: 'Convert it: openssl pkcs7 -print_certs -in FILE -out ca.crt.',
};

function mistakeIn(text: string): Mistake | undefined {
  if (text === '')
    return { clause: 'is empty', hint: 'Put the certificate there; the operator picks it up at once.' };
  const labels = new Set(Array.from(text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g), ([, label]) => label));
  if (labels.has('CERTIFICATE')) return undefined;
  const [label = ''] = labels;
  if (label === 'TRUSTED CERTIFICATE')
    return {
      clause: "is in OpenSSL's own format for trusted certificates",
      hint: 'Convert it: openssl x509 -in FILE -out ca.crt.',
    };
  if (label.endsWith('CERTIFICATE REQUEST'))
    return {
      clause: 'is a certificate request',
      hint: 'Store the certificate of the authority that signed it.',
    };
  if (label === 'PKCS7' || label === 'CMS') return pkcs7;
  if (label.endsWith('PRIVATE KEY'))
    return {
      clause: 'holds a private key and no certificate',
      hint: `Keep the key out of it and treat it as exposed if this is a ConfigMap; ${wanted[0]?.toLowerCase()}${wanted.slice(1)}`,
    };
  if (label.endsWith('PUBLIC KEY')) return { clause: 'holds a public key and no certificate', hint: wanted };
  const mistake = findMistake(text.slice(0, bounds.secretValue.maxChars), 'token');
  return mistake && label === '' ? mistake : { clause: 'contains no PEM certificate', hint: wanted };
}
