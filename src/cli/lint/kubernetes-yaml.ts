import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type ScalarTag, type Tags } from 'yaml';
import { octalNumber } from '../documents.ts';

/** A number in a form that the library takes for text, and go-yaml doesn't. */
const prefixedNumber: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0(?:X[\da-fA-F_]+|O[0-7_]+|B[01_]+)$/,
  resolve(text) {
    const digits = text.replace(/^[-+]/, '').replaceAll('_', '').toLowerCase();
    return Number(digits) * (text.startsWith('-') ? -1 : 1);
  },
};

/** The floats of go-yaml. What is too large stays a text; infinity and NaN are refused later. */
const float: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  test: /^[-+]?(?:\.\d[\d_]*|\d[\d_]*\.[\d_]*|\d[\d_]*(?:\.[\d_]*)?[eE][-+]?\d+|\.\d+[eE][-+]?\d+|\.inf|\.Inf|\.INF)$|^\.(?:nan|NaN|NAN)$/,
  resolve(text) {
    if (/\.nan$/i.test(text)) return Number.NaN;
    if (/\.inf$/i.test(text))
      return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    const number = Number(text.replaceAll('_', ''));
    return Number.isFinite(number) ? number : text;
  },
};

/** A whole number that its tag calls a float is a number, not a text. */
const floatByTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  test: /^[-+]?\d+$/,
  resolve: (text) => Number(text),
};

/** Base64 that go-yaml decodes to a text. */
const binary: ScalarTag = {
  tag: 'tag:yaml.org,2002:binary',
  resolve(text, onError) {
    const plain = text.replaceAll(/[\r\n]/g, '');
    if (!/^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/.test(plain)) onError('not base64');
    return Buffer.from(plain, 'base64').toString();
  },
};

/** Tags of the library that go-yaml doesn't have, or reads in its own way. */
const replaced = /:(?:timestamp|float|binary|set|omap|pairs)$/;

/**
 * YAML as Kubernetes reads it, by go-yaml: 1.1 with its booleans, octal numbers and merge keys, but times are texts and
 * base 60 is none: https://pkg.go.dev/sigs.k8s.io/yaml/goyaml.v2#section-readme
 */
export const asKubernetes = {
  version: '1.1',
  // The library compares each key with each; `faultOfNodes` reads them once.
  uniqueKeys: false,
  customTags: (tags: Tags) => [
    octalNumber,
    prefixedNumber,
    float,
    floatByTag,
    binary,
    ...tags.filter((tag) => typeof tag === 'string' || !(replaced.test(tag.tag) || tag.format === 'TIME')),
  ],
} as const;

/** What Kubernetes rejects in YAML that the library reads, or reads in another way. */
type NodeFaultCode =
  | 'DUPLICATE_KEY'
  | 'COMPLEX_KEY'
  | 'BAD_ALIAS'
  | 'BAD_ANCHOR'
  | 'BAD_ESCAPE'
  | 'BAD_MERGE'
  | 'BAD_NUMBER'
  | 'MERGE_BEHIND'
  | 'RECURSIVE_ALIAS'
  | 'TAB_AS_INDENT'
  | 'TOO_DEEP'
  | 'TOO_MANY_ALIASES';

/** Such a place. */
export interface NodeFault {
  code: NodeFaultCode;
  offset: number;
}

/** Deeper than any object of Kubernetes. What follows walks through it by recursion. */
const maxDepth = 500;

/** Nodes that aliases may stand for, in all: go-yaml starts to refuse at this number of steps. */
const maxAliasedNodes = 400_000;

/** A node that an alias may name. */
interface Anchored {
  node: unknown;
  /** Nodes in it, with those of its aliases; undefined while it is being read. */
  size: number | undefined;
}

/** Finds the first place of a document that Kubernetes rejects, or by which it means something else than people. */
export function faultOfNodes({ contents }: Pick<Document, 'contents'>, text: string): NodeFault | undefined {
  const anchors = new Map<string, Anchored>();
  let fault: NodeFault | undefined;
  let aliased = 0;
  const found = (code: NodeFaultCode, offset: number): number => {
    fault ??= { code, offset };
    return 1;
  };

  /** The number of nodes in one. */
  function visit(node: unknown, depth: number, parent: number): number {
    const at = offsetOf(node) ?? parent;
    if (fault) return 1;
    if (depth > maxDepth) return found('TOO_DEEP', at);
    if (isAlias(node)) {
      const named = anchors.get(node.source);
      if (!named) return found('BAD_ALIAS', at);
      if (named.size === undefined) return found('RECURSIVE_ALIAS', at);
      aliased += named.size;
      return aliased > maxAliasedNodes ? found('TOO_MANY_ALIASES', at) : named.size;
    }
    const anchor = isNode(node) ? node.anchor : undefined;
    if (anchor === undefined) return visitContent(node, depth, at);
    if (!/^[\w-]+$/.test(anchor)) return found('BAD_ANCHOR', at);
    const anchored: Anchored = { node, size: undefined };
    anchors.set(anchor, anchored);
    anchored.size = visitContent(node, depth, at);
    return anchored.size;
  }

  function visitContent(node: unknown, depth: number, at: number): number {
    if (isScalar(node)) {
      if (typeof node.value === 'number' && !Number.isFinite(node.value)) return found('BAD_NUMBER', at);
      const escape = node.type === 'QUOTE_DOUBLE' ? badEscape(text.slice(at, node.range?.[1])) : undefined;
      return escape === undefined ? 1 : found('BAD_ESCAPE', at + escape);
    }
    let size = 1;
    if (isSeq(node)) for (const item of node.items) size += visit(item, depth + 1, at);
    if (!isMap(node)) return size;
    const keys = new Set<string>();
    for (const { key, value } of node.items) {
      const offset = offsetOf(key) ?? at;
      if (isScalar<string | number | boolean | symbol | null>(key) && key.value !== null) {
        // Also of merge keys, for which the library makes symbols: parsers differ in which of two wins.
        const name = String(key.value);
        if (keys.has(name)) return found('DUPLICATE_KEY', offset);
        if (typeof key.value === 'symbol') {
          if (!isMergeable(value, anchors)) return found('BAD_MERGE', offset);
          // go-yaml lets what is merged win over the fields before it, other parsers let the fields win.
          if ([...mergedKeys(value, anchors)].some((each) => keys.has(each)))
            return found('MERGE_BEHIND', offset);
        }
        keys.add(name);
      } else if (!isAlias(key)) return found('COMPLEX_KEY', offset);
      size += visit(key, depth + 1, offset) + visit(value, depth + 1, offset);
    }
    return size;
  }

  visit(contents, 0, 0);
  return fault ?? tabFault(contents, text);
}

/** Whether a value is an object, or a list of objects, as a merge key has to have. */
function isMergeable(value: unknown, anchors: ReadonlyMap<string, Anchored>): boolean {
  const named = (node: unknown) => (isAlias(node) ? anchors.get(node.source)?.node : node);
  // An alias without an anchor is reported when it is visited.
  const isObject = (node: unknown) => isMap(named(node)) || (isAlias(node) && !anchors.has(node.source));
  return isObject(value) || (isSeq(value) && value.items.every(isObject));
}

/** The keys that a merge brings along. */
function mergedKeys(
  source: unknown,
  anchors: ReadonlyMap<string, Anchored>,
  seen = new Set<unknown>(),
): Set<string> {
  const node = isAlias(source) ? anchors.get(source.source)?.node : source;
  if (seen.has(node)) return new Set();
  seen.add(node);
  if (isSeq(node)) return new Set(node.items.flatMap((item) => [...mergedKeys(item, anchors, seen)]));
  if (!isMap(node)) return new Set();
  return new Set(
    node.items.flatMap(({ key, value }) => {
      if (!isScalar(key)) return [];
      return typeof key.value === 'symbol' ? [...mergedKeys(value, anchors, seen)] : [String(key.value)];
    }),
  );
}

/** The offset of an escape that YAML 1.1 lacks: `\/`, or a code that is no character. JSON has them. */
function badEscape(quoted: string): number | undefined {
  for (const { 0: escape, index } of quoted.matchAll(/\\(?:u[\da-f]{4}|U[\da-f]{8}|[^])/gi)) {
    const code = /^\\u/i.test(escape) ? Number.parseInt(escape.slice(2), 16) : 0;
    if (escape === '\\/' || (code >= 0xd800 && code <= 0xdfff) || code > 0x10_ffff) return index;
  }
  return undefined;
}

/** Lines of tabs, and a tab behind the dash of an item. */
const tabs = /^ *(?:\t[ \t]*(?:#.*)?\r?$|(?:- +)*-\t)/gm;

/** A tab where go-yaml looks for indentation: outside of texts, and of lists and objects in brackets. */
function tabFault(contents: unknown, text: string): NodeFault | undefined {
  for (const { 0: found, index } of text.matchAll(tabs)) {
    const offset = index + found.indexOf('\t');
    if (!isInText(contents, offset)) return { code: 'TAB_AS_INDENT', offset };
  }
  return undefined;
}

function isInText(node: unknown, offset: number): boolean {
  if (!isNode(node) || !node.range || offset < node.range[0] || offset >= node.range[1]) return false;
  if (isMap(node))
    return (
      node.flow === true ||
      node.items.some(({ key, value }) => isInText(key, offset) || isInText(value, offset))
    );
  if (isSeq(node)) return node.flow === true || node.items.some((item) => isInText(item, offset));
  return isScalar(node);
}

/** Where a node begins in the text of its document. */
export function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
