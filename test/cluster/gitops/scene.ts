import { randomUUID } from 'node:crypto';
import {
  FLUX_RECONCILE_REQUESTED_ANNOTATION,
  RECONCILE_REQUESTED_ANNOTATION,
} from '../../../src/api/group.ts';
import type { JsonPatchOp } from '../../../src/kube/client.ts';
import type { ObjectKey, Resource } from '../../../src/kube/object.ts';
import { kinds } from '../../harness/cluster.ts';
import type { Suite } from '../suite.ts';

/** Where the stages play, and what users do there. */
export interface Scene {
  suite: Suite;
  /** The namespace of the team. Made before the first test. */
  namespace(): string;
  /** The resourceVersions that users wrote; the operator or the API server wrote all others. */
  byPerson: ReadonlySet<string>;
  edit(resource: Resource, key: ObjectKey, ...operations: JsonPatchOp[]): Promise<void>;
  /** Asks for a reconcile, as one does who does not want to wait: now by our annotation, now by that of Flux. */
  look(resource: Resource, key: ObjectKey): Promise<void>;
  /** No connection to a host is made any more. */
  down(host: string): void;
  up(host: string): void;
  /** A token of a new CodeMie user. */
  loginOf(username: string): string;
  /** A GitHub token that works. */
  gitHubToken(): string;
}

/** The operation that sets a field of the spec. */
export function set(field: string, value: unknown): JsonPatchOp {
  return { op: 'add', path: `/spec/${field}`, value };
}

/** Makes the scene of a suite. */
export function createScene(suite: Suite, namespace: () => string): Scene {
  const byPerson = new Set<string>();
  let looks = 0;

  async function edit(resource: Resource, key: ObjectKey, ...operations: JsonPatchOp[]): Promise<void> {
    const { metadata } = await suite.cluster.patch(resource, key, operations);
    byPerson.add(metadata.resourceVersion);
  }

  return {
    suite,
    namespace,
    byPerson,
    edit,
    look(resource, key) {
      looks += 1;
      const name = looks % 2 === 0 ? RECONCILE_REQUESTED_ANNOTATION : FLUX_RECONCILE_REQUESTED_ANNOTATION;
      const value = { [name]: randomUUID() };
      return edit(resource, key, { op: 'add', path: '/metadata/annotations', value });
    },
    down: (host) => suite.world.internet.setFault(host, { kind: 'refuse' }),
    up: (host) => suite.world.internet.setFault(host, undefined),
    loginOf(username) {
      const token = suite.secret('login');
      const { codemie } = suite.world;
      codemie.addToken(token, codemie.addUser({ username, projectAdminOf: ['demo'] }));
      return token;
    },
    gitHubToken() {
      const token = suite.secret('ghp_');
      suite.world.github.addToken({ token, login: 'octocat' });
      return token;
    },
  };
}

/** The spec of a connection whose login is the token of a Secret. */
export function connectionSpec({ suite }: Scene, secret: string) {
  return { url: suite.world.codemie.url, auth: { token: { secretRef: { name: secret } } } };
}

/** Stores a token under the key `token` of a new Secret. */
export async function store({ suite }: Scene, key: ObjectKey, token: string): Promise<void> {
  await suite.cluster.createSecret(key, { token });
}

/** The host of CodeMie, and that of the Git server. */
export const hosts = { codemie: 'codemie.example.com', git: 'api.github.com' };

/** The kinds that are watched. */
export const ourKinds: readonly Resource[] = [kinds.integration, kinds.connection, kinds.clusterConnection];
