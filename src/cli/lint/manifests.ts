import {
  type Document,
  isMap,
  isNode,
  isSeq,
  LineCounter,
  type Pair,
  parseAllDocuments,
  type YAMLMap,
} from 'yaml';
import { z } from 'zod';
import { isJson } from '../../domain/value-shape.ts';
import { ownMember } from '../../lib/names.ts';
import { type DocumentText, documentTexts } from './document-texts.ts';
import { asKubernetes, faultOfNodes, offsetOf } from './kubernetes-yaml.ts';

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
  // What the library walks through, it walks by recursion.
  const documents = orTooDeep(() =>
    parseAllDocuments(text, { ...asKubernetes, lineCounter: lines, logLevel: 'error' }),
  );
  if (documents === tooDeep) return void fault({ line: linesBefore + 1, column: 1 }, tooDeep);
  // Without a document the library gives an empty list with extra properties.
  if (!Array.isArray(documents)) return;
  for (const [index, document] of documents.entries()) {
    const [error] = document.errors;
    if (error) {
      if (template >= 0) fault(locate(template), templateFault);
      else fault(locate(error.pos[0]), describe(error.code));
      // What follows a broken document can't be separated from it.
      return;
    }
    if (index > 0) {
      fault(locate(document.range[0]), textBehindEnd);
      return;
    }
    const bad = faultOfNodes(document, text);
    // `{{ … }}` without quotes is YAML too: an object whose key is an object.
    if (bad?.code === 'COMPLEX_KEY' && template >= 0) fault(locate(template), templateFault);
    else if (bad && !(bad.code === 'BAD_ESCAPE' && isJson(text)))
      fault(locate(bad.offset), describe(bad.code));
    else readDocument(file, document, text, locate, parsed);
  }
}

/** What a function returns, or {@link tooDeep} where it ran out of stack. */
function orTooDeep<T>(read: () => T): T | typeof tooDeep {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return tooDeep;
    throw error;
  }
}

function placeIn(text: string, offset: number, linesBefore: number): Position {
  const before = text.slice(0, offset).split('\n');
  return { line: linesBefore + before.length, column: (before.at(-1) ?? '').length + 1 };
}

const tooDeep = { message: 'The document is nested too deeply.', hint: 'No Kubernetes object is.' };

function readDocument(
  file: string,
  document: Document,
  text: string,
  locate: Locate,
  parsed: ParsedFile,
): void {
  const at = (path: Path, of: 'key' | 'value' = 'value') => positionIn(document, path, of, locate);
  const fault = (position: Position, message: string, hint: string) =>
    parsed.faults.push({ file, position, message, hint });
  const content: unknown =
    halfCharacter.test(text) && isJson(text)
      ? JSON.parse(text, (_key, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value))
      : document.toJS({ maxAliasCount: -1 });
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

/** JSON can escape half of a character, in whose place Kubernetes puts U+FFFD. */
const halfCharacter = /\\ud[89a-f]/i;

const textBehindEnd = {
  message: 'Text follows the end of a document (...), which Kubernetes ignores.',
  hint: 'Separate documents with ---.',
};

const templateFault = {
  message: 'The file is a template, not YAML.',
  hint: 'Render it first: helm template … | codemie-git lint -',
};

function describe(code: string): { message: string; hint: string } {
  const known: Record<string, string> = {
    DUPLICATE_KEY: 'A key is there twice in one object.',
    COMPLEX_KEY: 'A key is not a text.',
    TAB_AS_INDENT: 'A tab is used as indentation.',
    BAD_INDENT: 'The indentation does not fit the lines above.',
    MISSING_CHAR: 'A quotation mark, bracket or colon is missing.',
    BAD_ALIAS: 'An alias has no anchor.',
    BAD_ANCHOR: 'The name of an anchor has other characters than letters, digits, - and _.',
    BAD_ESCAPE: 'An escape in double quotes is none that Kubernetes knows.',
    BAD_MERGE: 'A merge key (<<) has something else than an object, or a list of objects.',
    BAD_NUMBER: 'Infinity and NaN are no values for Kubernetes.',
    MERGE_BEHIND:
      'A merged field comes after the field it would override, which Kubernetes replaces and other parsers keep.',
    RECURSIVE_ALIAS: 'An alias stands for something that contains it.',
    TOO_DEEP: tooDeep.message,
    TOO_MANY_ALIASES: 'The document repeats aliases too often.',
    MULTILINE_IMPLICIT_KEY: 'A key goes over several lines, or a colon is missing.',
  };
  return {
    message: ownMember(known, code) ?? 'The text is not valid YAML.',
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

/** An object to look fields up in; empty for anything else. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
