import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import type { ObservedSetting, Scope } from '../domain/git-setting.ts';
import { fieldsOf, type JsonSlice, jsonElements, parseSlice, wholeSlice } from '../lib/json-bytes.ts';
import { NetError } from '../net/net-error.ts';
import { failureOfShape, notTheApi, tooManyIntegrations } from './failures.ts';
import { rowKind, toSetting } from './row.ts';

/** Asks for the first page of settings, of that many rows at most, and gives its JSON. */
export type ReadFirstPage = (perPage: number) => Promise<Uint8Array>;

/** How much of a listing is read, see `bounds.listing`. */
export interface ListingBounds {
  maxBytes: number;
  maxRows: number;
}

const usualPage = 1000;

/**
 * Reads all Git integrations of a scope, consistently although others write: every row that was there from
 * beginning to end is in the result.
 *
 * Pages can't give that. The server counts them by offset, so a delete moves rows to pages that were read already, and its
 * `total` does not reveal it: it is counted by a separate query, and a create outweighs a delete. An overlooked row of
 * ours would be left behind when its owner goes. But the server does not limit the size of a page, and reads one page in
 * one query. So one page has to hold everything: the usual one mostly does, else a second request asks for one that does.
 *
 * @throws {CodeMieError} `protocol` for another shape, for a server that cuts a large page, and for more than the bounds.
 */
export async function readAllGitSettings(
  readPage: ReadFirstPage,
  scope: Scope,
  limits: ListingBounds,
  firstPage = usualPage,
): Promise<ObservedSetting[]> {
  let size = firstPage;
  for (;;) {
    const bytes = await readPage(size).catch((error: unknown) => {
      throw isTooLarge(error) ? tooManyIntegrations(limits) : error;
    });
    const { settings, rows, total } = await parsePage(bytes, scope, limits);
    if (rows < size) {
      // Deletes between the count and the reading explain a few.
      if (rows < total * 0.9 - 10) throw notTheApi();
      return settings;
    }
    if (total > limits.maxRows) throw tooManyIntegrations(limits);
    // With room for what is created until then.
    size = Math.max(total, size) * 2;
  }
}

function isTooLarge(error: unknown): boolean {
  const { cause } = error instanceof Error ? error : {};
  return cause instanceof NetError && cause.kind === 'TooLarge';
}

interface Page {
  settings: ObservedSetting[];
  rows: number;
  total: number;
}

/** Others have their turn after so many rows. */
const turnRows = 200;

const totalSchema = z.int().nonnegative();

async function parsePage(bytes: Uint8Array, scope: Scope, limits: ListingBounds): Promise<Page> {
  try {
    const { data, pagination } = fieldsOf(bytes, wholeSlice(bytes), ['data', 'pagination']);
    if (data === undefined || pagination === undefined) throw notTheApi();
    const total = totalOf(bytes, pagination);
    const settings: ObservedSetting[] = [];
    let rows = 0;
    for (const row of jsonElements(bytes, data)) {
      rows += 1;
      if (rows > limits.maxRows) throw tooManyIntegrations(limits);
      if (isGitRow(bytes, row, scope)) settings.push(toSetting(bytes, row));
      if (rows % turnRows === 0) await setImmediate();
    }
    return { settings, rows, total };
  } catch (error) {
    throw failureOfShape(error);
  }
}

/** Checked here because the server ignores filters it does not know and then answers unfiltered. */
function isGitRow(bytes: Uint8Array, row: JsonSlice, scope: Scope): boolean {
  const { type, settingType } = rowKind(bytes, row);
  return type === 'Git' && settingType === (scope === 'Project' ? 'project' : 'user');
}

function totalOf(bytes: Uint8Array, pagination: JsonSlice): number {
  const { total } = fieldsOf(bytes, pagination, ['total']);
  return totalSchema.parse(total && parseSlice(bytes, total));
}
