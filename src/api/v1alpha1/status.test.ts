import { describe, expect, it } from 'vitest';
import { parseConnectionStatus } from './connection-status.ts';
import { parseGitIntegrationStatus } from './git-integration-status.ts';

describe('a status that was written earlier', () => {
  it.each([
    ['is absent', undefined, { observedGeneration: -1 }],
    ['is no object', 'broken', { observedGeneration: -1 }],
    [
      'is whole',
      { observedGeneration: 3, installation: { id: 5 } },
      { observedGeneration: 3, installation: { id: 5 } },
    ],
    [
      'has one bad part, which alone is left out',
      { observedGeneration: 3, credential: { scopes: 'repo' }, installation: { id: 5 } },
      { observedGeneration: 3, installation: { id: 5 } },
    ],
    [
      'has parts of a newer operator',
      { observedGeneration: 3, news: 1, installation: { id: 5, colour: 'red' } },
      { observedGeneration: 3, installation: { id: 5 } },
    ],
  ])('%s', (_name, status, expected) => {
    expect(parseGitIntegrationStatus(status)).toEqual(expected);
  });

  it('of a connection is read alike', () => {
    expect(parseConnectionStatus({ account: 1, serverVersion: '2.42.0' })).toEqual({
      observedGeneration: -1,
      serverVersion: '2.42.0',
    });
  });
});
