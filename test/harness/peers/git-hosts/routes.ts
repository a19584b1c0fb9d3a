import type { Answer, Question } from './exchange.ts';

/** A question with the parts of its path that stand for `{name}` in the route. */
export interface RoutedQuestion extends Question {
  /** Percent-decoded. Throws for a name the route does not have. */
  param(name: string): string;
}

/** `method` and `path`, e.g. `GET` and `/repos/{owner}/{repo}`; a part in braces matches one segment. */
export interface Route {
  readonly method: string;
  readonly path: string;
  answer(question: RoutedQuestion): Answer | Promise<Answer>;
}

/** Answers by the first route that fits `path` exactly (a trailing slash fits none), else undefined. */
export function answerByRoute(
  routes: readonly Route[],
  question: Question,
  path: string,
): Answer | Promise<Answer> | undefined {
  for (const route of routes) {
    const params = route.method === question.method ? matchPath(route.path, path) : undefined;
    if (params !== undefined) {
      return route.answer({ ...question, param: (name) => paramOf(params, name, route.path) });
    }
  }
  return undefined;
}

function matchPath(pattern: string, path: string): Map<string, string> | undefined {
  const names = pattern.split('/');
  const parts = path.split('/');
  if (names.length !== parts.length) {
    return undefined;
  }
  const params = new Map<string, string>();
  for (const [index, name] of names.entries()) {
    const part = parts[index] ?? '';
    if (name.startsWith('{') && name.endsWith('}') && part !== '') {
      params.set(name.slice(1, -1), decodeURIComponent(part));
    } else if (name !== part) {
      return undefined;
    }
  }
  return params;
}

function paramOf(params: Map<string, string>, name: string, path: string): string {
  const value = params.get(name);
  if (value === undefined) {
    throw new Error(`The route ${path} has no part {${name}}`);
  }
  return value;
}
