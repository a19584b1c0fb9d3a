import { crash, schemaError } from './api-error.ts';

/** One page of a list with its numbers. */
export interface Page<T> {
  readonly data: readonly T[];
  readonly pagination: { page: number; per_page: number; total: number; pages: number };
}

/**
 * `page` (zero-based) and `per_page` (default 10, no maximum).
 *
 * @throws ApiError 422 for what is no integer; 500 for zero, negative or enormous numbers
 */
export function paginate<T>(items: readonly T[], query: URLSearchParams): Page<T> {
  const page = integerParameter(query, 'page', 0);
  const perPage = integerParameter(query, 'per_page', 10);
  if (perPage === 0) {
    throw crash('ZeroDivisionError: division by zero');
  }
  if (perPage < 0 || page < 0) {
    throw crash(`sqlalchemy.exc.DataError: ${perPage < 0 ? 'LIMIT' : 'OFFSET'} must not be negative`);
  }
  if (page * perPage > 2 ** 63) {
    throw crash('sqlalchemy.exc.DataError: bigint out of range');
  }
  return {
    data: items.slice(page * perPage, (page + 1) * perPage),
    pagination: { page, per_page: perPage, total: items.length, pages: Math.ceil(items.length / perPage) },
  };
}

function integerParameter(query: URLSearchParams, name: string, absent: number): number {
  const text = query.get(name);
  if (text === null) {
    return absent;
  }
  if (!/^\s*[+-]?\d+\s*$/.test(text)) {
    const msg = 'Input should be a valid integer, unable to parse string as an integer';
    throw schemaError([{ type: 'int_parsing', loc: ['query', name], msg, input: text }]);
  }
  return Number(text);
}
