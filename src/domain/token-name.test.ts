import { expect, it } from 'vitest';
import { tokenName } from './token-name.ts';

it.each([
  ['GitHub', undefined, 'oauth2'],
  ['GitLab', undefined, 'oauth2'],
  ['Bitbucket', undefined, 'x-token-auth'],
  ['AzureDevOps', undefined, 'oauth2'],
  ['Bitbucket', 'alice', 'alice'],
  ['Bitbucket', 'alice@example.com', 'x-bitbucket-api-token-auth'],
  ['GitLab', 'alice@example.com', 'alice@example.com'],
] as const)('%s with %s is sent as %s', (provider, username, name) => {
  expect(tokenName(provider, username)).toBe(name);
});
