import { Document, Scalar, type ScalarTag, visit } from 'yaml';
import { unprintable } from './io.ts';
import { valueWithoutCredentials } from './redact.ts';

/**
 * JSON for people and programs, without what is certainly a credential. Control characters are escaped, also those that
 * JSON would allow.
 */
export function toJson(value: unknown): string {
  const text = JSON.stringify(valueWithoutCredentials(value), null, 2);
  return `${escapeUnprintable(text, (letter) => [...utf16(letter)].map((unit) => `\\u${hex(unit, 4)}`).join(''))}\n`;
}

/** `0o14`, which go-yaml takes for a number also in YAML 1.1, and the library only in 1.2. */
export const octalNumber: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0o[0-7_]+$/,
  resolve: (text) => Number.parseInt(text.replaceAll('_', '').replace('0o', ''), 8),
};

/**
 * A document of YAML in which each parser finds the same: the YAML 1.1 of Kubernetes takes `yes` and `012` for a
 * boolean and a number, and also breaks lines at U+0085, U+2028 and U+2029, so a text with these could add
 * fields. Without what is certainly a credential.
 */
export function toYaml(value: unknown): string {
  const document = new Document(valueWithoutCredentials(value), {
    version: '1.1',
    merge: false,
    customTags: (tags) => [octalNumber, ...tags],
  });
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'string' && escapeUnprintable(node.value, () => '') !== node.value)
        node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  // Only a text in double quotes has such characters now, and there they may be escaped. Long lines stay whole, so that
  // nothing that is known by how it looks is hidden by a line break.
  return escapeUnprintable(
    document.toString({ lineWidth: 0 }),
    (letter) => `\\U${hex(letter.codePointAt(0) ?? 0, 8)}`,
  );
}

function escapeUnprintable(text: string, escape: (letter: string) => string): string {
  return text.replaceAll(unprintable, (letter) =>
    letter === '\n' || letter === '\t' ? letter : escape(letter),
  );
}

function* utf16(text: string): Generator<number> {
  for (let index = 0; index < text.length; index++) yield text.charCodeAt(index);
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
