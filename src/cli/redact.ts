import { tokenForm } from '../domain/token-form.ts';

/**
 * A text without the credentials that are known by how they look: tokens with the prefix of a product, also in base64,
 * JSON Web Tokens, private keys, and the user and password of a URL. Users paste them where a name, a project or a URL
 * belongs, from where messages and whole objects would show them.
 */
export function withoutCredentials(text: string): string {
  if (!/[\w+/.-]{16}|:\/\//.test(text)) return text;
  return text
    .replaceAll(/-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\w+/=\s\\,:-]*/g, '-----BEGIN PRIVATE KEY-----…')
    .replaceAll(/:\/\/[^\s/@?#"'<>\\]{1,1000}@/g, '://…@')
    .replaceAll(/\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/g, 'eyJ…')
    .replaceAll(/(?<![\w.-])[\w.-]{15,}\w/g, withoutTokens)
    .replaceAll(/(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{24,}={0,2}/g, (word) =>
      isEncodedCredential(word) ? '…' : word,
    );
}

/** A word in which a token may begin at any place where a word of letters and digits does. */
function withoutTokens(word: string): string {
  for (const { index } of word.matchAll(/(?<![A-Za-z0-9])[A-Za-z0-9]/g)) {
    const rest = word.slice(index);
    const form = tokenForm(rest);
    if (form && looksRandom(rest)) return `${word.slice(0, index)}${form.shown}`;
  }
  return word;
}

/** Whether it can't be the name of an object, such as `pypi-mirror-credentials`. */
function looksRandom(text: string): boolean {
  if (text.length < 16) return false;
  return /[A-Z]/.test(text) || /(?=[a-z]{0,40}\d)[a-z0-9]{16}/.test(text);
}

function isEncodedCredential(word: string): boolean {
  const decoded = Buffer.from(word, 'base64').toString('latin1');
  if (decoded.includes('PRIVATE KEY')) return true;
  return /^[\x21-\x7E]{16,}$/.test(decoded) && tokenForm(decoded) !== undefined;
}
