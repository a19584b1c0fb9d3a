import { array, assert, asyncProperty, constant, nat, oneof } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodeMieError } from './codemie-error.ts';
import { type ReadFirstPage, readAllGitSettings } from './listing.ts';

function row(id: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id,
    project_name: 'demo',
    alias: `alias-${id}`,
    credential_type: 'Git',
    setting_type: 'project',
    credential_values: [
      { key: 'url', value: 'https://github.com' },
      { key: 'token', value: '**********' },
    ],
    created_by: { id: 'op', username: 'op', name: 'Operator' },
    user_id: 'op',
    date: '2026-11-22T18:39:48.198403',
    update_date: '2026-11-22T18:39:49',
    is_global: null,
    default: false,
    setting_hash: null,
    ...changes,
  };
}

function page(rows: readonly unknown[], perPage: number): unknown {
  const data = rows.slice(0, perPage);
  const total = rows.length;
  return { data, pagination: { page: 0, per_page: perPage, total, pages: Math.ceil(total / perPage) } };
}

const serve =
  (rows: readonly unknown[]): ReadFirstPage =>
  async (perPage) =>
    page(rows, perPage);

describe('readAllGitSettings', () => {
  it('gives rows in our own words', async () => {
    expect(await readAllGitSettings(serve([row('1', { is_global: true })]), 'Project')).toEqual([
      {
        id: '1',
        projectName: 'demo',
        alias: 'alias-1',
        settingType: 'project',
        values: { url: 'https://github.com', token: '**********' },
        createdBy: { id: 'op', name: 'Operator' },
        userId: 'op',
        date: '2026-11-22T18:39:48.198403',
        updateDate: '2026-11-22T18:39:49',
        isGlobal: true,
      },
    ]);
  });

  it.each([
    { name: 'nothing', rows: [], ids: [] },
    { name: 'two rows in one page', rows: [row('1'), row('2')], ids: ['1', '2'] },
    {
      name: 'exactly two pages',
      rows: ['1', '2', '3', '4', '5', '6'].map((id) => row(id)),
      ids: ['1', '2', '3', '4', '5', '6'],
    },
    {
      name: 'other types and scopes, in whatever shape',
      rows: [
        row('1', { credential_type: 'Jira', alias: 7, date: null }),
        row('2', { setting_type: 'user' }),
        row('3'),
      ],
      ids: ['3'],
    },
    {
      name: 'a row that lost much',
      rows: [row('1', { alias: null, credential_values: null, created_by: null })],
      ids: ['1'],
    },
  ])('reads $name', async ({ rows, ids }) => {
    const settings = await readAllGitSettings(serve(rows), 'Project', 3);
    expect(settings.map((setting) => setting.id)).toEqual(ids);
  });

  it('takes the first of two values of one key', async () => {
    const values = [
      { key: 'url', value: 'first' },
      { key: 'url', value: 'second' },
      { key: '__proto__', value: 'mine' },
    ];
    const [setting] = await readAllGitSettings(serve([row('1', { credential_values: values })]), 'Project');
    expect(setting?.values['url']).toBe('first');
    expect(Object.getPrototypeOf(setting?.values)).toBe(Object.prototype);
  });

  it.each([
    { name: 'another envelope', body: [row('1')] },
    { name: 'no pagination', body: { data: [] } },
    { name: 'nothing', body: undefined },
    { name: 'a Git row without an id', body: page([row('1', { id: 5, alias: 'SECRET' })], 10) },
  ])('does not accept $name', async ({ body }) => {
    const reading = readAllGitSettings(async () => body, 'Project');
    await expect(reading).rejects.toSatisfy(
      (error) => error instanceof CodeMieError && error.kind === 'protocol' && error.cause === undefined,
    );
  });

  it('does not take a cut page for everything', async () => {
    const rows = Array.from({ length: 100 }, (_, index) => row(String(index)));
    const cut: ReadFirstPage = async (perPage) => page(rows, Math.min(perPage, 50));
    await expect(readAllGitSettings(cut, 'Project', 20)).rejects.toMatchObject({ kind: 'protocol' });
  });

  it('never misses a row that stood there all the time, whatever is created and deleted meanwhile', async () => {
    const step = array(oneof(constant('create' as const), nat(30)), { maxLength: 4 });
    await assert(
      asyncProperty(nat(12), array(step, { maxLength: 24 }), async (size, steps) => {
        let ids = Array.from({ length: size }, (_, index) => `old-${index}`);
        const untouched = new Set(ids);
        const pending = [...steps];
        let created = 0;
        const othersWrite = (): void => {
          for (const change of pending.shift() ?? []) {
            if (change === 'create') {
              created += 1;
              ids = [`new-${created}`, ...ids];
            } else {
              const [gone] = ids.splice(change % Math.max(ids.length, 1), 1);
              if (gone !== undefined) untouched.delete(gone);
            }
          }
        };
        const readPage: ReadFirstPage = async (perPage) => {
          othersWrite();
          const total = ids.length;
          othersWrite();
          const data = ids.slice(0, perPage).map((id) => row(id));
          return { data, pagination: { total } };
        };
        const found = (await readAllGitSettings(readPage, 'Project', 3)).map((setting) => setting.id);
        expect(found).toEqual(expect.arrayContaining([...untouched]));
        expect(new Set(found).size).toBe(found.length);
      }),
      { numRuns: 1000 },
    );
  });
});
