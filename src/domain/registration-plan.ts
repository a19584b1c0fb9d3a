import { type DesiredSetting, differences, type ObservedSetting, ownerKey } from './setting.ts';

/** What status remembers of our last write: the facts that CodeMie itself cannot tell us. */
export interface RememberedRegistration {
  id: string;
  digest: string;
  remoteUpdatedAt: string;
  connectionUID: string;
}

/** Everything the decision rests on, gathered beforehand. */
export interface RegistrationInput {
  desired: DesiredSetting;
  /** Digest of `desired`. */
  digest: string;
  /** The owner mark that our rows carry. */
  owner: string;
  /** Every Git setting that the connection's login can see, of all projects. */
  rows: readonly ObservedSetting[];
  /** Absent on the first run, and after a switch to another CodeMie. */
  remembered?: RememberedRegistration | undefined;
  adoptionPolicy: 'Never' | 'IfUnowned' | 'Always';
  driftPolicy: 'Correct' | 'Report';
}

/**
 * What to do about one integration in CodeMie.
 *
 * `drift` names what somebody else changed; it is empty for changes that come from our side.
 */
export type RegistrationPlan =
  | { action: 'create' }
  | {
      action: 'update';
      row: ObservedSetting;
      duplicates: ObservedSetting[];
      drift: string[];
      adopted: boolean;
    }
  | { action: 'leave'; row: ObservedSetting; duplicates: ObservedSetting[]; drift: string[] }
  | {
      action: 'refuse';
      reason: 'AliasConflict' | 'OwnedByOther' | 'Rejected' | 'Removed';
      sentence: string;
      hint: string;
    };

/**
 * Decides how CodeMie gets from what it holds to what is wanted. Pure: the same input, the same plan.
 *
 * An integration is never deleted and created anew to change it: data sources point at its id.
 */
export function planRegistration(input: RegistrationInput): RegistrationPlan {
  const { desired, rows, owner } = input;
  const marked = rows.filter((row) => row.values[ownerKey] === owner && row.scope === desired.scope);
  const ours = marked.filter((row) => row.project === desired.project);

  const keep = pickKept(ours, input.remembered?.id);
  if (keep)
    return settle(
      input,
      keep,
      ours.filter((row) => row !== keep),
    );

  const moved = marked[0];
  if (moved)
    return {
      action: 'refuse',
      reason: 'Rejected',
      sentence: `The integration was moved to project "${moved.project}" in CodeMie.`,
      hint: 'Move it back there, or delete this GitIntegration and create one for that project.',
    };

  const unmarked = rows.find((row) => isOursById(row, input));
  if (unmarked) return settle(input, unmarked, []);

  const namesake = rows.find(
    (row) => row.scope === desired.scope && row.project === desired.project && row.alias === desired.alias,
  );
  if (namesake) return takeOver(input, namesake);
  if (input.remembered && input.driftPolicy === 'Report')
    return {
      action: 'refuse',
      reason: 'Removed',
      sentence: `Somebody removed the integration "${desired.alias}" of project "${desired.project}" in CodeMie.`,
      hint: 'Delete this GitIntegration too, or set driftPolicy: Correct to have it made again.',
    };
  return { action: 'create' };
}

/** Of several rows a lost race left behind, the one that data sources may already point at. */
function pickKept(ours: readonly ObservedSetting[], rememberedId?: string): ObservedSetting | undefined {
  const remembered = ours.find((row) => row.id === rememberedId);
  return remembered ?? ours.toSorted((a, b) => compare(a.createdAt, b.createdAt) || compare(a.id, b.id))[0];
}

/** Ours by the id in status, on a server that drops our mark or where a person removed it. */
function isOursById(row: ObservedSetting, { desired, remembered }: RegistrationInput): boolean {
  return (
    row.id === remembered?.id &&
    row.scope === desired.scope &&
    row.project === desired.project &&
    !row.values[ownerKey]
  );
}

function settle(
  input: RegistrationInput,
  row: ObservedSetting,
  duplicates: ObservedSetting[],
): RegistrationPlan {
  const { desired, digest, remembered, driftPolicy } = input;
  const sameAsLastWrite = remembered?.id === row.id && remembered.digest === digest;
  if (!sameAsLastWrite) return { action: 'update', row, duplicates, drift: [], adopted: false };

  // CodeMie moves this stamp at every write, even one without effect, and at nothing else. While it stands,
  // a difference is only the server's way of keeping what we sent, and rewriting it would never end.
  const touched = remembered.remoteUpdatedAt !== row.updatedAt;
  if (!touched) return { action: 'leave', row, duplicates, drift: [] };

  const visible = differences(desired, row);
  const drift = visible.length > 0 ? visible : ['content'];
  if (driftPolicy === 'Report') return { action: 'leave', row, duplicates, drift };
  return { action: 'update', row, duplicates, drift, adopted: false };
}

function takeOver(input: RegistrationInput, row: ObservedSetting): RegistrationPlan {
  const { adoptionPolicy, desired } = input;
  const owned = Boolean(row.values[ownerKey]);
  const allowed = adoptionPolicy === 'Always' || (adoptionPolicy === 'IfUnowned' && !owned);
  if (allowed) return { action: 'update', row, duplicates: [], drift: [], adopted: true };
  // Nothing of the other owner is quoted: it may be another tenant's.
  return owned
    ? {
        action: 'refuse',
        reason: 'OwnedByOther',
        sentence: `The integration "${desired.alias}" of project "${desired.project}" belongs to another operator or GitIntegration.`,
        hint: 'Choose another alias, or set adoptionPolicy: Always to take it over.',
      }
    : {
        action: 'refuse',
        reason: 'AliasConflict',
        sentence: `Project "${desired.project}" already has an integration "${desired.alias}" that was made outside of this operator.`,
        hint: 'Choose another alias, or set adoptionPolicy: IfUnowned to take it over.',
      };
}

/** The rows to delete when a GitIntegration goes: all that carry our mark, or the remembered one if unmarked. */
export function rowsToRemove(
  rows: readonly ObservedSetting[],
  owner: string,
  remembered: Pick<RememberedRegistration, 'id'> | undefined,
): ObservedSetting[] {
  return rows.filter(
    (row) => row.values[ownerKey] === owner || (row.id === remembered?.id && !row.values[ownerKey]),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
