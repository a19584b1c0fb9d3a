import { tokenForm } from '../domain/token-form.ts';

/**
 * A text without the credentials that are known by how they look: tokens with the prefix of a product, JSON Web Tokens,
 * private keys, each also in base64, and the user and password of a URL. Users paste them where a name, a project or a
 * URL belongs, from where messages and whole objects would show them. Takes time in proportion to the text, and leaves a
 * text that it made as it is.
 */
export function withoutCredentials(text: string): string {
  return redact(text, 2);
}

/** @param levels of base64 to decode: Secrets for registries have the one in the other */
function redact(text: string, levels: number): string {
  if (!/[\w+/.-]{16}|:[\\/]|PRIVATE KEY-----/.test(text)) return text;
  const plain = withoutPrivateKeys(text)
    .replaceAll(/:\\?\/\\?\/[^\s/?#"'<>\\]+@/g, withoutUser)
    .replaceAll(/[\w.-]{16,}/g, withoutTokens);
  if (levels === 0) return plain;
  return plain.replaceAll(/[\w+/-]{24,}={0,2}/g, (run: string, at: number, whole: string) =>
    isEncodedCredential(run, levels - 1) ? `${run.slice(0, escapeLength(run, at, whole))}…` : run,
  );
}

/**
 * A value of JSON in which no key and no text holds a credential. Redacting the serialized text instead would take
 * quotes and line ends for a part of a credential. Keys that become equal get a number.
 */
export function valueWithoutCredentials(value: unknown): unknown {
  if (typeof value === 'string') return withoutCredentials(value);
  if (Array.isArray(value)) return value.map(valueWithoutCredentials);
  if (typeof value !== 'object' || value === null) return value;
  const taken = new Map<string, number>();
  const entries = Object.entries(value).map(([key, field]: [string, unknown]) => {
    const shown = withoutCredentials(key);
    let name = shown;
    for (let number = (taken.get(shown) ?? 0) + 1; taken.has(name); number++) {
      name = `${shown} (${number})`;
      taken.set(shown, number);
    }
    taken.set(name, 1);
    return [name, valueWithoutCredentials(field)] as const;
  });
  return Object.fromEntries(entries);
}

/** In practice they are shorter than 7 KB, also with each line end escaped. */
const longestKey = 20_000;

function withoutPrivateKeys(text: string): string {
  const [before = '', ...rest] = text.split(/-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----/);
  return [before, ...rest.map(withoutKeyBody)].join('-----BEGIN PRIVATE KEY-----');
}

/** What follows the first line of a key, without the key: up to its last line, or what can be a part of a key. */
function withoutKeyBody(text: string): string {
  // Is shortened already; another key may follow it.
  if (text.startsWith('…')) return text;
  const end = text.slice(0, longestKey).search(/-----END [A-Z ]{0,30}PRIVATE KEY-----/);
  if (end >= 0) return text.slice(end).replace(/^-----END [A-Z ]{0,30}PRIVATE KEY-----/, '…');
  return text.replace(/^(?:[\w+/=\s,:-]|\\[\\nrt])*/, '…');
}

/** `git` is everyone's user for SSH. */
function withoutUser(found: string): string {
  return found === '://git@' ? found : `${found.slice(0, found.lastIndexOf('/') + 1)}…@`;
}

/** Longer than each token of which the end counts. */
const longestForm = 512;

/** A word in which a token may begin at any place where a word of letters and digits does, or after an escape. */
function withoutTokens(word: string, at: number, whole: string): string {
  const escaped = escapeLength(word, at, whole);
  // What ends a sentence belongs to no token.
  let end = word.length;
  while (word.endsWith('.', end) || word.endsWith('-', end)) end -= 1;
  const starts = [...word.matchAll(/(?<![A-Za-z0-9])[A-Za-z0-9]/g)].map(({ index }) => index);
  if (escaped > 0) starts.unshift(escaped);
  for (const start of starts) {
    const rest = word.slice(start, Math.min(end, start + longestForm));
    const form = tokenForm(rest);
    if (!form || !looksRandom(rest)) continue;
    // `\n` may be a line end as well as the beginning of a token for npm.
    if (start < escaped && !form.shown.startsWith(rest.slice(0, escaped))) continue;
    return `${withoutJwt(word.slice(0, start), escaped)}${form.shown}${word.slice(end)}`;
  }
  return withoutJwt(word, escaped);
}

function withoutJwt(word: string, escaped: number): string {
  const parts = word.split('.');
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const begins =
      index === 0 && part.startsWith('eyJ', escaped) ? escaped : part.search(/(?<![A-Za-z0-9])eyJ/);
    const [claims = '', signature = ''] = parts.slice(index + 1, index + 3);
    const isJwt =
      begins >= 0 &&
      part.length - begins >= 13 &&
      /^eyJ[\w-]{10}/.test(claims) &&
      /^[\w-]{10}/.test(signature);
    if (isJwt) return `${word.slice(0, at + begins)}eyJ…`;
    at += part.length + 1;
  }
  return word;
}

/** How much of a word belongs to an escape of JSON, YAML or a URL that begins before it: the `n` of `\nword`. */
function escapeLength(word: string, at: number, whole: string): number {
  const before = whole.charAt(at - 1);
  const head = word.slice(0, 9);
  if (before === '%') return /^[0-9A-Fa-f]{2}/.test(head) ? 2 : 0;
  if (before !== '\\') return 0;
  return /^(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|[abefnrtv0])/.exec(head)?.[0].length ?? 0;
}

/** Prefixes of words that names have, too: `npm_Registry_TeamA`. */
const namePrefix = /^(?:npm_|pypi-|rubygems_|[rs]k_(?:test|live)_|figd_|lin_api_)/;

/** Whether it can't be the name of an object, such as `pypi-mirror-credentials`. */
function looksRandom(token: string): boolean {
  const text = token.slice(0, 128);
  if (text.length < 16) return false;
  if (text.match(/[a-z0-9]{16,}/g)?.some((run) => /\d/.test(run))) return true;
  if (!namePrefix.test(text)) return /[A-Z]/.test(text);
  return text.length >= 24 && /[A-Z]/.test(text) && /\d[A-Za-z]/.test(text);
}

/** Whether base64 holds a credential, whatever stands right before it. */
function isEncodedCredential(run: string, levels: number): boolean {
  return [0, 1, 2, 3].some((start) => {
    const decoded = Buffer.from(run.slice(start), 'base64').toString('latin1');
    if (decoded.includes('PRIVATE KEY')) return true;
    const texts = decoded.match(/[\t\n\r\x20-\x7E]{16,}/g) ?? [];
    return texts.some((text) => redact(text, levels) !== text);
  });
}
