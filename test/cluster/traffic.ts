import type { ObjectKey } from '../../src/kube/object.ts';
import type { World } from '../harness/world.ts';
import { rowsOf } from './objects.ts';

/**
 * Starts to listen. The returned function says what left the operator since then and might matter, as
 * `GET api.github.com/user`: every call to a Git host, and every request that may change CodeMie. Sign-in and
 * reading CodeMie belong to its connection and are left out.
 */
export function listen({ internet, codemie }: World): () => string[] {
  const requests = internet.requests.length;
  const refused = internet.refusedHosts.length;
  const codeMieHost = new URL(codemie.url).host;
  const matters = (host: string, method: string) =>
    host === codeMieHost ? method !== 'GET' : host !== 'auth.example.com';
  return () => [
    ...internet.requests
      .slice(requests)
      .filter(({ host, method }) => matters(host, method))
      .map(({ method, host, path }) => `${method} ${host}${path}`),
    ...internet.refusedHosts.slice(refused).map((host) => `CONNECT ${host}`),
  ];
}

/** The one row that CodeMie has of a GitIntegration, secrets in clear. @throws Error unless it is exactly one */
export function heldByCodeMie(world: World, key: ObjectKey) {
  const [row, ...more] = rowsOf(world, key);
  if (!row || more.length > 0) throw new Error(`CodeMie has ${row ? more.length + 1 : 'no'} rows of ${key}.`);
  const { id, alias, project_name: project, update_date: updatedAt, credential_values: values } = row;
  const held = Object.fromEntries(values.map(({ key: name, value }) => [name, value]));
  return { id, alias, project, updatedAt, values: held };
}
