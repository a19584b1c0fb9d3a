import { createSecretKey } from 'node:crypto';
import { parseGitIntegrationStatus } from '../../../api/v1alpha1/git-integration-status.ts';
import { serverKey } from '../../../domain/claim.ts';
import { registrationSignature } from '../../../domain/digests.ts';
import { indexSettings, type ObservedSetting, ownerKey, ownerMark } from '../../../domain/git-setting.ts';
import { planRegistration, type RegistrationInput, rowsToRemove } from '../../../domain/registration-plan.ts';
import { type KubeObject, keyOf } from '../../../kube/object.ts';
import { createStore } from '../../../kube/store.ts';
import { connectionIndexes } from '../../codemie-connection/indexes.ts';
import { createMemory } from '../../memory.ts';
import { belongsToAnother, refuseUnlessHolder, signedRegistration } from '../claim.ts';
import { findConnection, pointsToServerOf } from '../connection.ts';
import { integrationIndexes } from '../indexes.ts';
import { parseIntegration, withoutForgedRegistration } from '../pass.ts';
import { findRemovalRoutes } from '../removal.ts';

const clusterName = 'cluster';
const project = 'shared';
const digestKey = createSecretKey(Buffer.alloc(32, 7));
const adminConsumers = [{ namespaces: ['team-a', 'team-b'], projects: [project] }];
/** Two ways to write one server, another server, and each team's own. Team C is no consumer. */
const connections = [
  { name: 'default', url: 'https://codemie.example.com/api' },
  { name: 'spelled', url: 'https://CODEMIE.example.com:443//api/' },
  { name: 'staging', url: 'https://staging.example.com/api' },
  { name: 'own', namespace: 'team-b', url: 'https://codemie.example.com./api' },
  { name: 'own', namespace: 'team-c', url: 'https://codemie.example.com/api/' },
  { name: 'evil', namespace: 'team-c', url: 'https://evil.example.com/api' },
].map(({ name, namespace, url }): KubeObject & { url: string } => ({
  url,
  metadata: {
    name,
    ...(namespace !== undefined && { namespace }),
    uid: `connection-${namespace ?? ''}-${name}`,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: {
    url,
    auth: { token: { secretRef: { name: 'login' } } },
    ...(namespace === undefined && { consumers: adminConsumers }),
  },
  status: {
    observedGeneration: 1,
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Ready',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
        observedGeneration: 1,
      },
    ],
  },
}));
const objects = ['team-a/one', 'team-a/two', 'team-b/one', 'team-b/two', 'team-c/one'];
const aliases = ['payments', 'shop'];
const policies = ['Never', 'IfUnowned', 'Always'] as const;

/** A row, and what the test knows of it: whose it is by the last write, whatever mark it carries. */
interface Row {
  id: string;
  alias: string;
  mark: string | undefined;
  owner: string | undefined;
}

/** A reconcile between its decision and its write. */
interface Pass {
  object: KubeObject;
  connection: KubeObject;
  rows: readonly Row[];
}

/** One thing that happens; numbers choose among what there is. */
export type Action =
  | { do: 'apply'; object: number; connection: number; alias: number; policy: number; orphan: boolean }
  | { do: 'delete'; object: number }
  | { do: 'pass'; object: number }
  | { do: 'write'; object: number }
  | { do: 'record'; object: number }
  | { do: 'reconcile'; object: number }
  | { do: 'finalize'; object: number }
  | { do: 'forge'; object: number; victim: number }
  | { do: 'person'; row: number; act: 'strip' | 'rename' | 'copy mark' | 'seed'; alias: number }
  | { do: 'sync' }
  | { do: 'restart' };

/**
 * Makes a cluster and CodeMie servers without anything in them.
 *
 * @param asksOwners false: an operator that adopts whatever adoptionPolicy allows
 */
export function createModel(asksOwners = true) {
  let clock = 0;
  const servers = new Map<string, Row[]>();
  const truth = new Map<string, KubeObject>();
  const passes = new Map<string, Pass>();
  const cache = createStore(integrationIndexes);
  let memory = createMemory(cache, () => clock);
  const [clusterConnections, own] = [
    createStore(connectionIndexes('system')),
    createStore(connectionIndexes('system')),
  ];
  for (const connection of connections)
    (connection.metadata.namespace === undefined ? clusterConnections : own).put(connection);
  const labels = createStore();
  const takenFrom: string[] = [];
  const deps = () => ({
    integrations: cache,
    clusterConnections,
    connections: own,
    namespaces: labels,
    memory,
    digestKey,
    clusterName,
    followsNamespace: () => true,
  });

  const at = (list: readonly string[], index: number) => list[index % list.length] ?? '';
  const rowsAt = (url: string): Row[] => {
    const key = serverKey(url);
    const rows = servers.get(key) ?? [];
    servers.set(key, rows);
    return rows;
  };
  const allRows = () => [...servers.values()].flat();
  const isRecorded = ({ id }: Row) =>
    [...truth.values()].some((object) => parseGitIntegrationStatus(object['status']).registration?.id === id);
  const urlOf = (connection: KubeObject) =>
    connections.find(({ metadata }) => metadata.uid === connection.metadata.uid)?.url ?? '';
  const isAlive = (uid: string) => [...truth.values()].some(({ metadata }) => metadata.uid === uid);
  const markOf = ({ metadata }: KubeObject) =>
    ownerMark(clusterName, metadata.namespace ?? '', metadata.name);

  /** CodeMie carries a write or a deletion out for an object. This is the oracle. */
  function touch(row: Row, object: KubeObject): void {
    if (row.owner !== undefined && row.owner !== object.metadata.uid && isAlive(row.owner))
      takenFrom.push(`${keyOf(object)} took ${row.id} (${row.alias})`);
  }

  function put(
    object: KubeObject,
    change: Partial<KubeObject>,
    meta: Partial<KubeObject['metadata']> = {},
  ): KubeObject {
    clock += 1;
    const next = {
      ...object,
      ...change,
      metadata: { ...object.metadata, ...meta, resourceVersion: String(clock) },
    };
    truth.set(keyOf(next), next);
    return next;
  }

  const observed = ({ id, alias, mark }: Row): ObservedSetting => ({
    id,
    scope: 'Project',
    project,
    alias,
    isGlobal: false,
    values: mark === undefined ? {} : { [ownerKey]: mark },
    createdAt: id,
    updatedAt: '',
  });

  function resolved(connection: KubeObject) {
    return { object: connection, uid: connection.metadata.uid, spec: { url: urlOf(connection) } };
  }

  function integrationOf(object: KubeObject) {
    const loaded = withoutForgedRegistration(parseIntegration(object), digestKey);
    if (!loaded.parsed.ok) throw new Error(loaded.parsed.error);
    return { ...loaded, spec: loaded.parsed.value, alias: loaded.parsed.value.alias ?? loaded.name };
  }

  /** What the operator decides by the listing of a reconcile; undefined when it is refused. */
  function decide({ object, connection, rows }: Pass) {
    const integration = integrationOf(object);
    try {
      const claim = refuseUnlessHolder(integration, resolved(connection), deps());
      const { registration } = integration.status;
      const server = serverKey(urlOf(connection));
      const input: RegistrationInput = {
        desired: { scope: 'Project', project, alias: integration.alias, isGlobal: false, values: [] },
        digest: integration.alias,
        owner: markOf(object),
        rows: indexSettings(rows.map(observed)),
        remembered:
          registration && pointsToServerOf(connection, registration)
            ? {
                id: registration.id,
                digest: '',
                remoteUpdatedAt: '',
                connectionUID: registration.connectionUID,
              }
            : undefined,
        adoptionPolicy: integration.spec.adoptionPolicy,
        driftPolicy: 'Correct',
        mayName: () => true,
        belongsToAnother: (row) => asksOwners && belongsToAnother(row, integration, server, deps()),
      };
      return { claim, plan: planRegistration(input), integration };
    } catch {
      return undefined;
    }
  }

  const acts: { [K in Action['do']]: (action: Extract<Action, { do: K }>) => void } = {
    apply({ object, connection, alias, policy, orphan }) {
      const key = at(objects, object);
      const [namespace = '', name = ''] = key.split('/');
      const through = connections[connection % connections.length];
      const { namespace: home, name: connectionName } = through?.metadata ?? { name: '' };
      if (home !== undefined && home !== namespace) return;
      const spec = {
        provider: 'GitHub',
        project,
        alias: at(aliases, alias),
        adoptionPolicy: policies[policy % policies.length],
        deletionPolicy: orphan ? 'Orphan' : 'Delete',
        connectionRef: {
          kind: home === undefined ? 'ClusterCodeMieConnection' : 'CodeMieConnection',
          name: connectionName,
        },
        auth: { token: { secretRef: { name: 'token' } } },
      };
      const stored = truth.get(key);
      if (stored?.metadata.deletionTimestamp !== undefined) return;
      clock += 1;
      const metadata = {
        name,
        namespace,
        uid: `${key}-${clock}`,
        resourceVersion: '',
        creationTimestamp: '2026-01-02T00:00:00Z',
      };
      put(stored ?? { metadata }, { spec });
    },
    delete({ object }) {
      const stored = truth.get(at(objects, object));
      if (!stored) return;
      if (stored.metadata.finalizers) put(stored, {}, { deletionTimestamp: '2026-01-03T00:00:00Z' });
      else truth.delete(keyOf(stored));
    },
    // The listing is as old as the reconcile is, by the time of its write.
    pass({ object }) {
      const stored = truth.get(at(objects, object));
      if (!stored || stored.metadata.deletionTimestamp !== undefined) return;
      const integration = integrationOf(stored);
      const { namespace, spec } = integration;
      const connection = findConnection(spec.connectionRef, namespace, deps());
      const isConsumer = spec.connectionRef.kind === 'CodeMieConnection' || namespace !== 'team-c';
      if (connection && isConsumer)
        passes.set(keyOf(stored), {
          object: stored,
          connection,
          rows: structuredClone(rowsAt(urlOf(connection))),
        });
    },
    write({ object }) {
      const key = at(objects, object);
      const pass = passes.get(key);
      const current = truth.get(key);
      if (!pass || current?.metadata.uid !== pass.object.metadata.uid) return;
      let decision = decide(pass);
      const rows = rowsAt(urlOf(pass.connection));
      const isAdoption = decision?.plan.action === 'update' && decision.plan.adopted;
      // As `register` does: by a listing of now, and past the cache.
      if (isAdoption) decision = decide({ ...pass, rows });
      if (!decision) return;
      const { claim, plan, integration } = decision;
      const mark = markOf(pass.object);
      if (
        asksOwners &&
        plan.action === 'update' &&
        plan.adopted &&
        [...truth.values()].some((each) => markOf(each) === plan.row.values[ownerKey])
      )
        return;
      if (plan.action !== 'create' && plan.action !== 'update') return;
      const held = put(current, {}, { finalizers: ['codemie.ai/registration'] });
      memory.finalizerAdded(held);
      const { uid: connectionUID } = pass.connection.metadata;
      const withdraw = memory.beginWrite(key, { connectionUID, server: urlOf(pass.connection), claim });
      const target = plan.action === 'update' ? rows.find(({ id }) => id === plan.row.id) : undefined;
      const taken = rows.some((row) => row.alias === integration.alias && row !== target);
      if (plan.action === 'create' && !taken) {
        clock += 1;
        rows.push({ id: String(clock), alias: integration.alias, mark, owner: held.metadata.uid });
      } else if (target && !taken) {
        touch(target, held);
        Object.assign(target, { alias: integration.alias, mark, owner: held.metadata.uid });
      } else if (plan.action === 'update') withdraw();
    },
    record({ object }) {
      const key = at(objects, object);
      const stored = truth.get(key);
      const pass = passes.get(key);
      passes.delete(key);
      if (!stored || !pass || stored.metadata.uid !== pass.object.metadata.uid) return;
      const rows = rowsAt(urlOf(pass.connection));
      const row = rows.find((each) => each.mark === markOf(stored));
      if (!row || !decide({ ...pass, object: stored, rows })) return;
      const former = signedRegistration(stored, { digestKey });
      const formerConnection =
        former && connections.find(({ metadata }) => metadata.uid === former.connectionUID);
      const integration = integrationOf(stored);
      if (
        former &&
        formerConnection &&
        !pointsToServerOf(pass.connection, former) &&
        former.id !== row.id &&
        integration.spec.deletionPolicy === 'Delete'
      )
        removeRows(stored, urlOf(formerConnection), former);
      const registration = {
        id: row.id,
        project,
        alias: row.alias,
        scope: 'Project' as const,
        connectionUID: pass.connection.metadata.uid,
        server: urlOf(pass.connection),
        origin: 'Created' as const,
      };
      const signature = registrationSignature(stored.metadata.uid, registration, digestKey);
      const signed = { ...registration, signature };
      put(stored, { status: { observedGeneration: 1, registration: signed } });
      memory.statusWritten(key, signed);
    },
    reconcile({ object }) {
      acts.pass({ do: 'pass', object });
      acts.write({ do: 'write', object });
      acts.record({ do: 'record', object });
    },
    finalize({ object }) {
      const stored = truth.get(at(objects, object));
      if (stored?.metadata.deletionTimestamp === undefined) return;
      const integration = integrationOf(stored);
      if (integration.spec.deletionPolicy === 'Delete') {
        const { routes, registration } = findRemovalRoutes(stored, deps());
        for (const { connection } of routes)
          removeRows(
            stored,
            urlOf(connection),
            registration && pointsToServerOf(connection, registration) ? registration : undefined,
          );
      }
      truth.delete(keyOf(stored));
      memory.finalizerRemoved(keyOf(stored));
    },
    forge({ object, victim }) {
      const [stored, other] = [truth.get(at(objects, object)), truth.get(at(objects, victim))];
      if (stored && other?.['status']) put(stored, { status: other['status'] });
    },
    person({ row, act, alias }) {
      const rows = allRows();
      const target = rows[row % Math.max(rows.length, 1)];
      if (act === 'seed') {
        clock += 1;
        rowsAt(connections[row % connections.length]?.url ?? '').push({
          id: String(clock),
          alias: at(aliases, alias),
          mark: undefined,
          owner: undefined,
        });
      }
      if (!target) return;
      // Before the status records a row, its mark is all that names the owner. Any editor of CodeMie can take it away.
      if (act === 'strip' && isRecorded(target)) target.mark = undefined;
      if (act === 'rename') target.alias = at(aliases, alias);
    },
    sync() {
      cache.replace([...truth.values()]);
    },
    restart() {
      memory = createMemory(cache, () => clock);
      passes.clear();
      cache.replace([...truth.values()]);
    },
  };

  function removeRows(object: KubeObject, url: string, remembered: { id: string } | undefined): void {
    const rows = rowsAt(url);
    const index = indexSettings(rows.map(observed));
    const place = { scope: 'Project', project } as const;
    for (const { id } of rowsToRemove(index, markOf(object), place, remembered)) {
      const at = rows.findIndex((row) => row.id === id);
      const [row] = rows.splice(at, 1);
      if (row) touch(row, object);
    }
  }

  return {
    run(action: Action): void {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table has the function of each kind
      (acts[action.do] as (each: Action) => void)(action);
    },
    takenFrom,
  };
}
