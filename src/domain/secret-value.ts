import { bounds } from '../lib/bounds.ts';
import type { Checked } from './private-key.ts';

const { maxChars } = bounds.secretValue;

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

/**
 * Reads a token, user name or numeric id out of a Secret: blanks and newlines at both ends are dropped,
 * because `echo token | base64` puts one there, and what then still holds a blank or a control character
 * is refused before any client sees it: HTTP libraries quote such a value in their errors.
 *
 * @param what how the value is called in the sentence, such as `token`
 */
export function readSecretValue(raw: string, what: string): Checked<string> {
  if (raw.length > maxChars) return tooLong(what);
  const value = raw.replace(/^\uFEFF/, '').trim();
  if (value === '')
    return {
      fault: { sentence: `The ${what} is empty.`, hint: 'Put the value into the Secret under that key.' },
    };
  // Printable ASCII only: HTTP header values carry nothing else unharmed.
  if (!/^[\x21-\x7e]+$/.test(value))
    return {
      fault: {
        sentence: `The ${what} holds a blank, a line break or another character that no ${what} has.`,
        hint: 'Store the bare value, without quotes, a name before it, or a second line.',
      },
    };
  return { value };
}

/**
 * Reads a password, which travels in a body and may hold anything: only a line end behind it is dropped.
 */
export function readPassword(raw: string): Checked<string> {
  if (raw.length > maxChars) return tooLong('password');
  const value = raw.replace(/\r?\n$/, '');
  if (value !== '') return { value };
  return {
    fault: { sentence: 'The password is empty.', hint: 'Put the value into the Secret under that key.' },
  };
}

/**
 * Reads a GitHub App or installation id: digits only, greater than zero. CodeMie accepts other forms
 * (`"12 "`, `1_000`) and breaks on them when the integration is used.
 */
export function readNumericId(raw: string, what: string): Checked<string> {
  const read = readSecretValue(raw, what);
  if ('fault' in read || /^[1-9][0-9]{0,15}$/.test(read.value)) return read;
  return {
    fault: {
      sentence: `The ${what} is not a number.`,
      hint: `Use the numeric ${what} from the settings page on GitHub, not a client ID or a name.`,
    },
  };
}

function tooLong(what: string): Checked<string> {
  return {
    fault: {
      sentence: `The ${what} has more than ${maxChars} characters.`,
      hint: 'Store the bare value, without quotes, a name before it, or a second line.',
    },
  };
}
