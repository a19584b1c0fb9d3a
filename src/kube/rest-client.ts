import { bounds } from '../lib/bounds.ts';
import { startDeadline } from '../lib/deadline.ts';
import { durations } from '../lib/durations.ts';
import type { JsonPatchOp, KubeClient, ListOptions } from './client.ts';
import { isGone, isNotFound, isTooLarge, KubeTransportError, toTransportError } from './errors.ts';
import { apiVersionOf, type KubeObject, keyOf, type ObjectKey, type Resource, splitKey } from './object.ts';
import { writeToSame } from './same-incarnation.ts';
import type { Projection } from './slim.ts';
import { createTransport, type KubeRequest, type Transport, type TransportOptions } from './transport.ts';
import {
  acceptHeader,
  collectionPath,
  objectPath,
  type Page,
  parseEvent,
  parseJson,
  parseObject,
  parsePage,
  selectionQuery,
  splitLines,
} from './wire.ts';

/** Options for {@link createKubeClient}. */
export interface KubeClientOptions extends TransportOptions {
  /** Deadline of one call, retries included. Default 30 s; a page of a list gets twice that. */
  timeoutMs?: number;
  /** What is kept of the objects of a kind, wherever they come from; by default all but `managedFields`. */
  projectionOf?: (resource: Resource) => Projection | undefined;
}

const { kubeListPage, kubeObject } = bounds;

/** A page of one object has to get through whatever its size, and so has a list that cannot be paged. */
function maxBytesOf(limit: number): number {
  if (limit === 0) return Number.POSITIVE_INFINITY;
  return limit === 1 ? kubeObject.maxBytes : kubeListPage.maxBytes;
}

/** The parts of a request that the helpers below don't know. */
type Sent = Pick<KubeRequest, 'method' | 'path' | 'signal'> & Partial<KubeRequest>;

/** Creates a client that speaks to a real API server. It connects on first use. */
export function createKubeClient(
  options: KubeClientOptions,
  transport: Transport = createTransport(options),
): KubeClient {
  const { timeoutMs = durations.kube.callTimeoutMs, projectionOf = () => undefined, clock } = options;

  function describe(verb: string, resource: Resource, target: string, sent: Sent): KubeRequest {
    const what = `${verb} ${resource.plural} ${target}`.trimEnd();
    return { what, verb, resource: resource.plural, timeoutMs, ...sent };
  }

  async function object(resource: Resource, request: KubeRequest, dataKey?: string): Promise<KubeObject> {
    const bytes = await transport.call(request);
    return parseObject(bytes, { what: request.what, resource, projection: projectionOf(resource), dataKey });
  }

  async function page(resource: Resource, list: ListOptions, limit: number, next: string): Promise<Page> {
    const query = selectionQuery(list);
    // resourceVersion stays unset: with resourceVersion=0 the server ignores the limit.
    if (limit > 0) query.set('limit', String(limit));
    if (next !== '') query.set('continue', next);
    const request = describe('list', resource, '', {
      method: 'GET',
      path: `${collectionPath(resource, list.namespace)}?${query.toString()}`,
      headers: { accept: acceptHeader('list', list.metadataOnly) },
      timeoutMs: timeoutMs * 2,
      signal: list.signal,
    });
    const { what } = request;
    const { metadataOnly } = list;
    const bytes = await transport.call(request, maxBytesOf(limit));
    return await parsePage(bytes, { what, resource, metadataOnly, projection: projectionOf(resource) });
  }

  /** All pages, each of as many objects as fit into it. */
  async function pages(
    resource: Resource,
    list: ListOptions,
  ): Promise<Pick<Page, 'items' | 'resourceVersion'>> {
    const items: KubeObject[] = [];
    let limit: number = kubeListPage.maxItems;
    let next = '';
    for (;;) {
      const one = await page(resource, list, limit, next).catch((error: unknown) => {
        if (limit === 1 || !isTooLarge(error)) throw error;
        return undefined;
      });
      if (one === undefined) {
        limit = Math.ceil(limit / 4);
        continue;
      }
      for (const item of one.items) items.push(item);
      if (one.next === '') return { items, resourceVersion: one.resourceVersion };
      next = one.next;
      if (one.bytes < kubeListPage.maxBytes / 4) limit = Math.min(kubeListPage.maxItems, limit * 2);
    }
  }

  async function get(
    resource: Resource,
    key: ObjectKey,
    signal: AbortSignal,
    { dataKey }: { dataKey?: string } = {},
  ): Promise<KubeObject | undefined> {
    const path = objectPath(resource, key);
    try {
      return await object(resource, describe('get', resource, key, { method: 'GET', path, signal }), dataKey);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  return {
    get,

    async list(resource, list) {
      try {
        return await pages(resource, list);
      } catch (error) {
        // The continue token outlived its snapshot, so paging can't keep up: take everything at once.
        if (!isGone(error)) throw error;
        const { items, resourceVersion } = await page(resource, list, 0, '');
        return { items, resourceVersion };
      }
    },

    async *watch(resource, watch) {
      const query = selectionQuery(watch);
      query.set('watch', 'true');
      query.set('allowWatchBookmarks', 'true');
      query.set('resourceVersion', watch.resourceVersion);
      query.set('timeoutSeconds', String(watch.timeoutSeconds));
      const request = describe('watch', resource, '', {
        method: 'GET',
        path: `${collectionPath(resource, watch.namespace)}?${query.toString()}`,
        headers: { accept: acceptHeader('object', watch.metadataOnly) },
        signal: watch.signal,
      });
      const { what } = request;
      // A proxy that keeps the connection open and silent is not seen by TCP; only this deadline ends it.
      const lifeMs = watch.timeoutSeconds * 1000 + (watch.graceMs ?? durations.kube.watchGraceMs);
      const tooLate = (): Error => new KubeTransportError(what, 'Timeout');
      const deadline = startDeadline(lifeMs, { parent: watch.signal, reason: tooLate, clock });
      try {
        const bytes = await transport.stream({ ...request, signal: deadline.signal });
        for await (const line of splitLines(bytes)) {
          yield parseEvent(line, {
            what,
            resource,
            metadataOnly: watch.metadataOnly,
            projection: projectionOf(resource),
          });
        }
      } catch (error) {
        deadline.signal.throwIfAborted();
        throw toTransportError(what, error);
      } finally {
        deadline.stop();
      }
    },

    create(resource, created, signal) {
      const request = describe('create', resource, keyOf(created), {
        method: 'POST',
        path: collectionPath(resource, created.metadata.namespace),
        ...json({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...created }),
        signal,
      });
      return object(resource, request);
    },

    replace(resource, replaced, signal) {
      const key = keyOf(replaced);
      const request = describe('update', resource, key, {
        method: 'PUT',
        path: objectPath(resource, key),
        ...json({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...replaced }),
        signal,
      });
      return object(resource, request);
    },

    patchJson(resource, key, operations: JsonPatchOp[], signal) {
      const request = describe('patch', resource, key, {
        method: 'PATCH',
        path: objectPath(resource, key),
        ...json(operations, 'application/json-patch+json'),
        signal,
      });
      return object(resource, request);
    },

    applyStatus(resource, key, status, { fieldManager, uid, resourceVersion }, signal) {
      const query = new URLSearchParams({ fieldManager, force: 'true' });
      const path = `${objectPath(resource, key, 'status')}?${query.toString()}`;
      const apply = (version: string | undefined): Promise<KubeObject> => {
        const metadata = { ...splitKey(key), ...(version === undefined ? {} : { resourceVersion: version }) };
        const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, status };
        // JSON is YAML, and this content type is what makes the patch an apply.
        const sent: Sent = { method: 'PATCH', path, ...json(body, 'application/apply-patch+yaml'), signal };
        return object(resource, describe('apply', resource, `${key} status`, sent));
      };
      if (uid === undefined) return apply(resourceVersion);
      const what = `apply ${resource.plural} ${key} status`;
      return writeToSame({ what, uid, resourceVersion, read: () => get(resource, key, signal) }, apply);
    },

    apply(resource, applied, { fieldManager }, signal) {
      const key = keyOf(applied);
      const query = new URLSearchParams({ fieldManager, force: 'true' });
      const request = describe('apply', resource, key, {
        method: 'PATCH',
        path: `${objectPath(resource, key)}?${query.toString()}`,
        ...json(
          { apiVersion: apiVersionOf(resource), kind: resource.kind, ...applied },
          'application/apply-patch+yaml',
        ),
        signal,
      });
      return object(resource, request);
    },

    async ask(resource, question, signal) {
      const request = describe('create', resource, '', {
        method: 'POST',
        path: collectionPath(resource),
        ...json({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...question }),
        signal,
      });
      return parseJson(await transport.call(request), request.what);
    },

    close: () => transport.close(),
  };
}

function json(value: unknown, type = 'application/json'): Pick<KubeRequest, 'body' | 'headers'> {
  return { body: JSON.stringify(value), headers: { 'content-type': type } };
}
