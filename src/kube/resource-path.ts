import { type ObjectKey, type Resource, splitKey } from './object.ts';

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
