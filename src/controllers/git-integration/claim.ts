import { parseGitIntegrationStatus } from '../../api/v1alpha1/git-integration-status.ts';
import { type Claimant, holderOf } from '../../domain/claim.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Deps } from './deps.ts';
import { needsPerson } from './halt.ts';
import { claimOf } from './indexes.ts';
import type { Integration } from './load.ts';

/**
 * Lets only one GitIntegration go on that wants this name in CodeMie: the one that has it, else the oldest. So two
 * creates of one alias never run at the same time, which CodeMie would let both succeed.
 *
 * @throws Halt `AliasConflict`; a holder of another namespace is not named
 */
export function refuseUnlessHolder(
  integration: Integration,
  { integrations, firstCome }: Pick<Deps, 'integrations' | 'firstCome'>,
): void {
  const { object, namespace, alias, spec } = integration;
  const [claim = ''] = claimOf(object) ?? [];
  const first = firstCome.get(claim);
  const claimants = integrations
    .byIndex('claim', claim)
    .map((rival) => toClaimant(rival, integration, first));
  const holder = holderOf(claimants);
  if (!holder || holder.uid === object.metadata.uid) {
    firstCome.note(claim, object.metadata.uid);
    return;
  }
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

function toClaimant(
  { metadata, ...rest }: KubeObject,
  { alias, spec }: Integration,
  first: string | undefined,
): Claimant {
  const { registration } = parseGitIntegrationStatus(rest['status']);
  const { name, namespace = '', uid, creationTimestamp } = metadata;
  const registered =
    registration?.alias === alias &&
    registration.project === spec.project &&
    registration.scope === spec.scope;
  return { name, namespace, uid, creationTimestamp, registered, first: uid === first };
}
