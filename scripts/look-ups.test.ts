import { expect, it } from 'vitest';
import { isSyntaxNode, type SyntaxNode, visitSources } from '../test/harness/source-code.ts';

/** Places in bytes, texts and lists. A wrong one is undefined. */
const positions = [
  'bytes[at]',
  'bytes[end]',
  'bytes[skipBlanks(bytes, at)]',
  'bytes[start]',
  'content[first]',
  'entries[at + 1]',
  'entries[at]',
  'found[ownCa ? 1 : 0]',
  'heap[a]',
  'heap[b]',
  'heap[position]',
  'items[head]',
  'next[j]',
  'row[j]',
  'row[to.length]',
  'text[start]',
];

/** Names that are members of a type of ours or constants, or were asked for by Object.hasOwn before. */
const names = [
  'annotations?.[name]',
  'byScope[scope]',
  'circumstances[each]',
  'configuration[customFetch]',
  'defaultNames[provider]',
  'deps.providers[integration.spec.provider]',
  'deps.providers[spec.provider]',
  'env[each]',
  'env[given]',
  'env[variable(key)]',
  'findings[type]',
  'flags[kebab(key)]',
  'found[name]',
  'has[name]',
  'headers[name.toLowerCase()]',
  'knownKeywords.shape[VALIDATIONS]',
  'labels?.[name]',
  'labels[requirement.key]',
  'missing[where]',
  'namesake.values[ownerKey]',
  'object[name]',
  'observed.values[key]',
  'opposites[each]',
  'ownMember(meanings, scope)?.[vocabulary]',
  'parsed[name]',
  'places[permission.where]',
  'places[where]',
  'poolsFor(credentials.tls)[kind]',
  'properties[name]',
  'productNames[found]',
  'productNames[provider]',
  'productNames[spec.provider]',
  'providers[name]',
  'providers[provider]',
  'providers[spec.provider]',
  'ranks[standing]',
  'reasonOfNetError[netError.kind]',
  'report.findings[halt.condition]',
  'results[outcome]',
  'row.values[ownerKey]',
  'row?.values[ownerKey]',
  'schema.items?.[VALIDATIONS]',
  'schema.meta()?.[VALIDATIONS]',
  'schema[VALIDATIONS]',
  'statuses[answer]',
  'stores[resource.plural]',
  'tests[circumstance]',
  'transportSentences[kind]',
  'unitMs[letter]',
  'values[ownerKey]',
  'waiting[lane]',
];

/**
 * A name from outside may be `constructor` or `__proto__`, which every object knows. So an access by one goes through
 * `ownMember` (src/lib/names.ts) or a Map. One that is new here has to do so, or be listed above for the reason given there.
 */
it('each access by a computed name is one of ours', () => {
  const found = new Set<string>();
  visitSources((node, _file, text) => {
    if (isLookUp(node)) found.add(text);
  });
  expect([...found].toSorted()).toEqual(
    [...positions, ...names].filter((text) => found.has(text)).toSorted(),
  );
});

function isLookUp(node: SyntaxNode): boolean {
  if (node.type !== 'MemberExpression' || node['computed'] !== true) return false;
  const property = node['property'];
  const isPosition =
    isSyntaxNode(property) && /^(Literal|BinaryExpression|UpdateExpression)$/.test(property.type);
  return !isPosition;
}
