import type { ApiResponse } from '../api-error.ts';
import { parseFilters } from '../filters.ts';
import type { ApiRequest } from '../http.ts';
import { masked } from '../masking.ts';
import { paginate } from '../paging.ts';
import type { SettingRow } from '../setting.ts';

/**
 * The answer of both lists: filtered, newest first (with `search`, first those whose project fits),
 * paged, masked.
 */
export function listSettings(request: ApiRequest, visible: readonly SettingRow[]): ApiResponse {
  const { matches, isFirst } = parseFilters(request.query.get('filters'));
  const rows = visible
    .filter(matches)
    .toSorted((a, b) => Number(isFirst(b)) - Number(isFirst(a)) || compare(b.date, a.date));
  const page = paginate(rows, request.query);
  return { status: 200, body: { ...page, data: page.data.map(masked) } };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
