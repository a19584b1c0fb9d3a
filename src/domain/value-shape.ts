import { decodeBase64 } from '../lib/pem.ts';
import type { ValueKind } from './known-mistake.ts';
import { decodeStored } from './stored-text.ts';
import { tokenForm } from './token-form.ts';

/** Begins and ends of texts in quotes, as keyboards and word processors make them. */
const quotes = '"" \'\' `` “” „“ „” ”” ‘’ ’’ ‚‘ «» »« ‹› ＂＂ ′′ ″″'.split(' ');

/** Whether a text is JSON of any kind. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether a text is a JSON object. */
export function isJsonObject(text: string): boolean {
  return text.startsWith('{') && text.endsWith('}') && isJson(text);
}

/** Whether a text is in quotation marks of one of the kinds above, backslashes in front of them included. */
export function isInQuotes(text: string): boolean {
  return (
    /^\\["'].*\\["']$/s.test(text) ||
    (text.length > 1 &&
      quotes.some(([open = '', close = '']) => text.startsWith(open) && text.endsWith(close)))
  );
}

/** Words of which at least one is in the names that people give to secrets. */
const secretWords = /(token|secret|passw(or)?d|pwd|pat|key|auth|credential|login|user)/i;

/**
 * A line of an env file or of YAML. Tokens may contain `=`, also as the last character, so what comes first has to be
 * the name of a secret, and no token itself.
 */
export function isAssignment(text: string, kind: ValueKind): boolean {
  const [, name = '', value = ''] =
    /^(?:export\s+|set\s+|-\s+)?["']?([A-Za-z_][\w.-]{0,63})["']?\s*(?:=|:\s)\s*(\S.*)/s.exec(text) ?? [];
  // Base64 ends in equals signs, and may have such a word in it by chance.
  if (/^=*$/.test(value) || tokenForm(text) !== undefined) return false;
  if (tokenForm(value.replace(/^["']/, '')) !== undefined) return true;
  return secretWords.test(name) && (kind === 'token' || /^[A-Z]+_[A-Z_]+$/.test(name));
}

/** Not base64, in which capitals, small letters and digits are mixed. */
function isAbsolutePath(text: string): boolean {
  const [, front, path] = /^((?:@|file:\/{0,2})?(?:~|\.{1,2})?)\/([\w./-]+)$/.exec(text) ?? [];
  const names = path?.split('/') ?? [];
  return (
    (names.length > 1 || (front !== '' && names.length > 0)) &&
    names.every((name) => /^[a-z0-9._-]+$|^[A-Za-z._-]+$/.test(name))
  );
}

/** The name of a file, with folders or with an extension that keys and tokens are stored under. */
export function looksLikePath(text: string): boolean {
  return (
    isAbsolutePath(text) ||
    /^(@|file:)?[A-Za-z]:\\/.test(text) ||
    // What kubectl and curl would read a file for; tokens are longer.
    /^@[a-z][\w.-]{0,15}$/i.test(text) ||
    /^@?(\.{1,2}\/)?[\w-]+(\.[\w-]+)*\.(pem|key|txt|token|json|ya?ml|env|crt|cer|pub)$/i.test(text)
  );
}

/** Words that stand for a value, with letters and digits alone, lower-case. */
const fillerWords = new Set(
  'changeme changethis changeit replaceme replacethis replacewithtoken fillme fillin todo tbd fixme placeholder redacted removed hidden masked none null nil undefined nan true false empty dummy dummytoken yourtoken mytoken exampletoken sometoken notset'.split(
    ' ',
  ),
);
const instruction =
  /^(your|my|put|insert|enter|paste|replace|change|add|fill|set|provide)([-_. ][a-z0-9]+)*[-_. ](here|me|this|token|secret|key|pat|password|value)$/i;

/** `REPLACE_ME`, `your-token-here`, `ghp_xxxxxxxx`, `glpat-****`, `ghp_abc...`. */
export function isFiller(text: string): boolean {
  const { shown = '' } = tokenForm(text) ?? {};
  const rest = text.slice(Math.max(shown.indexOf('…'), 0)).replace(/^[_-]+/, '');
  const word = rest.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return (
    fillerWords.has(word) ||
    /^(your|put|insert|enter|paste)[a-z]*here$/.test(word) ||
    instruction.test(rest) ||
    /^(x{3,}|\.{3,}|…+|-{3,}|_{3,}|\?{3,}|#{3,}|\*{3,})$/i.test(rest) ||
    /x{8}$/i.test(rest) ||
    /^\w{0,3}(\*{3,}|\.{3}|…)$/.test(rest)
  );
}

/** `alice:ghp_…`, as curl and URLs have it; with an e-mail address or a name that only tokens have, anything behind it. */
export function hasUserInFront(text: string): boolean {
  const [, user = '', rest] = /^([\w.+@-]+):([\w.~+/=-]+)$/.exec(text) ?? [];
  if (rest === undefined) return false;
  return tokenForm(rest) !== undefined || (rest.length >= shortestToken && isUserOfTokens(user));
}

function isUserOfTokens(user: string): boolean {
  return (
    /^(oauth2|x-(token-auth|access-token|bitbucket-api-token-auth)|gitlab-ci-token)$/.test(user) ||
    /^[\w.+-]+@([a-z0-9-]+\.)+[a-z]{2,10}$/i.test(user)
  );
}

/** `Bearer …`, `token …`, also where the blank behind it was lost. */
export function hasScheme(text: string): boolean {
  if (/^((bearer|basic|token)\s+|(bearer|basic):\s*)[^\s=:]/i.test(text)) return true;
  const rest = text.replace(/^(bearer|basic|token)[-_]?/i, '');
  return rest !== text && tokenForm(rest) !== undefined;
}

/** An element, or what PowerShell writes in front of one. */
export function isXml(text: string): boolean {
  if (text.startsWith('#< CLIXML')) return true;
  const [, name] = /^<([A-Za-z][\w.:-]*)[\s>]/.exec(text) ?? [];
  return name !== undefined && text.endsWith(`</${name}>`);
}

/** Names of types and masks that languages print for a value that is no text: .NET, Java, JavaScript, Python. */
export function printedType(text: string): boolean {
  return (
    /^System\.[A-Z][\w.]*(\[\])?$|^\[[BC]@[0-9a-f]{4,8}$/.test(text) ||
    /^([a-z]\w*\.)+[A-Z]\w*@[0-9a-f]{4,8}$|^<Buffer( [0-9a-f]{2})+>$/.test(text) ||
    /^(SecretStr|Secret|Some|Ok)\(['"]\*+['"]\)$|^<(bound method|function|generator|coroutine) .*>$/.test(
      text,
    )
  );
}

/** A part of a text is called a token only if it is as long as one. */
const shortestToken = 12;

/**
 * Whether a text in one line has a token in it, and characters that no token has: those that RFC 6750, section 2.1, has
 * no place for.
 */
export function hasMoreAround(text: string): boolean {
  if (/[\r\n]/.test(text)) return false;
  // A full stop behind it, of the sentence that it was copied from.
  if (/[^.]\.$/.test(text) && text.length > shortestToken && tokenForm(text) !== undefined) return true;
  const parts = text.split(/[^A-Za-z0-9._~+/=-]+/);
  return parts.length > 1 && parts.some((part) => part.length >= shortestToken && holdsToken(part));
}

function holdsToken(part: string): boolean {
  // `token=ghp_…`
  const token = tokenForm(part) === undefined ? part.slice(part.indexOf('=') + 1) : part;
  return tokenForm(token) !== undefined && !isFiller(token);
}

/** Whether a text is a token of a known form in hexadecimal. */
export function isInHexadecimal(text: string): boolean {
  const [, digits = ''] = /^(?:0x|hex:)?((?:[0-9a-fA-F]{2})+)$/.exec(text) ?? [];
  return isKnownToken(Buffer.from(digits, 'hex').toString('latin1').trim(), 'token');
}

/** One that is known by its first bytes, three of which no token has by chance. */
export function isPackedFile(text: string): boolean {
  if (!/^(H4sI|UEsDB)/.test(text)) return false;
  const bytes = decodeBase64(text);
  return bytes !== undefined && 'binary' in decodeStored(bytes);
}

/** Programs may well make client secrets that are base64 of random letters; Git products do not. */
export function isKnownToken(text: string, kind: ValueKind): boolean {
  return (
    tokenForm(text) !== undefined ||
    /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(text) ||
    (kind !== 'secret' && /^[A-Za-z0-9_.-]{16,}$/.test(text))
  );
}
