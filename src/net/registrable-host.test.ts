import { expect, it } from 'vitest';
import { registrableHost } from './address.ts';

it.each([
  ['github.com', 'github.com'],
  ['api.github.com', 'github.com'],
  ['a.b.c.evil.example', 'evil.example'],
  ['git.team.co.uk', 'team.co.uk'],
  ['a.github.io', 'github.io'],
  ['git.corp.internal', 'corp.internal'],
  ['codemie.codemie.svc', 'codemie.svc'],
  ['git.team-a.svc.cluster.local', 'team-a.svc.cluster.local'],
  ['10.0.0.1', '10.0.0.1'],
  ['[2001:db8::1]', '[2001:db8::1]'],
  ['localhost', 'localhost'],
  ['', ''],
])('%s is of %s', (host, expected) => {
  expect(registrableHost(host)).toBe(expected);
});
