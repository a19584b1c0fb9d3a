import type { Answer, Question } from '../git-hosts/exchange.ts';

/**
 * One page of a list, with the `Link` header GitHub adds when there is more than one.
 * https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api; the order of the links is
 * that of GitHub's responses recorded in PyGithub's test suite.
 */
export function page<T>(
  question: Question,
  url: string,
  items: readonly T[],
  body: (part: T[]) => unknown,
): Answer {
  const perPage = numberOf(question, 'per_page', 30, 100);
  const current = numberOf(question, 'page', 1, Number.MAX_SAFE_INTEGER);
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const link = (number: number, rel: string): string => {
    const query = new URLSearchParams(question.query);
    query.set('page', String(number));
    return `<${url}?${query.toString()}>; rel="${rel}"`;
  };
  const links = [
    ...(current > 1 ? [link(current - 1, 'prev')] : []),
    ...(current < last ? [link(current + 1, 'next'), link(last, 'last')] : []),
    ...(current > 1 ? [link(1, 'first')] : []),
  ];
  return {
    status: 200,
    headers: links.length === 0 ? {} : { link: links.join(', ') },
    body: body(items.slice((current - 1) * perPage, current * perPage)),
  };
}

function numberOf(question: Question, name: string, fallback: number, max: number): number {
  const value = Number.parseInt(question.query.get(name) ?? '', 10);
  return Number.isNaN(value) || value < 1 ? fallback : Math.min(value, max);
}
