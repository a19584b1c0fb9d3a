import type { KubeClient } from '../../src/kube/client.ts';
import { isNotFound } from '../../src/kube/errors.ts';
import { type ObjectKey, type Resource } from '../../src/kube/object.ts';
import { createKubeClient, type KubeClientOptions } from '../../src/kube/rest-client.ts';
import { createTransport } from '../../src/kube/transport.ts';
import { objectPath, parseJson } from '../../src/kube/wire.ts';

/** A client with what an administrator does and the operator never does. Errors as those of {@link KubeClient}. */
export interface AdminClient extends KubeClient {
  /** Resolves also when the object is gone already. With `uid`, only that incarnation is deleted (else 409). */
  delete(resource: Resource, key: ObjectKey, signal: AbortSignal, options?: { uid?: string }): Promise<void>;
  /** GET of any path, e.g. `/version`. */
  getRaw(path: string, signal: AbortSignal): Promise<unknown>;
}

/** Deadline of a call that {@link AdminClient} adds. */
const timeoutMs = 30_000;

/** Creates the operator's client with these calls, over one transport. */
export function createAdminClient(options: KubeClientOptions): AdminClient {
  const transport = createTransport(options);
  return {
    ...createKubeClient(options, transport),

    async delete(resource, key, signal, { uid } = {}) {
      const deletion = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      };
      try {
        await transport.call({
          what: `delete ${resource.plural} ${key}`,
          verb: 'delete',
          resource: resource.plural,
          method: 'DELETE',
          path: objectPath(resource, key),
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(deletion),
          timeoutMs,
          signal,
        });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },

    async getRaw(path, signal) {
      const what = `get ${path}`;
      const request = { what, verb: 'get', resource: 'raw', method: 'GET', path, timeoutMs, signal } as const;
      return parseJson(await transport.call(request), what);
    },
  };
}
