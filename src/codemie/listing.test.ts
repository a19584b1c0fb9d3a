import { array, assert, asyncProperty, constant, nat, oneof } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { missedTicks } from '../../test/harness/hostile/longest-block.ts';
import { bounds } from '../lib/bounds.ts';
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

const json = (body: unknown): Uint8Array => Buffer.from(JSON.stringify(body) ?? '');

const serve =
  (rows: readonly unknown[]): ReadFirstPage =>
  async (perPage) =>
    json(page(rows, perPage));

const limits = bounds.listing.namespaced;

describe('readAllGitSettings', () => {
  it('returns rows as the domain names them', async () => {
    expect(await readAllGitSettings(serve([row('1', { is_global: true })]), 'Project', limits)).toEqual([
      {
        id: '1',
        scope: 'Project',
        project: 'demo',
        alias: 'alias-1',
        isGlobal: true,
        values: { url: 'https://github.com', token: '**********' },
        createdAt: '2026-11-22T18:39:48.198403',
        updatedAt: '2026-11-22T18:39:49',
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
    const settings = await readAllGitSettings(serve(rows), 'Project', limits, 3);
    expect(settings.map((setting) => setting.id)).toEqual(ids);
  });

  it('takes the first of two values of one key', async () => {
    const values = [
      { key: 'url', value: 'first' },
      { key: 'url', value: 'second' },
      { key: '__proto__', value: 'mine' },
    ];
    const [setting] = await readAllGitSettings(
      serve([row('1', { credential_values: values })]),
      'Project',
      limits,
    );
    expect(setting?.values['url']).toBe('first');
    expect(Object.getPrototypeOf(setting?.values)).toBe(Object.prototype);
  });

  it.each([
    { name: 'another envelope', body: [row('1')] },
    { name: 'no pagination', body: { data: [] } },
    { name: 'nothing', body: undefined },
    { name: 'a Git row without an id', body: page([row('1', { id: 5, alias: 'SECRET' })], 10) },
  ])('does not accept $name', async ({ body }) => {
    const reading = readAllGitSettings(async () => json(body), 'Project', limits);
    await expect(reading).rejects.toSatisfy(
      (error) => error instanceof CodeMieError && error.kind === 'protocol' && error.cause === undefined,
    );
  });

  it('does not take a cut page for everything', async () => {
    const rows = Array.from({ length: 100 }, (_, index) => row(String(index)));
    const cut: ReadFirstPage = async (perPage) => json(page(rows, Math.min(perPage, 50)));
    await expect(readAllGitSettings(cut, 'Project', limits, 20)).rejects.toMatchObject({ kind: 'protocol' });
  });

  it('never misses a row that was there all the time, whatever is created and deleted in the meantime', async () => {
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
          return json({ data, pagination: { total } });
        };
        const found = (await readAllGitSettings(readPage, 'Project', limits, 3)).map((setting) => setting.id);
        expect(found).toEqual(expect.arrayContaining([...untouched]));
        expect(new Set(found).size).toBe(found.length);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a hostile listing', () => {
  const { maxRows, maxBytes } = limits;
  const smallest = JSON.stringify({
    id: 'a',
    project_name: '',
    credential_type: 'Git',
    setting_type: 'project',
    date: '',
    update_date: '',
  });
  const raw = (rows: string, total = 1): ReadFirstPage => {
    const bytes = Buffer.from(`{"data":[${rows}],"pagination":{"total":${total}}}`);
    return async () => bytes;
  };
  const many = (count: number, text: string): string => Array<string>(count).fill(text).join(',');
  const filled = (text: string): string => many(Math.floor(maxBytes / (text.length + 1)), text);
  const keys = many(60_000, '"k":{}');

  it.each([
    { name: 'one row too many', readPage: raw(many(maxRows + 1, smallest)) },
    { name: 'a total of any size', readPage: raw(many(1000, smallest), 1e15) },
    { name: 'four MiB of empty rows', readPage: raw(filled('{}')) },
    { name: 'four MiB of brackets', readPage: raw('['.repeat(maxBytes)) },
    { name: 'four MiB of other rows', readPage: raw(filled('{"credential_type":"","setting_type":""}')) },
  ])('of $name is refused without a block', async ({ readPage }) => {
    const reading = () => readAllGitSettings(readPage, 'Project', limits);
    await expect(reading()).rejects.toMatchObject({ kind: 'protocol' });
    expect(await missedTicks(() => reading().catch(() => {}))).toBe(0);
  });

  it.each([
    { name: 'as many rows as are read', readPage: raw(many(maxRows, smallest)) },
    { name: 'a row with 60,000 keys', readPage: raw(`{${keys},${smallest.slice(1)}`) },
    {
      name: 'a row with 60,000 values',
      readPage: raw(`{"credential_values":[${many(60_000, '{"key":"a","value":{}}')}],${smallest.slice(1)}`),
    },
    {
      name: 'a row that is nested',
      readPage: raw(`{"x":${'['.repeat(1e6)}${']'.repeat(1e6)},${smallest.slice(1)}`),
    },
  ])('of $name is read without a block', async ({ readPage }) => {
    const reading = () => readAllGitSettings(readPage, 'Project', limits);
    expect((await reading()).length).toBeGreaterThan(0);
    expect(await missedTicks(reading)).toBe(0);
  });

  it('keeps the beginning of long strings, and so many values, of a row that anybody may write', async () => {
    const credential_values = [
      { key: 'url', value: 'x'.repeat(100_000) },
      { key: 'y'.repeat(100_000), value: Array(10_000).fill(1) },
      ...Array.from({ length: 500 }, (_, index) => ({ key: `k${index}`, value: index })),
    ];
    const [setting] = await readAllGitSettings(
      serve([row('1', { alias: 'z'.repeat(100_000), credential_values })]),
      'Project',
      limits,
    );
    const { maxChars, maxKeys } = bounds.listing.row;
    expect(setting?.alias).toHaveLength(maxChars);
    expect(Object.keys(setting?.values ?? {})).toHaveLength(maxKeys);
    expect(setting?.values).toMatchObject({ url: 'x'.repeat(maxChars), ['y'.repeat(maxChars)]: null });
  });
});
