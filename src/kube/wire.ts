import { z } from 'zod';
import type { Selection, WatchEvent } from './client.ts';
import { KubeTransportError, statusErrorFrom } from './errors.ts';
import { apiVersionOf, type KubeObject, objectSchema, type Resource } from './object.ts';

/** What an answer is parsed against. */
export interface Expected {
  /** The request, for the error message. */
  what: string;
  resource: Resource;
  metadataOnly?: boolean | undefined;
}

/** One page of a list. `next` is the continue token, `''` on the last page. */
export interface Page {
  items: KubeObject[];
  resourceVersion: string;
  next: string;
}

const pageSchema = z.object({
  metadata: z.object({ resourceVersion: z.string().min(1), continue: z.string().optional() }),
  // An empty list may be written as null.
  items: z.array(z.unknown()).nullable(),
});

const eventSchema = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.unknown(),
});

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
  if (selection.labelSelector !== undefined) query.set('labelSelector', selection.labelSelector);
  if (selection.fieldSelector !== undefined) query.set('fieldSelector', selection.fieldSelector);
  return query;
}

/**
 * Checks the envelope and gives the object the kind that was asked for (items of a list come without, metadata
 * comes as PartialObjectMetadata). `managedFields` is dropped: it is half of an object's size, and a PUT without
 * it keeps what the server has.
 *
 * @throws KubeTransportError of kind Protocol
 */
export function parseObject(body: unknown, expected: Expected): KubeObject {
  const parsed = objectSchema.safeParse(body);
  if (!parsed.success) throw new KubeTransportError(expected.what, 'Protocol');
  const { managedFields: _, ...metadata } = parsed.data.metadata;
  const rest = expected.metadataOnly === true ? {} : parsed.data;
  return { ...rest, apiVersion: apiVersionOf(expected.resource), kind: expected.resource.kind, metadata };
}

/** @throws KubeTransportError of kind Protocol */
export function parsePage(body: unknown, expected: Expected): Page {
  const parsed = pageSchema.safeParse(body);
  if (!parsed.success) throw new KubeTransportError(expected.what, 'Protocol');
  const { metadata, items } = parsed.data;
  return {
    items: (items ?? []).map((item) => parseObject(item, expected)),
    resourceVersion: metadata.resourceVersion,
    next: metadata.continue ?? '',
  };
}

/** Parses one line of a watch. @throws KubeTransportError of kind Protocol */
export function parseEvent(line: string, expected: Expected): WatchEvent {
  const { type, object } = parseAs(eventSchema, parseJson(line, expected.what), expected.what);
  if (type === 'BOOKMARK') {
    const { metadata } = parseAs(bookmarkSchema, object, expected.what);
    return { type, resourceVersion: metadata.resourceVersion };
  }
  if (type === 'ERROR') {
    const { code } = parseAs(errorCodeSchema, object, expected.what);
    return { type, error: statusErrorFrom(expected.what, code, object) };
  }
  return { type, object: parseObject(object, expected) };
}

/** JSON.parse, whose own error would quote the text. @throws KubeTransportError of kind Protocol */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new KubeTransportError(what, 'Protocol');
  }
}

function parseAs<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new KubeTransportError(what, 'Protocol');
  return parsed.data;
}
