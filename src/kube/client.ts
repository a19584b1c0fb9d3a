import type { KubeStatusError } from './errors.ts';
import type { KubeObject, ObjectKey, Resource } from './object.ts';

/** Which objects to read. */
export interface Selection {
  /** Default: all namespaces. */
  namespace?: string;
  fieldSelector?: string;
  /** Ask for `metadata` only (PartialObjectMetadata). The rest never leaves the server. */
  metadataOnly?: boolean;
}

/** What to list. */
export interface ListOptions extends Selection {
  signal: AbortSignal;
}

interface WatchOptions extends Selection {
  /** Where to go on from: of a list, an event or a bookmark. */
  resourceVersion: string;
  /** After this time the server ends the watch. */
  timeoutSeconds: number;
  /** How long after that the watch is given up when the server did not end it. Default 15 s. */
  graceMs?: number;
  signal: AbortSignal;
}

/** One line of a watch. */
export type WatchEvent =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject }
  | { type: 'BOOKMARK'; resourceVersion: string }
  | { type: 'ERROR'; error: KubeStatusError };

/** https://www.rfc-editor.org/rfc/rfc6902 */
export type JsonPatchOp =
  | { op: 'add' | 'replace' | 'test'; path: string; value: unknown }
  | { op: 'remove'; path: string };

/** An object to be created. `apiVersion` and `kind` are filled in. */
export interface NewObject {
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: object[];
    finalizers?: string[];
  };
  [field: string]: unknown;
}

/**
 * A client for any kind, in plain JSON: Kubernetes times stay strings, unknown fields stay. Each call has a
 * deadline. All calls throw KubeStatusError (an answer with an error status), KubeTransportError (no usable
 * answer) or the reason of the caller's signal. Reads are retried when the server sheds load; writes never.
 */
export interface KubeClient {
  /**
   * Undefined when there is no such object.
   *
   * @param options.dataKey of its `data`, as Secrets and ConfigMaps have it, only this entry is read
   */
  get(
    resource: Resource,
    key: ObjectKey,
    signal: AbortSignal,
    options?: { dataKey?: string },
  ): Promise<KubeObject | undefined>;
  /** All pages. `resourceVersion` is where a watch may start. */
  list(resource: Resource, options: ListOptions): Promise<{ items: KubeObject[]; resourceVersion: string }>;
  /** One watch, until the server ends it. It ends by returning, or throws as the calls do. */
  watch(resource: Resource, options: WatchOptions): AsyncIterable<WatchEvent>;
  create(resource: Resource, object: NewObject, signal: AbortSignal): Promise<KubeObject>;
  /** PUT. The object's `resourceVersion` must be current, otherwise 409. */
  replace(resource: Resource, object: KubeObject, signal: AbortSignal): Promise<KubeObject>;
  /** RFC 6902. A failed `test` is a 422. */
  patchJson(
    resource: Resource,
    key: ObjectKey,
    operations: JsonPatchOp[],
    signal: AbortSignal,
  ): Promise<KubeObject>;
  /**
   * Server-side apply of the whole status this manager owns. Never creates the object (404). Equal content leaves
   * resourceVersion as it is. With `uid`, an object that was created again under the name is not touched (404); this
   * costs a read, unless `resourceVersion` is given and still current. Without `uid`, a `resourceVersion` that is
   * not current is a 409.
   * https://kubernetes.io/docs/reference/using-api/server-side-apply/
   */
  applyStatus(
    resource: Resource,
    key: ObjectKey,
    status: object,
    options: { fieldManager: string; uid?: string; resourceVersion?: string },
    signal: AbortSignal,
  ): Promise<KubeObject>;
  /**
   * Server-side apply of the object, which is made if it is not there. Fields that this manager applied before and
   * does not any more are removed; what others have set to another value is overwritten.
   */
  apply(
    resource: Resource,
    object: NewObject,
    options: { fieldManager: string },
    signal: AbortSignal,
  ): Promise<KubeObject>;
  /** POST of a question that the server answers and does not keep, such as a SelfSubjectAccessReview. */
  ask(resource: Resource, question: object, signal: AbortSignal): Promise<unknown>;
  /** Ends all connections; running calls and watches fail. */
  close(): Promise<void>;
}
