/** Chooses objects by their labels. */
export interface LabelSelector {
  matches: (labels: Readonly<Record<string, string>> | undefined) => boolean;
  /** The selector in one form: two texts that differ only in order, repetition or blanks have the same. */
  readonly canonical: string;
  /** The labels that it reads, and no others. */
  readonly keys: readonly string[];
}

interface Requirement {
  key: string;
  operator: 'in' | 'notin' | 'exists' | '!';
  values: string[];
}

const key = String.raw`(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?`;
const value = String.raw`(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?`;
const presence = new RegExp(`^(!?)\\s*(${key})$`);
const equality = new RegExp(`^(${key})\\s*(=|==|!=)\\s*(${value})$`);
const membership = new RegExp(`^(${key})\\s+(in|notin)\\s*\\(\\s*(${value}(?:\\s*,\\s*${value})*)\\s*\\)$`);
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
    matches: (labels = {}) => requirements.every((requirement) => fulfils(labels, requirement)),
    keys: [...new Set(requirements.map((requirement) => requirement.key))],
    canonical: [...new Set(requirements.map(format))].toSorted().join(','),
  };
}

function parseRequirement(text: string): Requirement {
  const [, not, present] = presence.exec(text) ?? [];
  if (present !== undefined) return { key: present, operator: not === '!' ? '!' : 'exists', values: [] };
  const [, compared, sign, single] = equality.exec(text) ?? [];
  if (compared !== undefined)
    return { key: compared, operator: sign === '!=' ? 'notin' : 'in', values: [single ?? ''] };
  const [, member, operator, list = ''] = membership.exec(text) ?? [];
  if (member === undefined)
    throw new RangeError('is not a label selector such as shard=a or "shard notin (a,b)"');
  const values = new Set(list.split(',').map((each) => each.trim()));
  return { key: member, operator: operator === 'in' ? 'in' : 'notin', values: [...values].toSorted() };
}

function fulfils(labels: Readonly<Record<string, string>>, requirement: Requirement): boolean {
  const label = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case 'exists':
      return label !== undefined;
    case '!':
      return label === undefined;
    case 'in':
      return label !== undefined && requirement.values.includes(label);
    case 'notin':
      return label === undefined || !requirement.values.includes(label);
  }
}

function format({ key: name, operator, values }: Requirement): string {
  if (operator === 'exists') return name;
  return operator === '!' ? `!${name}` : `${name} ${operator} (${values.join(',')})`;
}
