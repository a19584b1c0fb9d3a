import { z } from 'zod';

/**
 * The part of a Kubernetes object that every kind shares.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
 */
interface ObjectMeta {
  name: string;
  /** Absent for cluster-scoped kinds. */
  namespace?: string;
  /** Unique in time: an object that is deleted and made again under its old name has another uid. */
  uid: string;
  /** Opaque. Compare for equality only, never as a number. */
  resourceVersion: string;
  generation?: number;
  /** RFC 3339. */
  creationTimestamp: string;
  /** RFC 3339; present while the object waits for its finalizers. */
  deletionTimestamp?: string;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** Any Kubernetes object. `spec`, `status` and `data` stay unknown: the caller parses what it needs. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** Where a kind lives in the API. `group` is `''` for the core group. */
export interface Resource {
  group: string;
  version: string;
  /** Lower-case plural, as in the URL. */
  plural: string;
  kind: string;
  namespaced: boolean;
}

/** `namespace/name`, or `name` for cluster-scoped kinds. */
export type ObjectKey = string;

/** The key of an object within its kind. */
export function keyOf(object: { metadata: { name: string; namespace?: string } }): ObjectKey {
  const { name, namespace } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The reverse of {@link keyOf}. Names and namespaces never contain a slash. */
export function splitKey(key: ObjectKey): { namespace?: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** `apiVersion` of a resource: `v1`, `codemie.ai/v1alpha1`. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** The envelope that every object from the API server must have. Fields it does not name are kept. */
export const objectSchema = z.looseObject({
  apiVersion: z.string().exactOptional(),
  kind: z.string().exactOptional(),
  metadata: z.looseObject({
    name: z.string().min(1),
    namespace: z.string().min(1).exactOptional(),
    uid: z.string().min(1),
    resourceVersion: z.string().min(1),
    generation: z.number().exactOptional(),
    creationTimestamp: z.string(),
    deletionTimestamp: z.string().exactOptional(),
    finalizers: z.array(z.string()).exactOptional(),
    labels: z.record(z.string(), z.string()).exactOptional(),
    annotations: z.record(z.string(), z.string()).exactOptional(),
  }),
});

const core = (plural: string, kind: string, namespaced: boolean): Resource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

/** Credentials and certificates. Watched without content; the content is read when needed. */
export const secrets = core('secrets', 'Secret', true);
/** Certificates of private authorities. Watched without content. */
export const configMaps = core('configmaps', 'ConfigMap', true);
/** Labels for access rules, and whether one is being torn down. */
export const namespaces = core('namespaces', 'Namespace', false);
