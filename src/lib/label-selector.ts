import { ownMember } from './names.ts';

/** Chooses objects by their labels. */
export interface LabelSelector {
  matches: (labels: Readonly<Record<string, string>> | undefined) => boolean;
  /** The selector in one form: two texts that differ only in order, repetition or blanks have the same. */
  readonly canonical: string;
  /** The labels that it reads, and no others. */
  readonly keys: readonly string[];
}

/** One requirement, in the words of https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
export interface Requirement {
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  values?: readonly string[] | undefined;
}

const key = String.raw`(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?`;
const value = String.raw`(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?`;
const presence = new RegExp(`^(!?)\\s*(${key})$`);
const equality = new RegExp(`^(${key})\\s*(=|==|!=)\\s*(${value})$`);
const membership = new RegExp(`^(${key})\\s+(in|notin)\\s*\\(\\s*(${value}(?:\\s*,\\s*${value})*)\\s*\\)$`);
const blanks = String.raw`\s*`;
const requirementPattern = [
  `!?${blanks}${key}`,
  `${key}${blanks}(?:==?|!=)${blanks}${value}`,
  `${key}\\s+(?:in|notin)${blanks}\\(${blanks}${value}(?:${blanks},${blanks}${value})*${blanks}\\)`,
].join('|');

/** The regular expression, without look-around, of the texts that `parseLabelSelector` takes. */
export const LABEL_SELECTOR_PATTERN = `^${blanks}(?:${requirementPattern})(?:${blanks},${blanks}(?:${requirementPattern}))*${blanks}$`;

/** A comma that no closing parenthesis follows without an opening one before. */
const separator = /,(?![^(]*\))/;

/**
 * Reads a selector as `kubectl --selector` takes it, e.g. `shard=a`, `shard in (a,b)`, `!shard`, several joined by
 * commas. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 *
 * @throws RangeError for anything else; an empty text selects nothing there and is refused here
 */
export function parseLabelSelector(text: string): LabelSelector {
  const requirements = text.split(separator).map((part) => parseRequirement(part.trim()));
  return {
    matches: (labels = {}) => requirements.every((requirement) => meetsRequirement(labels, requirement)),
    keys: [...new Set(requirements.map((requirement) => requirement.key))],
    canonical: [...new Set(requirements.map(format))].toSorted().join(','),
  };
}

function parseRequirement(text: string): Requirement {
  const [, not, present] = presence.exec(text) ?? [];
  if (present !== undefined) return { key: present, operator: not === '!' ? 'DoesNotExist' : 'Exists' };
  const [, compared, sign, single] = equality.exec(text) ?? [];
  if (compared !== undefined)
    return { key: compared, operator: sign === '!=' ? 'NotIn' : 'In', values: [single ?? ''] };
  const [, member, operator, list = ''] = membership.exec(text) ?? [];
  if (member === undefined)
    throw new RangeError('is not a label selector such as shard=a or "shard notin (a,b)"');
  const values = new Set(list.split(',').map((each) => each.trim()));
  return { key: member, operator: operator === 'in' ? 'In' : 'NotIn', values: [...values].toSorted() };
}

/** Whether labels meet a requirement. */
export function meetsRequirement(
  labels: Readonly<Record<string, string>>,
  { key: name, operator, values = [] }: Requirement,
): boolean {
  const label = ownMember(labels, name);
  switch (operator) {
    case 'In':
      return label !== undefined && values.includes(label);
    case 'NotIn':
      return label === undefined || !values.includes(label);
    case 'Exists':
      return label !== undefined;
    case 'DoesNotExist':
      return label === undefined;
  }
}

function format({ key: name, operator, values = [] }: Requirement): string {
  if (operator === 'Exists') return name;
  if (operator === 'DoesNotExist') return `!${name}`;
  return `${name} ${operator.toLowerCase()} (${values.join(',')})`;
}
