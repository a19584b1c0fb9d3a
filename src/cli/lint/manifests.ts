import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseAllDocuments,
  type Tags,
  visit,
  type YAMLMap,
} from 'yaml';
import { z } from 'zod';
import { own } from '../../lib/own.ts';
import { octalNumber } from '../documents.ts';
import { type DocumentText, documentTexts } from './document-texts.ts';

/** A place in a file. Both count from 1, as editors do. */
export interface Position {
  line: number;
  column: number;
}

/** What a path inside of an object is made of, as zod has it. */
export type Path = readonly PropertyKey[];

/** One Kubernetes object of a file. */
export interface Manifest {
  /** As the user named it; `<stdin>` for standard input. */
  file: string;
  apiVersion: string;
  kind: string;
  /** Empty where the manifest has none, which is a separate finding. */
  name: string;
  namespace: string | undefined;
  /** The whole object in plain JSON. */
  object: Readonly<Record<string, unknown>>;
  /**
   * Where a field is; where it is missing, the closest parent that is there.
   *
   * @param of `key` points at the name of the field, `value` at what it holds
   */
  position(path: Path, of?: 'key' | 'value'): Position;
}

/** Text that is no YAML, or YAML that is no Kubernetes object. */
interface SyntaxFault {
  file: string;
  position: Position;
  message: string;
  hint: string;
}

/** What was read from a file. */
export interface ParsedFile {
  manifests: Manifest[];
  faults: SyntaxFault[];
}

const header = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z
    .object({ name: z.string().catch(''), namespace: z.string().optional().catch(undefined) })
    .catch({
      name: '',
      namespace: undefined,
    }),
});

const list = z.object({ items: z.array(z.unknown()) });

/**
 * YAML as Kubernetes reads it, by go-yaml: 1.1 with its booleans, octal numbers and merge keys, but times are texts and
 * base 60 is none: https://pkg.go.dev/sigs.k8s.io/yaml/goyaml.v2#section-readme
 */
const asKubernetes = {
  version: '1.1',
  // The library compares each key with each; `badKey` reads them once.
  uniqueKeys: false,
  customTags: (tags: Tags) => [
    octalNumber,
    ...tags.filter(
      (tag) => typeof tag === 'string' || !(tag.tag.endsWith(':timestamp') || tag.format === 'TIME'),
    ),
  ],
} as const;

/** Aliases may repeat what they name this often; more is a bomb, not a manifest. */
const maxAliasCount = 100;

/** After so many faults nothing more is read of a file: it is no manifest. */
const maxFaults = 1000;

/**
 * Reads the objects of one YAML or JSON text: several documents, and lists (`kind: List`). Empty documents are skipped,
 * as kubectl does.
 */
export function parseManifests(file: string, text: string): ParsedFile {
  const parsed: ParsedFile = { manifests: [], faults: [] };
  for (const part of documentTexts(text)) {
    if (parsed.faults.length >= maxFaults) break;
    readText(file, part, parsed);
  }
  return parsed;
}

/** Turns an offset into a place of the file. */
type Locate = (offset: number) => Position;

function readText(file: string, part: DocumentText, parsed: ParsedFile): void {
  const { text, linesBefore } = part;
  const lines = new LineCounter();
  const locate: Locate = (offset) => {
    const { line, col } = lines.linePos(offset);
    return { line: linesBefore + Math.max(1, line), column: Math.max(1, col) };
  };
  const fault = (position: Position, { message, hint }: Pick<SyntaxFault, 'message' | 'hint'>) =>
    parsed.faults.push({ file, position, message, hint });
  if (part.fault) {
    const { offset, ...what } = part.fault;
    fault(placeIn(text, offset, linesBefore), what);
    return;
  }
  const template = text.indexOf('{{');
  const documents = parseAllDocuments(text, { ...asKubernetes, lineCounter: lines, logLevel: 'error' });
  // Without a document the library gives an empty list with extra properties.
  if (!Array.isArray(documents)) return;
  for (const document of documents) {
    const [error] = document.errors;
    if (error) {
      if (template >= 0) fault(locate(template), templateFault);
      else fault(locate(error.pos[0]), describe(error.code));
      // What follows a broken document can't be separated from it.
      return;
    }
    try {
      const bad = badKey(document.contents);
      // `{{ … }}` without quotes is YAML too: an object whose key is an object.
      if (bad && template >= 0 && bad.code === 'COMPLEX_KEY') fault(locate(template), templateFault);
      else if (bad) fault(locate(bad.offset), describe(bad.code));
      else readDocument(file, document, locate, parsed);
    } catch (error_) {
      // What the library walks through, it walks by recursion.
      if (!(error_ instanceof RangeError)) throw error_;
      fault({ line: linesBefore + 1, column: 1 }, tooDeep);
    }
  }
}

function placeIn(text: string, offset: number, linesBefore: number): Position {
  const before = text.slice(0, offset).split('\n');
  return { line: linesBefore + before.length, column: (before.at(-1) ?? '').length + 1 };
}

const tooDeep = { message: 'The document is nested too deeply.', hint: 'No Kubernetes object is.' };

function readDocument(file: string, document: Document, locate: Locate, parsed: ParsedFile): void {
  const at = (path: Path, of: 'key' | 'value' = 'value') => positionIn(document, path, of, locate);
  const fault = (position: Position, message: string, hint: string) =>
    parsed.faults.push({ file, position, message, hint });
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount });
  } catch (error) {
    if (error instanceof RangeError) throw error;
    // Of all that the library throws here, these two remain once the text is YAML.
    const unknown = unknownAlias(document);
    if (unknown !== undefined)
      parsed.faults.push({ file, position: locate(unknown), ...describe('BAD_ALIAS') });
    else
      fault(
        at([]),
        'The document repeats aliases too often.',
        `Write out what more than ${maxAliasCount} aliases stand for.`,
      );
    return;
  }
  if (content === null || content === undefined) return;
  const add = (value: unknown, prefix: Path): void => {
    const { success, data } = header.safeParse(value);
    if (!success) {
      const what = prefix.length === 0 ? 'document' : 'item';
      fault(
        at(prefix),
        `The ${what} is not a Kubernetes object.`,
        'Give it apiVersion, kind and metadata.name.',
      );
      return;
    }
    if (data.kind.endsWith('List') && list.safeParse(value).success) {
      for (const [index, item] of list.parse(value).items.entries()) add(item, [...prefix, 'items', index]);
      return;
    }
    const { apiVersion, kind, metadata } = data;
    parsed.manifests.push({
      file,
      apiVersion,
      kind,
      name: metadata.name,
      namespace: metadata.namespace,
      object: recordOf(value),
      position: (path, of) => at([...prefix, ...path], of),
    });
  };
  add(content, []);
}

const templateFault = {
  message: 'The file is a template, not YAML.',
  hint: 'Render it first: helm template … | codemie-git lint -',
};

/** A key that Kubernetes rejects. */
interface BadKey {
  code: 'DUPLICATE_KEY' | 'COMPLEX_KEY';
  offset: number;
}

/**
 * The first key that its object has already, in the form that Kubernetes compares (of two numbers, their text), or that is
 * no text, number or boolean.
 */
function badKey(node: unknown): BadKey | undefined {
  if (isSeq(node)) return firstOf(node.items, badKey);
  if (!isMap(node)) return undefined;
  const keys = new Set<string>();
  const start = offsetOf(node) ?? 0;
  return firstOf(node.items, ({ key, value }): BadKey | undefined => {
    const offset = offsetOf(key) ?? start;
    if (isScalar<string | number | boolean | symbol | null>(key) && key.value !== null) {
      // Also of merge keys, for which the library makes symbols: parsers differ in which of two wins.
      const name = String(key.value);
      if (keys.has(name)) return { code: 'DUPLICATE_KEY', offset };
      keys.add(name);
    } else if (!isAlias(key)) return { code: 'COMPLEX_KEY', offset };
    return badKey(value);
  });
}

function firstOf<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where an alias is that no anchor before it defines. */
function unknownAlias(document: Document): number | undefined {
  const anchors = new Set<string>();
  let offset: number | undefined;
  visit(document, (_key, node) => {
    if (isAlias(node) && !anchors.has(node.source)) {
      offset = node.range?.[0];
      return visit.BREAK;
    }
    if (isNode(node) && !isAlias(node) && node.anchor !== undefined) anchors.add(node.anchor);
    return undefined;
  });
  return offset;
}

/** The library's own sentences quote the text around the fault, which may be a Secret's. */
function describe(code: string): { message: string; hint: string } {
  const known: Record<string, string> = {
    DUPLICATE_KEY: 'A key is there twice in one object.',
    COMPLEX_KEY: 'A key is not a text.',
    TAB_AS_INDENT: 'A tab is used as indentation.',
    BAD_INDENT: 'The indentation does not fit the lines above.',
    MISSING_CHAR: 'A quotation mark, bracket or colon is missing.',
    BAD_ALIAS: 'An alias has no anchor.',
    MULTILINE_IMPLICIT_KEY: 'A key goes over several lines, or a colon is missing.',
  };
  return {
    message: own(known, code) ?? 'The text is not valid YAML.',
    hint: 'Correct it here or in the lines right above.',
  };
}

/** The pairs of a large map by their keys, made once: an object may have thousands of fields that are wrong. */
const smallMap = 32;
const knownPairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

function pairIn(map: YAMLMap, key: string): Pair | undefined {
  if (map.items.length <= smallMap) return map.items.find((pair) => String(pair.key) === key);
  const known = knownPairs.get(map);
  if (known) return known.get(key);
  const made = new Map(map.items.map((pair): [string, Pair] => [String(pair.key), pair]));
  knownPairs.set(map, made);
  return made.get(key);
}

function positionIn(document: Document, path: Path, of: 'key' | 'value', locate: Locate): Position {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? 0;
  for (const [index, step] of path.entries()) {
    const isLast = index === path.length - 1;
    if (isMap(node)) {
      const pair = pairIn(node, String(step));
      if (!pair) break;
      const keyOffset = offsetOf(pair.key) ?? offset;
      node = pair.value;
      // Of a parent the key is what a reader looks for: its value begins on the line below.
      const useKey = of === 'key' || !isLast || !isScalarOnLine(node);
      offset = useKey ? keyOffset : (offsetOf(node) ?? keyOffset);
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      const found = offsetOf(node);
      if (found === undefined) break;
      offset = found;
    } else break;
  }
  return locate(offset);
}

function isScalarOnLine(node: unknown): boolean {
  return isNode(node) && !isMap(node) && !isSeq(node) && offsetOf(node) !== undefined;
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** An object to look fields up in; empty for anything else. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
