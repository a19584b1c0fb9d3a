import { holderOf } from '../../domain/claim.ts';
import type { Store } from '../../kube/store.ts';
import { needsPerson } from './halt.ts';
import { claimOf } from './indexes.ts';
import type { Integration } from './load.ts';

/**
 * Lets only one GitIntegration go on that wants this name in CodeMie: the oldest. So two creates of one alias
 * never run at the same time, which CodeMie would let both succeed.
 *
 * @throws Halt `AliasConflict`; a holder of another namespace is not named
 */
export function refuseUnlessHolder({ object, namespace, alias, spec }: Integration, store: Store): void {
  const [claim = ''] = claimOf(object) ?? [];
  const holder = holderOf(
    store
      .byIndex('claim', claim)
      .map(({ metadata }) => ({ ...metadata, namespace: metadata.namespace ?? '' })),
  );
  if (!holder || holder.uid === object.metadata.uid) return;
  const who =
    holder.namespace === namespace
      ? `GitIntegration "${holder.name}"`
      : 'A GitIntegration of another namespace';
  throw needsPerson(
    'Registered',
    'AliasConflict',
    `${who} already stands for the integration "${alias}" of project "${spec.project}".`,
    'Choose another alias, or delete one of the two.',
  );
}
