import { z } from 'zod';
import { notTheApi } from './failures.ts';
import { type GitSetting, gitSettings, type Scope, settingsPage } from './setting.ts';

/** Asks for the first page of settings, of that many rows at most, and gives its body. */
export type ReadFirstPage = (perPage: number) => Promise<unknown>;

const usualPage = 1000;

/**
 * Reads all Git integrations of a scope, consistently although others write meanwhile: every row that stood there from
 * beginning to end is in the result.
 *
 * Pages can't give that. The server counts them by offset, so a delete moves rows to pages that were read already, and its
 * `total` does not reveal it: it is counted by a query of its own, and a create outweighs a delete. An overlooked row of
 * ours would be left behind when its owner goes. But the server does not limit the size of a page, and reads one page in
 * one query. So one page has to hold everything: the usual one mostly does, else a second request asks for one that does.
 *
 * @throws {CodeMieError} `protocol` for another shape, and for a server that cuts a large page.
 */
export async function readAllGitSettings(
  readPage: ReadFirstPage,
  scope: Scope,
  firstPage = usualPage,
): Promise<GitSetting[]> {
  let size = firstPage;
  for (;;) {
    const { settings, rows, total } = parsePage(await readPage(size), scope);
    if (rows < size) {
      // Deletes between the count and the reading explain a few.
      if (rows < total * 0.9 - 10) throw notTheApi();
      return settings;
    }
    // With room for what is created until then.
    size = Math.max(total, size) * 2;
  }
}

function parsePage(body: unknown, scope: Scope): { settings: GitSetting[]; rows: number; total: number } {
  try {
    const { data, pagination } = settingsPage.parse(body);
    return { settings: gitSettings(data, scope), rows: data.length, total: pagination.total };
  } catch (error) {
    // The error of zod quotes values of the answer, so it is not kept.
    if (error instanceof z.ZodError) throw notTheApi();
    throw error;
  }
}
