import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterCodeMieConnections, codeMieConnections, gitIntegrations } from '../../src/api/group.ts';
import { parseGitIntegrationStatus } from '../../src/api/v1alpha1/git-integration-status.ts';
import type { Condition } from '../../src/api/v1alpha1/shared.ts';
import type { JsonPatchOp, NewObject } from '../../src/kube/client.ts';
import { loadKubeConnection } from '../../src/kube/kube-config.ts';
import { type KubeObject, keyOf, type ObjectKey, type Resource, splitKey } from '../../src/kube/object.ts';
import { createAdminClient } from './admin-client.ts';
import { deadline, startPatience } from './pace.ts';

const core = (plural: string, kind: string, namespaced = true): Resource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

/** The kinds that tests handle. */
export const kinds = {
  secret: core('secrets', 'Secret'),
  configMap: core('configmaps', 'ConfigMap'),
  namespace: core('namespaces', 'Namespace', false),
  event: { group: 'events.k8s.io', version: 'v1', plural: 'events', kind: 'Event', namespaced: true },
  integration: gitIntegrations,
  clusterConnection: clusterCodeMieConnections,
  connection: codeMieConnections,
} satisfies Record<string, Resource>;

/** The real API server as an administrator sees it. */
export type Cluster = Awaited<ReturnType<typeof connectCluster>>;

/**
 * Longest time in which the operator must have done what a test waits for, on a quiet machine. Generous: timing decides
 * nothing.
 */
const patienceMs = 45_000;

/** How long a test waits between two questions to the API server: longer and longer, because each costs it 3 ms. */
const firstPollMs = 25;
const pollGrowth = 1.5;
const longestPollMs = 250;

/** Connects to the control plane of the test run. */
export async function connectCluster(kubeconfig: string) {
  const client = createAdminClient({
    connection: await loadKubeConnection({ kubeconfig }),
    userAgent: 'codemie-git-operator-tests',
  });
  const signal = (): AbortSignal => deadline(patienceMs);
  const namespaces: string[] = [];

  async function waitFor<T>(
    what: string,
    look: () => Promise<T | undefined | false>,
    withinMs = patienceMs,
  ): Promise<T> {
    const isOver = startPatience(withinMs);
    for (let pollMs = firstPollMs; ; pollMs = Math.min(pollMs * pollGrowth, longestPollMs)) {
      const seen = await look();
      if (seen) return seen;
      if (isOver()) throw new Error(`Waited in vain for ${what}.`);
      await sleep(pollMs);
    }
  }

  async function createNamespace(prefix: string, labels: Record<string, string> = {}): Promise<string> {
    const name = `${prefix}-${randomUUID().slice(0, 8)}`;
    await client.create(kinds.namespace, { metadata: { name, labels } }, signal());
    namespaces.push(name);
    return name;
  }

  /** Deletes an object whatever holds it: without the operator that added a finalizer, nothing removes it. */
  async function discard(resource: Resource, object: KubeObject): Promise<void> {
    const key = keyOf(object);
    if (object.metadata.finalizers)
      await client.patchJson(resource, key, [{ op: 'remove', path: '/metadata/finalizers' }], signal());
    await client.delete(resource, key, signal());
  }

  /** Takes what operators work on out of the namespaces made here. */
  async function clearNamespaces(): Promise<void> {
    for (const resource of [kinds.integration, kinds.connection]) {
      const { items } = await client.list(resource, { signal: signal() });
      const own = items.filter(({ metadata }) => namespaces.includes(metadata.namespace ?? ''));
      // Some at a time: a file may leave thousands, and each call has its own deadline.
      const discarding = async (): Promise<void> => {
        for (let object = own.pop(); object; object = own.pop()) await discard(resource, object);
      };
      await Promise.all(Array.from({ length: 16 }, discarding));
    }
  }

  return {
    client,
    waitFor,
    createNamespace,
    create: (resource: Resource, object: NewObject) => client.create(resource, object, signal()),
    get: (resource: Resource, key: ObjectKey) => client.get(resource, key, signal()),
    patch: (resource: Resource, key: ObjectKey, operations: JsonPatchOp[]) =>
      client.patchJson(resource, key, operations, signal()),
    delete: (resource: Resource, key: ObjectKey) => client.delete(resource, key, signal()),
    list: async (resource: Resource, namespace: string) =>
      (await client.list(resource, { namespace, signal: signal() })).items,
    /** Creates a Secret from texts, and of `data` that is in base64 already. */
    createSecret(key: ObjectKey, stringData: Record<string, string>, data: Record<string, string> = {}) {
      return client.create(kinds.secret, { metadata: metadataOf(key), stringData, data }, signal());
    },
    /** Sets one value of a Secret. */
    setSecret(key: ObjectKey, name: string, value: string) {
      const encoded = Buffer.from(value).toString('base64');
      return client.patchJson(
        kinds.secret,
        key,
        [{ op: 'add', path: `/data/${name}`, value: encoded }],
        signal(),
      );
    },
    /** Waits until the conditions of a GitIntegration are as the test wants them, and returns all of it. */
    waitForConditions(key: ObjectKey, wanted: Record<string, string>, withinMs?: number): Promise<Seen> {
      const text = JSON.stringify(wanted);
      let last = 'nothing';
      const holds = async () => {
        const object = await client.get(gitIntegrations, key, signal());
        if (!object) return undefined;
        const seen = seenOf(object);
        last = JSON.stringify(seen.conditions);
        return Object.entries(wanted).every(([type, want]) => seen.is(type, want)) && seen;
      };
      return waitFor(`${key} to have ${text}`, holds, withinMs).catch((error: unknown) => {
        throw new Error(`Last seen: ${last}`, { cause: error });
      });
    },
    /** Waits until an object is gone. */
    waitForGone: (resource: Resource, key: ObjectKey, withinMs?: number) =>
      waitFor(
        `${key} to be gone`,
        async () => (await client.get(resource, key, signal())) === undefined,
        withinMs,
      ),
    /**
     * Takes what operators work on out of the namespaces made here, so that the one of the next file has nothing to do
     * with it. The namespaces stay until the control plane ends: to delete one takes it some hundred calls.
     */
    clearNamespaces,
    close: () => client.close(),
  };
}

/** A GitIntegration with its parsed status. */
export interface Seen {
  object: KubeObject;
  status: ReturnType<typeof parseGitIntegrationStatus>;
  conditions: readonly Condition[];
  /** The condition of that type; throws when there is none. */
  condition(type: string): Condition;
  /** `True/Valid`: status and reason; `True`: status only; empty: the condition is absent. */
  is(type: string, want: string): boolean;
}

/** The conditions of a GitIntegration or of a connection as tests compare them. */
function seenOf(object: KubeObject): Seen {
  const status = parseGitIntegrationStatus(object['status']);
  const conditions = status.conditions ?? [];
  const find = (type: string) => conditions.find((condition) => condition.type === type);
  return {
    object,
    status,
    conditions,
    condition(type) {
      const found = find(type);
      if (!found) throw new Error(`There is no condition ${type}.`);
      return found;
    },
    is(type, want) {
      const found = find(type);
      if (!found || want === '') return !found && want === '';
      if (found.observedGeneration !== object.metadata.generation) return false;
      return want === found.status || want === `${found.status}/${found.reason}`;
    },
  };
}

/** `metadata` of a new object. */
export function metadataOf(key: ObjectKey): { name: string; namespace?: string } {
  return splitKey(key);
}
