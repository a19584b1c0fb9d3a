import { bounds } from '../lib/bounds.ts';
import { trimEnd } from '../lib/linear-text.ts';
import { decodeBase64 } from '../lib/pem.ts';
import type { ValueKind } from './known-mistake.ts';
import { findMistake } from './mistaken-value.ts';
import { inQuotes } from './mistakes.ts';
import type { Checked } from './private-key.ts';
import { decodeStored } from './stored-text.ts';
import { tokenForm } from './token-form.ts';

/**
 * How sentences name a value of a Secret or ConfigMap, without an article: `token in Secret "acme" (key "token")`.
 *
 * @param more what else identifies the value, such as a fingerprint
 */
export function valueName(
  what: string,
  kind: 'Secret' | 'ConfigMap',
  { name, key }: { name: string; key: string },
  more?: string,
): string {
  return `${what} in ${kind} "${name}" (key "${key}"${more === undefined ? '' : `, ${more}`})`;
}

const { maxChars } = bounds.secretValue;
const underStringData =
  'A value under data has to be base64; put the plain value under stringData, where Kubernetes does the encoding.';
/** White space, byte order marks, and characters without a width that are copied along with a text. */
const unseen = /[\s\u200B-\u200F\u2028-\u202E\u2060-\u2064\uFEFF]/;

function withoutEnds(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && unseen.test(text[start] ?? '')) start++;
  while (end > start && unseen.test(text[end - 1] ?? '')) end--;
  return text.slice(start, end);
}

/**
 * Reads a token of a Git product, a client secret, or a user name. What is around it without being seen is dropped,
 * because `echo token | base64` adds a line end. A text that is no bare value is refused before any client sees it:
 * HTTP libraries quote such a value in their errors, and a server would only call it wrong.
 *
 * @param name how sentences call the value, see {@link valueName}
 */
export function readSecretValue(
  raw: string | Uint8Array,
  name: string,
  kind: Exclude<ValueKind, 'password'> = 'token',
): Checked<string> {
  const text = readText(raw, name);
  if ('fault' in text) return text;
  const value = withoutEnds(text.value);
  if (value === '') return empty(name);
  const mistake = findMistake(value, kind);
  if (mistake) return fault(name, mistake.clause, mistake.hint);
  const odd = oddCharacter(value);
  if (odd) return fault(name, odd, 'Store the bare value in one line, without anything before or after it.');
  const form = kind === 'name' ? tokenForm(value) : undefined;
  if (form)
    return fault(
      name,
      `is ${form.name} ("${form.shown}")`,
      'Store the name here and the token under its own key.',
    );
  return { value };
}

/** The first thing in a text that no header of HTTP can carry unharmed. */
function oddCharacter(value: string): string | undefined {
  if (/[\r\n\u0085\u2028\u2029]/.test(value)) return 'has more than one line';
  if (/[\u200B-\u200F\u202A-\u202E\u2060-\u2064\uFEFF\u00AD]/.test(value))
    return 'contains an invisible character, such as a zero-width space';
  if (/\s/.test(value)) return 'contains a blank';
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u001F\u007F]/.test(value)) return 'contains a control character';
  return /^[\x21-\x7e]+$/.test(value) ? undefined : 'contains a character that is not ASCII';
}

/**
 * Reads a password, which travels in a body and may consist of anything: only a line end behind it is dropped, and it
 * is refused only where it is certainly something else, such as a value that is still encrypted.
 */
export function readPassword(raw: string | Uint8Array, name = 'password'): Checked<string> {
  const text = readText(raw, name);
  if ('fault' in text) return text;
  const value = text.value.replace(/\r?\n$/, '');
  if (value === '') return empty(name);
  const mistake = findMistake(value.trim(), 'password');
  return mistake ? fault(name, mistake.clause, mistake.hint) : { value };
}

/**
 * What may be wrong with a password or client secret that a server rejects: a clause with its full stop, without a byte of it. Each of
 * these may belong to a password, so it is sent first.
 */
export function doubtAbout(password: string, name: string): string | undefined {
  const found = doubts.find(({ fits }) => fits(password));
  return found && `the ${name} ${found.clause}.`;
}

const doubts: readonly { fits: (password: string) => boolean; clause: string }[] = [
  {
    fits: (password) => password !== withoutEnds(password),
    clause:
      'starts or ends with a blank or another character that is not seen, which is sent as a part of it',
  },
  {
    fits: (password) => findMistake(password, 'name')?.clause === inQuotes,
    clause: `${inQuotes}, which are sent as a part of it`,
  },
  {
    fits: (password) => password.length >= 12 && isPrintable(decodeBase64(password)),
    clause: 'may be encoded in base64 once more, as it is under data of a manifest',
  },
  {
    fits: (password) => findMistake(password, 'token') !== undefined,
    clause: 'might not be the bare value: it looks like a placeholder, a file or another value',
  },
];

function isPrintable(bytes: Buffer | undefined): boolean {
  return bytes !== undefined && /^[\x20-\x7e]+\n?$/.test(bytes.toString('latin1'));
}

/**
 * Reads a GitHub App or installation id: digits only, greater than zero. CodeMie accepts other forms
 * (`"12 "`, `1_000`) and breaks on them when the integration is used.
 *
 * @param what `App ID` or `installation ID`
 */
export function readNumericId(raw: string | Uint8Array, what: string, name = what): Checked<string> {
  const hint = `Store the numeric ${what} from the settings page on GitHub.`;
  const text = readText(raw, name);
  const url = 'value' in text && installationUrl.exec(text.value.trim());
  if (url) return fault(name, 'is a URL', `Store only the number at its end, which is the installation ID.`);
  const read = readSecretValue(raw, name, 'name');
  if ('fault' in read) return read;
  const { value } = read;
  if (/^[1-9][0-9]{0,15}$/.test(value)) return read;
  const whole = wholeNumber(value);
  if (whole !== undefined) return { value: whole };
  if (/^[0-9.]+e[+-]?[0-9]+$/i.test(value))
    return fault(
      name,
      'is a floating-point number',
      `Helm writes large numbers so: quote the ${what} in values.yaml.`,
    );
  if (/^Iv(1\.|[0-9]{2})/.test(value))
    return fault(name, 'is a client ID', `${hint.slice(0, -1)}, not the client ID.`);
  return fault(name, 'is not a number', `${hint.slice(0, -1)}, not a client ID or a name.`);
}

const installationUrl = /^https?:\/\/[^\s/@]+\/(\S+\/)?installations\/[0-9]+\/?$/;

/** A float that stands for exactly one id: Helm and other YAML tools write 4475970 as `4.47597e+06`. */
function wholeNumber(value: string): string | undefined {
  const [, first = '', rest = '', exponent = '0'] =
    /^([1-9][0-9]{0,15})(?:\.([0-9]{1,16}))?(?:[eE]\+?([0-9]{1,2}))?$/.exec(value) ?? [];
  const digits = trimEnd(rest, '0');
  const zeroes = Number(exponent) - digits.length;
  if (first === '' || zeroes < 0) return undefined;
  const whole = `${first}${digits}${'0'.repeat(zeroes)}`;
  return whole.length <= 16 ? whole : undefined;
}

function readText(raw: string | Uint8Array, name: string): Checked<string> {
  const bytes = Buffer.from(raw);
  // No encoding has more than four bytes for a character.
  const stored = bytes.length > 4 * maxChars ? { text: '' } : decodeStored(bytes);
  if (bytes.length > 4 * maxChars || ('text' in stored && stored.text.length > maxChars))
    return fault(name, `has more than ${maxChars} characters`, 'Store the bare value alone.');
  if ('text' in stored) return { value: stored.text };
  return fault(
    name,
    stored.binary,
    stored.binary === 'is not text' ? underStringData : 'Store the bare value alone.',
  );
}

function empty(name: string): Checked<string> {
  const hint = 'Put the value into the Secret under that key; the operator picks it up at once.';
  return { fault: { sentence: `The ${name} is empty.`, hint, mayBeFilled: true } };
}

function fault(name: string, clause: string, hint: string): { fault: { sentence: string; hint: string } } {
  return { fault: { sentence: `The ${name} ${clause}.`, hint } };
}
