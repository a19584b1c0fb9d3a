import { expect, it } from 'vitest';
import { requestOf } from './request-recorder.ts';

it.each([
  ['GET', '/api/v1/secrets?limit=5', 'list', '', 'secrets', undefined, undefined, undefined],
  ['GET', '/api/v1/namespaces/a/secrets?watch=true', 'watch', '', 'secrets', undefined, 'a', undefined],
  ['GET', '/api/v1/namespaces/a', 'get', '', 'namespaces', undefined, 'a', 'a'],
  ['GET', '/api/v1/namespaces?watch=true', 'watch', '', 'namespaces', undefined, undefined, undefined],
  ['PATCH', '/apis/g.io/v1/namespaces/a/things/t/status', 'patch', 'g.io', 'things', 'status', 'a', 't'],
  ['PUT', '/apis/g.io/v1/wholes/w', 'update', 'g.io', 'wholes', undefined, undefined, 'w'],
])(
  '%s %s is what an authorizer takes it for',
  (method, path, verb, group, resource, subresource, namespace, name) => {
    expect(requestOf(method, new URL(path, 'https://server'))).toEqual({
      verb,
      group,
      resource,
      subresource,
      namespace,
      name,
    });
  },
);
