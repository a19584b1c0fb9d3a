import type { ApiResponse } from './api-error.ts';
import { answerToError } from './backend.ts';
import type { ApiRequest } from './http.ts';

/** A path like `/v1/settings/project/{id}` and what answers it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly handle: (request: ApiRequest) => ApiResponse | Promise<ApiResponse>;
}

/**
 * Dispatches as Starlette does: the first route that fits; 405 with the method of the first route of that
 * path; a path wrong only by its trailing slash is sent on with 307 to plain `http`, built from the Host
 * header, without the prefix the ingress took away; 404.
 */
export function createRouter(routes: readonly Route[]): (request: ApiRequest) => Promise<ApiResponse> {
  return async (request) => {
    const fitting = routes.flatMap((route) => {
      const params = match(route.path, request.path);
      return params === undefined ? [] : [{ route, params }];
    });
    const found = fitting.find(({ route }) => route.method === request.method);
    if (found !== undefined) {
      try {
        return await found.route.handle({ ...request, params: found.params });
      } catch (error) {
        return answerToError(error).response;
      }
    }
    const [other] = fitting;
    if (other !== undefined) {
      return { status: 405, headers: { allow: other.route.method }, body: { detail: 'Method Not Allowed' } };
    }
    const otherPath = request.path.endsWith('/') ? request.path.slice(0, -1) : `${request.path}/`;
    if (routes.some((route) => match(route.path, otherPath) !== undefined)) {
      const location = `http://${request.headers.host ?? ''}${otherPath}${request.search}`;
      return { status: 307, headers: { location } };
    }
    return { status: 404, body: { detail: 'Not Found' } };
  };
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) {
    return undefined;
  }
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith('{')) {
      if (value === '') {
        return undefined;
      }
      params[part.slice(1, -1)] = decodeURIComponent(value);
    } else if (part !== value) {
      return undefined;
    }
  }
  return params;
}
