/** What an integration is called in CodeMie: at most one GitIntegration can have it. */
export interface Claim {
  connectionKind: string;
  /** Empty for a ClusterCodeMieConnection. */
  connectionNamespace: string;
  connectionName: string;
  scope: string;
  project: string;
  alias: string;
}

/** A claim as text, for an index. JSON, because names may hold any separator. */
export function claimKey(claim: Claim): string {
  return JSON.stringify([
    claim.connectionKind,
    claim.connectionNamespace,
    claim.connectionName,
    claim.scope,
    claim.project,
    claim.alias,
  ]);
}

/** One of those who make the same claim. */
export interface Claimant {
  namespace: string;
  name: string;
  uid: string;
  /** RFC 3339. */
  creationTimestamp: string;
  /** Whether it has the name in CodeMie already. */
  registered: boolean;
  /** Whether it was let through under the name before the others. */
  first: boolean;
}

/**
 * Who has the name keeps it, else the oldest gets it; of two of one second, which is as exactly as Kubernetes tells,
 * the one that was let through first, else the one with the lower UID, so that every replica decides alike.
 */
export function holderOf<T extends Claimant>(claimants: readonly T[]): T | undefined {
  const order = ({ registered, creationTimestamp, first, uid }: Claimant) =>
    `${registered ? 0 : 1} ${creationTimestamp} ${first ? 0 : 1} ${uid}`;
  return claimants.reduce<T | undefined>(
    (oldest, next) => (!oldest || order(next) < order(oldest) ? next : oldest),
    undefined,
  );
}
