import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { bounds } from '../lib/bounds.ts';
import {
  fieldsOf,
  JsonFault,
  type JsonSlice,
  jsonElements,
  parseSlice,
  sliceText,
  wholeSlice,
} from '../lib/json-bytes.ts';
import type { Selection, WatchEvent } from './client.ts';
import { KubeTransportError, statusErrorFrom } from './errors.ts';
import {
  apiVersionOf,
  type KubeObject,
  type ObjectKey,
  objectSchema,
  type Resource,
  splitKey,
} from './object.ts';
import { type Projection, slimText } from './slim.ts';

/** What an answer is parsed against. */
export interface Expected {
  /** The request, for the error message. */
  what: string;
  resource: Resource;
  metadataOnly?: boolean | undefined;
  /** See {@link Slimming}. */
  projection?: Projection | undefined;
  dataKey?: string | undefined;
}

/** One page of a list. `next` is the continue token, `''` on the last page. */
export interface Page {
  items: KubeObject[];
  resourceVersion: string;
  next: string;
  /** Length of the answer. */
  bytes: number;
}

const pageSchema = z.object({
  metadata: z.object({ resourceVersion: z.string().min(1), continue: z.string().optional() }),
});

const eventTypeSchema = z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']);

const bookmarkSchema = z.object({ metadata: z.object({ resourceVersion: z.string().min(1) }) });

const errorCodeSchema = z.object({ code: z.number() });

/**
 * The Accept header. The metadata form is asked for without an alternative, so that a server can't answer with
 * whole Secrets. https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
 */
export function acceptHeader(form: 'object' | 'list', metadataOnly: boolean | undefined): string {
  if (metadataOnly !== true) return 'application/json';
  const kind = form === 'list' ? 'PartialObjectMetadataList' : 'PartialObjectMetadata';
  return `application/json;as=${kind};g=meta.k8s.io;v=v1`;
}

/** The query parameters of a selection. */
export function selectionQuery(selection: Selection): URLSearchParams {
  const query = new URLSearchParams();
  if (selection.fieldSelector !== undefined) query.set('fieldSelector', selection.fieldSelector);
  return query;
}

/** So many bytes of a list are read before others have their turn. */
const turnBytes = 256 * 1024;

/**
 * Checks the envelope and gives the object the kind that was asked for (items of a list come without, metadata
 * comes as PartialObjectMetadata). What is never read is dropped before it is parsed, see {@link slimText}.
 *
 * @throws KubeTransportError of kind Protocol
 */
export function parseObject(bytes: Uint8Array, expected: Expected): KubeObject {
  return protocol(expected.what, () => objectAt(bytes, wholeSlice(bytes), expected));
}

function objectAt(bytes: Uint8Array, slice: JsonSlice, expected: Expected): KubeObject {
  const { resource } = expected;
  const parsed = objectSchema.parse(JSON.parse(slimText(bytes, slice, expected)));
  return { ...parsed, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

/**
 * Parses a page of a list, some of its items at a time.
 *
 * @throws KubeTransportError of kind Protocol
 */
export async function parsePage(bytes: Uint8Array, expected: Expected): Promise<Page> {
  const { what } = expected;
  const fields = protocol(what, () => fieldsOf(bytes, wholeSlice(bytes), ['metadata', 'items']));
  const { metadata } = protocol(what, () =>
    pageSchema.parse({ metadata: parseSlice(bytes, slice(fields.metadata)) }),
  );
  const items: KubeObject[] = [];
  let turnEndsAt = turnBytes;
  // An empty list may be written as null.
  const elements =
    fields.items && !isNull(bytes, fields.items) ? jsonElements(bytes, fields.items) : [].values();
  for (;;) {
    const { done, value } = protocol(what, () => elements.next());
    if (done) break;
    items.push(protocol(what, () => objectAt(bytes, value, expected)));
    if (value.end < turnEndsAt) continue;
    turnEndsAt = value.end + turnBytes;
    await setImmediate();
  }
  return {
    items,
    resourceVersion: metadata.resourceVersion,
    next: metadata.continue ?? '',
    bytes: bytes.length,
  };
}

/** Parses one line of a watch. @throws KubeTransportError of kind Protocol */
export function parseEvent(line: Uint8Array, expected: Expected): WatchEvent {
  const { what } = expected;
  return protocol(what, () => {
    const fields = fieldsOf(line, wholeSlice(line), ['type', 'object']);
    const type = eventTypeSchema.parse(parseSlice(line, slice(fields.type)));
    const object = slice(fields.object);
    if (type === 'BOOKMARK') {
      const { metadata } = bookmarkSchema.parse(parseSlice(line, object));
      return { type, resourceVersion: metadata.resourceVersion };
    }
    if (type === 'ERROR') {
      const status = parseSlice(line, object);
      return { type, error: statusErrorFrom(what, errorCodeSchema.parse(status).code, status) };
    }
    return { type, object: objectAt(line, object, expected) };
  });
}

/** JSON.parse, whose own error would quote the text. @throws KubeTransportError of kind Protocol */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  return protocol(what, () => parseSlice(bytes, wholeSlice(bytes)));
}

function slice(found: JsonSlice | undefined): JsonSlice {
  if (found === undefined) throw new JsonFault();
  return found;
}

function isNull(bytes: Uint8Array, { start, end }: JsonSlice): boolean {
  return end - start < 16 && sliceText(bytes, { start, end }).trim() === 'null';
}

/** Neither the errors of parsers nor those of zod get out: they quote the text. */
function protocol<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new KubeTransportError(what, 'Protocol');
  }
}

/** A line holds one object and little else. */
const maxLineBytes = bounds.kubeObject.maxBytes + 64 * 1024;

/**
 * Splits a byte stream at newlines. It cuts bytes, not text, so a character that arrives in two chunks stays
 * whole. A last line without its newline is dropped: the stream broke in the middle of it.
 *
 * @throws RangeError when a line does not end
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      pending.push(chunk.subarray(start, end));
      const line = Buffer.concat(pending);
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (!isBlank(line)) yield line;
    }
    if (start < chunk.length) {
      pending.push(chunk.subarray(start));
      pendingBytes += chunk.length - start;
      if (pendingBytes > maxLineBytes) throw new RangeError('A line of the stream is too long.');
    }
  }
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);
}

/**
 * The URL path of a kind's collection. Without a namespace it spans all of them.
 */
export function collectionPath(resource: Resource, namespace?: string): string {
  const root =
    resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${resource.plural}`;
}

/**
 * The URL path of one object, or of its subresource.
 *
 * @throws TypeError when the key does not fit the scope of the kind; the server would answer for another path
 */
export function objectPath(resource: Resource, key: ObjectKey, subresource?: string): string {
  const { namespace, name } = splitKey(key);
  if (name === '' || (namespace !== undefined) !== resource.namespaced) {
    throw new TypeError(`"${key}" is no key of ${resource.plural}.`);
  }
  const path = `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}
