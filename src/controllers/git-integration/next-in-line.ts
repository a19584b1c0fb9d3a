import { serverKey } from '../../domain/claim.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Change } from '../../kube/store.ts';
import { parseConnection } from '../codemie-connection/parse-connection.ts';
import type { Deps } from './deps.ts';
import { type HeldName, heldKey, heldNameOf, type WantedName, wantedKey, wantedNameOf } from './indexes.ts';

type Stores = Pick<Deps, 'integrations' | 'clusterConnections' | 'connections'>;

/** Who wants a name that an object has just given up, in CodeMie or in its spec. */
export function nextInLine(change: Change, stores: Stores): KubeObject[] {
  const { type, object, previous } = change;
  const before = type === 'deleted' ? object : previous;
  if (!before) return [];
  const after = type === 'deleted' ? undefined : object;
  const held = heldNameOf(before);
  const stillHeld = after && heldNameOf(after);
  const left = held && (!stillHeld || heldKey(held) !== heldKey(stillHeld)) ? held : undefined;
  const wanted = wantedNameOf(before);
  const stillWanted = after && !after.metadata.deletionTimestamp ? wantedNameOf(after) : undefined;
  const dropped =
    wanted && (!stillWanted || wantedKey(wanted) !== wantedKey(stillWanted)) ? wanted : undefined;
  const names = [...(left ? waysTo(left, stores) : []), ...(dropped ? alike(dropped, stores) : [])];
  const next = names.flatMap((name) => stores.integrations.byIndex('wanted', wantedKey(name)));
  return next.filter(({ metadata }) => metadata.uid !== object.metadata.uid);
}

/** The name as it is wanted through each connection to that server. */
function waysTo(name: HeldName, { clusterConnections, connections }: Stores): WantedName[] {
  return [clusterConnections, connections]
    .flatMap((store) => store.byIndex('server', name.server))
    .map(({ metadata }) => ({ ...name, connection: metadata }));
}

/** The name as it is wanted through this connection, and through each other one that leads to the same server. */
function alike(wanted: WantedName, stores: Stores): WantedName[] {
  const { name, namespace } = wanted.connection;
  const connection =
    namespace === undefined
      ? stores.clusterConnections.get(name)
      : stores.connections.get(`${namespace}/${name}`);
  const parsed = connection && parseConnection(connection);
  if (!parsed?.ok) return [wanted];
  return waysTo({ ...wanted, server: serverKey(parsed.value.url) }, stores);
}
