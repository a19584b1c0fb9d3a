import {
  type DesiredSetting,
  differences,
  type ObservedSetting,
  ownerKey,
  type SettingIndex,
} from './git-setting.ts';

/** What status remembers of our last write: the facts that CodeMie itself cannot report. */
export interface RememberedRegistration {
  id: string;
  digest: string;
  remoteUpdatedAt: string;
  connectionUID: string;
}

/** Where an integration is declared to be. Neither can be changed. */
type Place = Pick<DesiredSetting, 'scope' | 'project'>;
/** A write that CodeMie has confirmed and of which no status has a record yet. */
export interface ConfirmedWrite {
  /** Digest of what was written. */
  digest: string;
  /** The row that was written; absent after a create, whose answer names none. */
  id?: string;
  /** Whether the row was someone else's before. */
  adopted: boolean;
}

/** Everything the decision rests on, gathered beforehand. */
export interface RegistrationInput {
  desired: DesiredSetting;
  /** Digest of `desired`. */
  digest: string;
  /** The owner mark that our rows carry. */
  owner: string;
  /** Every Git setting of the scope that the connection's login can see, of all projects. */
  rows: SettingIndex;
  /** What this process wrote before the rows were listed, unless that is known to be recorded. */
  written?: ConfirmedWrite | undefined;
  /** Absent on the first run, and after a switch to another CodeMie. */
  remembered?: RememberedRegistration | undefined;
  adoptionPolicy: 'Never' | 'IfUnowned' | 'Always';
  /** Whether a row without our mark belongs to another GitIntegration of this cluster that still exists. */
  belongsToAnother: (row: ObservedSetting) => boolean;
  driftPolicy: 'Correct' | 'Report';
  /** Whether the namespace may use that project, and so learn that it exists. */
  mayName: (project: string) => boolean;
}

/**
 * What to do about one integration in CodeMie.
 *
 * `drift` names what others changed; it is empty for changes that come from our side. `record` only records the outcome of
 * a confirmed write of ours; `wait` is for the row of one that is not listed yet.
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
  | { action: 'record'; row: ObservedSetting; duplicates: ObservedSetting[]; written: ConfirmedWrite }
  | { action: 'wait'; sentence: string }
  | {
      action: 'refuse';
      reason: 'AliasConflict' | 'OwnedByOther' | 'Rejected' | 'Removed';
      sentence: string;
      hint: string;
    };

/**
 * Decides how CodeMie gets from what it holds to what is wanted. Pure: the same input, the same plan.
 *
 * An integration is never deleted and created again to change it: data sources point at its id.
 */
export function planRegistration(input: RegistrationInput): RegistrationPlan {
  const { desired, rows, owner } = input;
  const ours = rows.owned(owner).filter((row) => isAtPlace(row, desired));

  const keep = pickKept(ours, input.remembered?.id);
  if (keep)
    return settle(
      input,
      keep,
      ours.filter((row) => row !== keep),
    );

  const moved = movedRow(input);
  if (moved)
    return {
      action: 'refuse',
      reason: 'Rejected',
      sentence: `The integration was moved to ${input.mayName(moved.project) ? `project "${moved.project}"` : 'another project'} in CodeMie.`,
      hint: 'Move it back there, or delete this GitIntegration and create one for that project.',
    };

  const unmarked = oursById(input);
  if (unmarked) return settle(input, unmarked, []);

  const namesakes = rows
    .inProject(desired.project)
    .filter((row) => isAtPlace(row, desired) && row.alias === desired.alias);
  const namesake = namesakes.find(({ id }) => id === input.remembered?.id) ?? namesakes[0];
  if (namesake && isMadeByUs(namesake, input)) return settle(input, namesake, []);
  // Two creates at the same time leave two rows. Which of them data sources use, no one knows.
  if (namesakes.length > 1 && namesake?.id !== input.remembered?.id)
    return {
      action: 'refuse',
      reason: 'AliasConflict',
      sentence: `Project "${desired.project}" has ${namesakes.length} integrations called "${desired.alias}" in CodeMie.`,
      hint: 'Choose another alias, or remove all but one of them in CodeMie; adoptionPolicy then decides about that one.',
    };
  if (namesake) return takeOver(input, namesake);
  if (input.remembered && input.driftPolicy === 'Report')
    return {
      action: 'refuse',
      reason: 'Removed',
      sentence: `Someone removed the integration "${desired.alias}" of project "${desired.project}" in CodeMie.`,
      hint: 'Delete this GitIntegration too, or set driftPolicy: Correct to have it created again.',
    };
  if (input.written && input.written.id === undefined)
    return { action: 'wait', sentence: 'CodeMie confirmed the integration and does not list it.' };
  return { action: 'create' };
}

/** What {@link needsNewRows} depends on besides the plan. */
export interface RowsInUse {
  remembered: RememberedRegistration | undefined;
  /** Whether the status has a registration, be it at another place. */
  isRegistered: boolean;
  /** Whether that may be younger than the listing in use. */
  isYoung: boolean;
}

/**
 * Whether a plan that was made by a listing in shared use has to be made again by a new one, before anything is done or
 * said: what is in the way may be gone since, and nothing would report that soon; a row to adopt may have an owner since;
 * and a row that is missing may have been created since, by the process that had this object until now, or through another
 * connection to the same CodeMie.
 */
export function needsNewRows(
  plan: RegistrationPlan,
  { remembered, isRegistered, isYoung }: RowsInUse,
): boolean {
  if (plan.action === 'refuse' || isAdoption(plan)) return true;
  const isMissing = plan.action === 'create' || plan.action === 'wait';
  return isMissing && (remembered ? isYoung : isRegistered);
}

/** Whether a plan makes a row ours that was not. */
export function isAdoption(
  plan: RegistrationPlan,
): plan is Extract<RegistrationPlan, { action: 'update' }> & { adopted: true } {
  return plan.action === 'update' && plan.adopted;
}

/** What a plan says of who created the row; undefined when that stays as it was. */
export function originOf(plan: RegistrationPlan): 'Created' | 'Adopted' | undefined {
  switch (plan.action) {
    case 'create':
      return 'Created';
    case 'update':
      return plan.adopted ? 'Adopted' : undefined;
    case 'record':
      return originOfWrite(plan.written);
    case 'leave':
    case 'wait':
    case 'refuse':
      return undefined;
  }
}

/** Where a row comes from that was written, if the write says so. */
export function originOfWrite({ adopted, id }: ConfirmedWrite): 'Created' | 'Adopted' | undefined {
  if (adopted) return 'Adopted';
  return id === undefined ? 'Created' : undefined;
}

/** Of several rows a lost race left behind, the one that data sources may already point at. */
function pickKept(ours: readonly ObservedSetting[], rememberedId?: string): ObservedSetting | undefined {
  const remembered = ours.find((row) => row.id === rememberedId);
  return remembered ?? ours.toSorted((a, b) => compare(a.createdAt, b.createdAt) || compare(a.id, b.id))[0];
}

/** Ours by the id that we know, on a server that drops our mark or where a user removed it. */
function oursById({ desired, remembered, written, rows }: RegistrationInput): ObservedSetting | undefined {
  const ownRows = [remembered?.id, written?.id].map((id) => (id === undefined ? undefined : rows.byId(id)));
  return ownRows.find((row) => row && isAtPlace(row, desired) && !row.values[ownerKey]);
}

/** Recognized by its name, which no one held before our create was confirmed, on a server that drops our mark. */
function isMadeByUs(namesake: ObservedSetting, { written }: RegistrationInput): boolean {
  return written !== undefined && written.id === undefined && !namesake.values[ownerKey];
}

/**
 * The very row of ours, in another project. The mark alone does not show that: CodeMie copies whole projects, marks
 * included, and anyone who may write another project can write any mark there.
 */
function movedRow({ desired, remembered, owner, rows }: RegistrationInput): ObservedSetting | undefined {
  const row = remembered && rows.byId(remembered.id);
  const mark = row?.values[ownerKey];
  const moved = row?.scope === desired.scope && row.project !== desired.project;
  return moved && (!mark || mark === owner) ? row : undefined;
}

function isAtPlace(row: ObservedSetting, { scope, project }: Place): boolean {
  return row.scope === scope && row.project === project;
}

function settle(
  input: RegistrationInput,
  row: ObservedSetting,
  duplicates: ObservedSetting[],
): RegistrationPlan {
  const { desired, digest, remembered, written, driftPolicy } = input;
  if (written?.digest === digest) return { action: 'record', row, duplicates, written };
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
  const { adoptionPolicy, desired, remembered } = input;
  if (input.belongsToAnother(row)) return ownedByAnother(desired);
  const owned = Boolean(row.values[ownerKey]);
  // Two that may both adopt it would take it from each other forever. No one wrote since our last write: then the
  // mark is our own, from before the cluster was given another name.
  const taken = owned && row.id === remembered?.id && row.updatedAt !== remembered.remoteUpdatedAt;
  if (taken)
    return {
      action: 'refuse',
      reason: 'OwnedByOther',
      sentence: `Another operator or GitIntegration took the integration "${desired.alias}" of project "${desired.project}" over.`,
      hint: 'Keep one of the two; to have it back here, delete this GitIntegration and create it again.',
    };
  const allowed = adoptionPolicy === 'Always' || (adoptionPolicy === 'IfUnowned' && !owned);
  if (allowed) return { action: 'update', row, duplicates: [], drift: [], adopted: true };
  // Nothing of the other owner is quoted: it may be another tenant's.
  return owned
    ? {
        action: 'refuse',
        reason: 'OwnedByOther',
        sentence: `The integration "${desired.alias}" of project "${desired.project}" belongs to another operator or GitIntegration.`,
        hint: 'Choose another alias, or set adoptionPolicy: Always to adopt it.',
      }
    : {
        action: 'refuse',
        reason: 'AliasConflict',
        sentence: `Project "${desired.project}" already has an integration "${desired.alias}" that was created outside of this operator.`,
        hint: 'Choose another alias, or set adoptionPolicy: IfUnowned to adopt it.',
      };
}

/** Of the owner nothing is quoted: it may be another tenant's. */
export function ownedByAnother({ alias, project }: Pick<DesiredSetting, 'alias' | 'project'>) {
  return {
    action: 'refuse',
    reason: 'OwnedByOther',
    sentence: `The integration "${alias}" of project "${project}" belongs to another GitIntegration of this cluster.`,
    hint: 'Choose another alias, or delete that GitIntegration; adoptionPolicy does not count against it.',
  } as const;
}

/**
 * The rows to delete when a GitIntegration goes: those at its place that carry our mark, and the remembered one, moved
 * or not, unless someone else's mark is on it. Copies of it in other projects belong to those who made them.
 *
 * @param place where the integration was declared to be; undefined when no one knows any more
 */
export function rowsToRemove(
  rows: SettingIndex,
  owner: string,
  place: Place | undefined,
  remembered: Pick<RememberedRegistration, 'id'> | undefined,
): ObservedSetting[] {
  const marked = place ? rows.owned(owner).filter((row) => isAtPlace(row, place)) : [];
  const row = remembered && rows.byId(remembered.id);
  const mark = row?.values[ownerKey];
  return row && (!mark || mark === owner) ? [...new Set([...marked, row])] : marked;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
