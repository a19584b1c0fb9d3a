import { z } from 'zod';
import { notTheApi } from './failures.ts';
import { type GitSetting, gitSettings, type Scope, settingsPage } from './setting.ts';

/** Asks for one page of settings and gives its body. Pages count from zero. */
export type ReadPage = (page: number, perPage: number) => Promise<unknown>;

const perPage = 1000;
const pagedAttempts = 2;

/**
 * Reads all Git integrations of a scope, consistently although others write meanwhile: every row that stood there from
 * beginning to end is in the result.
 *
 * The server sorts by creation, newest first, and counts pages by offset. So a create moves rows to later pages, where we
 * meet them again and drop them by id; but a delete moves rows to earlier pages, where we have been already. A page
 * boundary moves up by at most the fall of the total; while it never falls, nothing was missed. If it falls we begin
 * again, and if it goes on falling we take everything in one page, which the server reads in one query and does not limit.
 */
export async function readAllGitSettings(readPage: ReadPage, scope: Scope): Promise<GitSetting[]> {
  let expected = 0;
  for (let attempt = 0; attempt < pagedAttempts; attempt += 1) {
    const { settings, total, complete } = await readInPages(readPage, scope);
    if (complete) return settings;
    expected = total;
  }
  return parsePage(await readPage(0, expected + perPage), scope).settings;
}

async function readInPages(
  readPage: ReadPage,
  scope: Scope,
): Promise<{ settings: GitSetting[]; total: number; complete: boolean }> {
  const byId = new Map<string, GitSetting>();
  let total = 0;
  for (let page = 0; ; page += 1) {
    const answer = parsePage(await readPage(page, perPage), scope);
    for (const setting of answer.settings) if (!byId.has(setting.id)) byId.set(setting.id, setting);
    const fell = answer.total < total;
    total = answer.total;
    if (fell || answer.rows === 0 || (page + 1) * perPage >= total) {
      return { settings: [...byId.values()], total, complete: !fell };
    }
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
