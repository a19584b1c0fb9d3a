import { gitIntegrations } from '../../api/group.ts';
import { parseConnectionStatus } from '../../api/v1alpha1/connection-status.ts';
import { parseRegistration, type Registration } from '../../api/v1alpha1/git-integration-status.ts';
import { type Claim, type Claimant, claimKey, holderOf, serverKey, standingTo } from '../../domain/claim.ts';
import { isAuthentic } from '../../domain/digests.ts';
import { type DesiredSetting, markedBy, type ObservedSetting, ownerKey } from '../../domain/git-setting.ts';
import { ownedByAnother } from '../../domain/registration-plan.ts';
import type { KubeObject } from '../../kube/object.ts';
import { allows, connectionByUid, isWorking } from './connection.ts';
import { needsPerson } from './halt.ts';
import { heldKey, rowKey, wantedKey } from './indexes.ts';
import type { Deps, Integration, ResolvedConnection, Snapshot } from './pass.ts';

/** Through which connection a name is wanted. */
type Through = Pick<ResolvedConnection, 'object' | 'uid'> & { spec: Pick<ResolvedConnection['spec'], 'url'> };

type ClaimDeps = Pick<
  Deps,
  'integrations' | 'clusterConnections' | 'connections' | 'namespaces' | 'memory' | 'digestKey'
>;

/**
 * Lets only one GitIntegration go on that stands to this name in this CodeMie: the one whose row has it, else the one
 * that is being written for, else the oldest. So two creates of one alias never run at the same time, which CodeMie
 * would let both succeed. Nothing is awaited between the answer and what the caller notes right after it.
 *
 * Who only wants the name counts where a platform team's list lets it have the name: those of the same connection and
 * those of other ClusterCodeMieConnections to the same server. Through a namespace's own connection a name counts from
 * the write on, when CodeMie has confirmed the login's rights: else anyone could reserve names in any project.
 *
 * @returns the claim, as `claimKey`
 * @throws Halt `AliasConflict`; a holder of another namespace is not named
 */
export function refuseUnlessHolder(integration: Integration, connection: Through, deps: ClaimDeps): string {
  const { object, namespace, alias, spec } = integration;
  const { scope, project } = spec;
  const server = serverKey(connection.spec.url);
  const login = loginOf(scope, connection.object, connection.uid);
  const claim = { server, scope, login, project, alias };
  const key = claimKey(claim);
  const seeking = seekers(claim, connection, deps);
  const wanting = new Set([object, ...seeking].map(({ metadata }) => metadata.uid));
  const having = [...deps.integrations.byIndex('held', heldKey(claim)), ...deps.memory.writersUnder(key)];
  // What this reconcile has read may be newer than the cache.
  const byUid = new Map([...seeking, ...having, object].map((each) => [each.metadata.uid, each]));
  const claimants = [...byUid.values()].flatMap((rival): Claimant[] => {
    const { name, namespace: home = '', uid, creationTimestamp } = rival.metadata;
    const wanted = wanting.has(uid) ? key : undefined;
    const standing = standingTo(key, {
      held: heldBy(rival, deps),
      writing: deps.memory.claimsOf(rival),
      wanted,
    });
    return standing ? [{ name, namespace: home, uid, creationTimestamp, standing }] : [];
  });
  const holder = holderOf(claimants);
  if (!holder || holder.uid === object.metadata.uid) return key;
  const who =
    holder.namespace === namespace
      ? `GitIntegration "${holder.name}"`
      : 'A GitIntegration of another namespace';
  throw needsPerson(
    'Registered',
    'AliasConflict',
    `${who} already manages the integration "${alias}" of project "${project}".`,
    'Choose another alias, or delete one of the two.',
  );
}

/** Those whose spec asks for the name, and who may have it. */
function seekers(claim: Claim, connection: Through, deps: ClaimDeps): KubeObject[] {
  const { clusterConnections, integrations } = deps;
  const others =
    claim.scope === 'Project'
      ? clusterConnections
          .byIndex('server', claim.server)
          .filter(({ metadata }) => metadata.uid !== connection.uid)
          .filter(isWorking)
      : [];
  const allowed = new Map<string, boolean>();
  return [connection.object, ...others].flatMap((through) =>
    integrations
      .byIndex('wanted', wantedKey({ ...claim, connection: through.metadata }))
      .filter(({ metadata }) => {
        const { namespace = '' } = metadata;
        const pair = `${namespace} ${through.metadata.uid}`;
        const isAllowed = allowed.get(pair) ?? allows(through, namespace, claim.project, deps);
        allowed.set(pair, isAllowed);
        return isAllowed && metadata.deletionTimestamp === undefined;
      }),
  );
}

/** The claim on the name that the row of an object has. */
function heldBy(object: KubeObject, deps: ClaimDeps): string | undefined {
  const registration = signedRegistration(object, deps);
  if (!registration) return undefined;
  const { server, scope, project, alias, connectionUID } = registration;
  const login = loginOf(scope, connectionByUid(connectionUID, deps), connectionUID);
  return claimKey({ server: serverKey(server), scope, login, project, alias });
}

/** The registration of an object, if this operator wrote it. */
export function signedRegistration(
  object: KubeObject,
  { digestKey }: Pick<Deps, 'digestKey'>,
): Registration | undefined {
  const registration = parseRegistration(object['status']);
  return registration && isAuthentic(object.metadata.uid, registration, digestKey) ? registration : undefined;
}

/**
 * Whether a row without this object's mark belongs to another GitIntegration that still exists: by its mark, or, where
 * a user has removed the mark, by the other's status. A mark that names a namespace which this operator does not
 * follow may be of one that exists.
 */
export function belongsToAnother(
  { id, values }: ObservedSetting,
  self: Pick<Snapshot, 'uid'>,
  server: string,
  deps: Pick<Deps, 'integrations' | 'memory' | 'digestKey' | 'clusterName' | 'followsNamespace'>,
): boolean {
  const owner = markedBy(values[ownerKey], deps.clusterName);
  if (owner && !deps.followsNamespace(owner.namespace)) return true;
  if (owner && deps.integrations.get(`${owner.namespace}/${owner.name}`)) return true;
  // What this process has recorded, and the cache does not show yet.
  if (deps.memory.recordedHolders(server, id).some((uid) => uid !== self.uid)) return true;
  return deps.integrations
    .byIndex('row', rowKey(server, id))
    .some((other) => other.metadata.uid !== self.uid && signedRegistration(other, deps)?.id === id);
}

/**
 * Reads past the cache whether the GitIntegration that a row names still exists, before the row is adopted: the cache
 * might not have heard of a new one.
 *
 * @throws Halt `OwnedByOther`; what the KubeClient throws
 */
export async function refuseIfOwnerExists(
  { values }: ObservedSetting,
  desired: Pick<DesiredSetting, 'alias' | 'project'>,
  { kube, clusterName }: Pick<Deps, 'kube' | 'clusterName'>,
  signal: AbortSignal,
): Promise<void> {
  if (!(await ownerExists(values[ownerKey], clusterName, kube, signal))) return;
  const { reason, sentence, hint } = ownedByAnother(desired);
  throw needsPerson('Registered', reason, sentence, hint);
}

/**
 * Whether a mark in CodeMie names a GitIntegration of this cluster that exists, by the API server itself.
 *
 * @throws what the KubeClient throws
 */
export async function ownerExists(
  mark: unknown,
  clusterName: string,
  kube: Pick<Deps['kube'], 'get'>,
  signal: AbortSignal,
): Promise<boolean> {
  const owner = markedBy(mark, clusterName);
  if (!owner) return false;
  return (await kube.get(gitIntegrations, `${owner.namespace}/${owner.name}`, signal)) !== undefined;
}

/** Whose personal integrations a connection writes: the user that it signs in as, or else its own. */
function loginOf(scope: Claim['scope'], connection: KubeObject | undefined, connectionUID: string): string {
  if (scope === 'Project') return '';
  return parseConnectionStatus(connection?.['status']).account?.id ?? connectionUID;
}
