import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { settingDigest } from './digests.ts';
import { indexSettings, type ObservedSetting, ownerMark, settingValues } from './git-setting.ts';
import {
  needsNewRows,
  planRegistration,
  type RegistrationInput,
  type RegistrationPlan,
  type RowsInUse,
  rowsToRemove,
} from './registration-plan.ts';

const owner = ownerMark('cluster-a', 'team-a', 'acme');
const desired = {
  scope: 'Project' as const,
  project: 'demo',
  alias: 'acme',
  isGlobal: false,
  values: settingValues(
    'https://github.com',
    { kind: 'token', token: 'ghp_secret', name: 'oauth2', headerAuth: false },
    owner,
  ),
};
const digest = settingDigest(desired, createSecretKey(Buffer.from('key')));

function row(change: Partial<ObservedSetting> = {}, values: Record<string, unknown> = {}): ObservedSetting {
  return {
    id: 'id-1',
    scope: 'Project',
    project: 'demo',
    alias: 'acme',
    isGlobal: false,
    createdAt: '2026-11-22T10:00:00.000001',
    updatedAt: '2026-11-22T10:00:00.000001',
    ...change,
    values: {
      url: 'https://github.com',
      auth_type: 'pat',
      name: 'oauth2',
      token: '**********',
      managed_by: owner,
      ...values,
    },
  };
}

const remembered = {
  id: 'id-1',
  digest,
  remoteUpdatedAt: '2026-11-22T10:00:00.000001',
  connectionUID: 'uid',
};
const other = ownerMark('cluster-b', 'team-z', 'acme');
const touched = { updatedAt: '2026-11-22T11:00:00.000001' };

type Change = Partial<Omit<RegistrationInput, 'rows'>> & { rows: ObservedSetting[] };

describe('planRegistration', () => {
  const table: [string, Change, object][] = [
    ['creates what is missing', { rows: [] }, { action: 'create' }],
    ['creates again what a person deleted', { rows: [], remembered }, { action: 'create' }],
    [
      'only tells of a removal under driftPolicy Report',
      { rows: [], remembered, driftPolicy: 'Report' },
      { action: 'refuse', reason: 'Removed' },
    ],
    ['leaves what is as last written', { rows: [row()], remembered }, { action: 'leave', drift: [] }],
    [
      'writes once more when a crash lost the status',
      { rows: [row()] },
      { action: 'update', drift: [], adopted: false },
    ],
    [
      'updates in place when our side changed',
      { rows: [row()], remembered, digest: 'new' },
      { action: 'update', row: { id: 'id-1' }, drift: [] },
    ],
    [
      'corrects a changed url',
      { rows: [row(touched, { url: 'https://evil' })], remembered },
      { action: 'update', drift: ['url'] },
    ],
    [
      'names a lost token',
      { rows: [row(touched, { token: undefined })], remembered },
      { action: 'update', drift: ['token'] },
    ],
    [
      'heals a secret it cannot read',
      { rows: [row(touched)], remembered },
      { action: 'update', drift: ['content'] },
    ],
    [
      'only reports under driftPolicy Report',
      { rows: [row(touched, { url: 'https://evil' })], remembered, driftPolicy: 'Report' },
      { action: 'leave', drift: ['url'] },
    ],
    [
      'still writes our own change under driftPolicy Report',
      { rows: [row(touched)], remembered, digest: 'new', driftPolicy: 'Report' },
      { action: 'update', drift: [] },
    ],
    [
      'does not fight a server that drops the mark',
      { rows: [row({}, { managed_by: undefined })], remembered },
      { action: 'leave', drift: [] },
    ],
    [
      'restores the mark after an edit by hand',
      { rows: [row(touched, { managed_by: undefined })], remembered },
      { action: 'update', drift: ['managed_by'] },
    ],
    [
      'keeps the remembered one of two',
      {
        rows: [row({ id: 'id-0', createdAt: '2026-11-22T09:00:00' }), row()],
        remembered,
      },
      { action: 'leave', row: { id: 'id-1' }, duplicates: [{ id: 'id-0' }] },
    ],
    [
      'keeps the oldest of two when none is remembered',
      { rows: [row(), row({ id: 'id-2', createdAt: '2026-11-22T09:00:00' })] },
      { action: 'update', row: { id: 'id-2' }, duplicates: [{ id: 'id-1' }] },
    ],
    [
      'leaves an unowned namesake alone',
      { rows: [row({}, { managed_by: undefined })] },
      { action: 'refuse', reason: 'AliasConflict' },
    ],
    [
      'adopts an unowned namesake when allowed',
      { rows: [row({}, { managed_by: undefined })], adoptionPolicy: 'IfUnowned' },
      { action: 'update', adopted: true },
    ],
    [
      "leaves another owner's namesake alone",
      { rows: [row({}, { managed_by: other })], adoptionPolicy: 'IfUnowned' },
      { action: 'refuse', reason: 'OwnedByOther' },
    ],
    [
      'takes it over when told to',
      { rows: [row({}, { managed_by: other })], adoptionPolicy: 'Always' },
      { action: 'update', adopted: true },
    ],
    [
      'never takes what belongs to another GitIntegration of the cluster, whatever the policy',
      { rows: [row({}, { managed_by: other })], adoptionPolicy: 'Always', belongsToAnother: () => true },
      { action: 'refuse', reason: 'OwnedByOther' },
    ],
    [
      'nor where somebody took its mark away',
      {
        rows: [row({}, { managed_by: undefined })],
        adoptionPolicy: 'IfUnowned',
        belongsToAnother: () => true,
      },
      { action: 'refuse', reason: 'OwnedByOther' },
    ],
    [
      'does not take a remembered id that carries another mark',
      { rows: [row({ alias: 'renamed' }, { managed_by: other })], remembered },
      { action: 'create' },
    ],
    [
      'does not follow into another project',
      { rows: [row({ project: 'other' })], remembered },
      { action: 'refuse', reason: 'Rejected' },
    ],
    [
      'names no project that the namespace may not use',
      { rows: [row({ project: 'other' })], remembered, mayName: () => false },
      { sentence: 'The integration was moved to another project in CodeMie.' },
    ],
    [
      'names a project that the namespace may use',
      { rows: [row({ project: 'other' })], remembered },
      { sentence: 'The integration was moved to project "other" in CodeMie.' },
    ],
    [
      'adopts none of two that could be meant',
      {
        rows: [row({}, { managed_by: undefined }), row({ id: 'id-2' }, { managed_by: undefined })],
        adoptionPolicy: 'IfUnowned',
      },
      { reason: 'AliasConflict', sentence: 'Project "demo" has 2 integrations called "acme" in CodeMie.' },
    ],
    [
      'nor of two under adoptionPolicy Always, whoever owns them',
      {
        rows: [row({}, { managed_by: other }), row({ id: 'id-2' }, { managed_by: undefined })],
        adoptionPolicy: 'Always',
      },
      { action: 'refuse', reason: 'AliasConflict' },
    ],
    [
      'knows its row by the id among two, after the cluster was given another name',
      {
        rows: [row({ id: 'id-2' }, { managed_by: undefined }), row({}, { managed_by: other })],
        remembered,
        adoptionPolicy: 'Always',
      },
      { action: 'update', row: { id: 'id-1' }, adopted: true },
    ],
    [
      'does not follow it there where the server dropped the mark either',
      { rows: [row({ project: 'other' }, { managed_by: undefined })], remembered },
      { action: 'refuse', reason: 'Rejected' },
    ],
    [
      'does not take a copy in another project, or a forged mark there, for its own',
      { rows: [row({ id: 'copy', project: 'other' })] },
      { action: 'create' },
    ],
    [
      'tells of a removal although there is a copy in another project',
      { rows: [row({ id: 'copy', project: 'other' })], remembered, driftPolicy: 'Report' },
      { action: 'refuse', reason: 'Removed' },
    ],
    [
      'does not take back what another took over',
      { rows: [row(touched, { managed_by: other })], remembered, adoptionPolicy: 'Always' },
      { action: 'refuse', reason: 'OwnedByOther' },
    ],
    [
      'knows its row by the id after the cluster was given another name',
      { rows: [row({}, { managed_by: other })], remembered, adoptionPolicy: 'Always' },
      { action: 'update', adopted: true },
    ],
    [
      'is case-sensitive about the alias',
      { rows: [row({ alias: 'ACME' }, { managed_by: '' })] },
      { action: 'create' },
    ],
    [
      'takes down what a confirmed create has come to',
      { rows: [row()], written: { digest, adopted: false } },
      { action: 'record', row: { id: 'id-1' }, duplicates: [] },
    ],
    [
      'takes down a confirmed create by its name where the server drops the mark',
      { rows: [row({}, { managed_by: undefined })], written: { digest, adopted: false } },
      { action: 'record', row: { id: 'id-1' } },
    ],
    [
      'does not take a namesake for a confirmed update of another row',
      { rows: [row({}, { managed_by: undefined })], written: { digest, id: 'id-2', adopted: false } },
      { action: 'refuse', reason: 'AliasConflict' },
    ],
    [
      'takes down a confirmed correction instead of correcting again',
      { rows: [row(touched)], remembered, written: { digest, id: 'id-1', adopted: false } },
      { action: 'record', row: { id: 'id-1' } },
    ],
    [
      'takes down a confirmed adoption where the server drops the mark',
      {
        rows: [row({}, { managed_by: undefined })],
        written: { digest, id: 'id-1', adopted: true },
        adoptionPolicy: 'IfUnowned',
      },
      { action: 'record', written: { adopted: true } },
    ],
    [
      'writes again when our side changed after a confirmed write',
      { rows: [row()], written: { digest: 'before', adopted: false } },
      { action: 'update', row: { id: 'id-1' } },
    ],
    [
      'waits for what CodeMie confirmed and does not list yet',
      { rows: [], written: { digest, adopted: false } },
      { action: 'wait' },
    ],
    ['does not mix the scopes', { rows: [row({ scope: 'User' })] }, { action: 'create' }],
  ];

  it.each(table)('%s', (_name, { rows, ...change }, want) => {
    const input: RegistrationInput = {
      desired,
      digest,
      owner,
      rows: indexSettings(rows),
      adoptionPolicy: 'Never',
      driftPolicy: 'Correct',
      belongsToAnother: () => false,
      mayName: () => true,
      ...change,
    };
    expect(planRegistration(input)).toMatchObject(want);
  });

  it('quotes nothing of another owner', () => {
    const plan = planRegistration({
      desired,
      digest,
      owner,
      rows: indexSettings([row({}, { managed_by: other })]),
      adoptionPolicy: 'Never',
      driftPolicy: 'Correct',
      belongsToAnother: () => false,
      mayName: () => false,
    });
    expect(JSON.stringify(plan)).not.toContain('team-z');
  });
});

describe('rowsToRemove', () => {
  const bare = row({}, { managed_by: undefined });
  const moved = row({ project: 'other' });
  const copy = row({ id: 'id-3', project: 'other' });
  const foreign = row({}, { managed_by: other });

  it.each([
    ['every row with our mark', [row(), row({ id: 'id-2' })], undefined, ['id-1', 'id-2']],
    ['the remembered row where the mark is gone', [bare], remembered, ['id-1']],
    ['no row without a mark that is not remembered', [bare], undefined, []],
    ['the remembered row where it was moved to', [moved], remembered, ['id-1']],
    ['no copy in another project', [row(), copy], remembered, ['id-1']],
    ['nothing of somebody else', [foreign], remembered, []],
  ])('takes %s', (_name, rows, known, ids) => {
    expect(rowsToRemove(indexSettings(rows), owner, desired, known).map(({ id }) => id)).toEqual(ids);
  });

  it('takes the remembered row only where no one knows the place', () => {
    expect(rowsToRemove(indexSettings([row(), row({ id: 'id-2' })]), owner, undefined, remembered)).toEqual([
      row(),
    ]);
  });
});

describe('needsNewRows', () => {
  const facts = { remembered: undefined, isRegistered: false, isYoung: false };
  const update: RegistrationPlan = {
    action: 'update',
    row: row(),
    duplicates: [],
    drift: [],
    adopted: false,
  };
  const adoption: RegistrationPlan = {
    action: 'update',
    row: row(),
    duplicates: [],
    drift: [],
    adopted: true,
  };
  const refusal = { action: 'refuse', reason: 'AliasConflict', sentence: '', hint: '' } as const;

  it.each<{ name: string; plan: RegistrationPlan; facts?: Partial<RowsInUse>; want: boolean }>([
    { name: 'a refusal, whose cause may be gone', plan: refusal, want: true },
    { name: 'an adoption, which may have an owner', plan: adoption, want: true },
    { name: 'an update of a row that is ours', plan: update, want: false },
    {
      name: 'what is as it was',
      plan: { action: 'leave', row: row(), duplicates: [], drift: [] },
      want: false,
    },
    { name: 'the first create', plan: { action: 'create' }, want: false },
    {
      name: 'a create at another place',
      plan: { action: 'create' },
      facts: { isRegistered: true },
      want: true,
    },
    {
      name: 'a row that went long ago',
      plan: { action: 'create' },
      facts: { remembered, isRegistered: true },
      want: false,
    },
    {
      name: 'a young row that is missing',
      plan: { action: 'create' },
      facts: { remembered, isRegistered: true, isYoung: true },
      want: true,
    },
    {
      name: 'a young row that is not listed yet',
      plan: { action: 'wait', sentence: '' },
      facts: { remembered, isRegistered: true, isYoung: true },
      want: true,
    },
  ])('$name: $want', ({ plan, facts: more, want }) => {
    expect(needsNewRows(plan, { ...facts, ...more })).toBe(want);
  });
});
