import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  abuseDetection,
  secondaryLimit,
  tooManyBadAttempts,
} from '../../../test/harness/peers/github/failures.ts';
import { createGitHub, type GitHub } from '../../../test/harness/peers/github/github.ts';
import type { CredentialReport, ProviderError, Target } from '../provider.ts';
import { failureOf, openWorld, type World } from '../testing/world.ts';
import { github } from './github.ts';

const nowMs = Date.parse('2026-06-01T12:00:00Z');
const token = 'ghp_1';

let peer: GitHub;
let world: World;

beforeAll(async () => {
  peer = createGitHub();
  peer.setClock(() => nowMs);
  peer.addRepository({ fullName: 'octocat/private' });
  peer.addRepository({ fullName: 'acme/app', collaborators: { octocat: 'push' } });
  peer.addRepository({ fullName: 'acme/secret' });
  world = await openWorld([peer]);
});
beforeEach(() => {
  peer.clearFaults();
  peer.addOrganization('acme');
  peer.addToken({ token, login: 'octocat' });
  peer.suspendUser('octocat', false);
  peer.setRateLimit('octocat', { used: 0 });
  peer.requests.length = 0;
});
afterAll(() => world.close());

const validate = (change?: Partial<Target>) =>
  github.validate(
    { kind: 'token', token },
    world.target(github, 'https://github.com', { now: () => nowMs, ...change }),
  );

describe('a GitHub token', () => {
  const reports: {
    name: string;
    given: Partial<Parameters<GitHub['addToken']>[0]>;
    report: Partial<CredentialReport>;
  }[] = [
    {
      name: 'without scopes, which is not the same as without the header',
      given: { scopes: [] },
      report: {
        kind: 'ClassicPersonalAccessToken',
        scopes: [],
        permissions: 'Missing',
        missing: ['repo', 'project'],
      },
    },
    {
      name: 'with another scope besides the one that is short',
      given: { scopes: ['repo', 'workflow'] },
      report: { scopes: ['repo', 'workflow'], permissions: 'Missing', missing: ['project'] },
    },
    {
      name: 'that is fine-grained and ends',
      given: { kind: 'fineGrained', expiresAt: new Date('2026-06-09T21:12:46Z'), expiryZone: '+0200' },
      report: {
        kind: 'FineGrainedPersonalAccessToken',
        permissions: 'NotReported',
        missing: [],
        expiresAt: '2026-06-09T21:12:46Z',
      },
    },
    {
      name: 'that is fine-grained and is said to end right now',
      given: { kind: 'fineGrained', expiresAt: new Date(nowMs + 60_000) },
      report: { kind: 'FineGrainedPersonalAccessToken', permissions: 'NotReported', missing: [] },
    },
    {
      name: 'of an OAuth app',
      given: { kind: 'oauthApp', scopes: ['repo', 'project'] },
      report: { kind: 'OAuthToken', scopes: ['project', 'repo'], permissions: 'Sufficient' },
    },
    {
      name: "of an App's user",
      given: { kind: 'appUser' },
      report: { kind: 'GitHubAppUserToken', permissions: 'NotReported', missing: [] },
    },
  ];

  it.each(reports)('$name is reported so', async ({ given, report }) => {
    peer.addToken({ token, login: 'octocat', ...given });
    const actual = await validate();
    expect(actual).toMatchObject({ account: 'octocat', ...report });
    expect(actual.expiresAt).toBe(report.expiresAt);
    expect('scopes' in actual).toBe('scopes' in report);
  });

  it('reports the budget of calls, and costs one call', async () => {
    const { rateLimit } = await validate();
    expect(rateLimit).toMatchObject({ limit: 5000, remaining: 4999, resetsAt: expect.stringMatching(/Z$/) });
    expect(peer.requests.map(({ path }) => path)).toEqual(['/user']);
  });

  it('asks for the version of the API that it was written for', async () => {
    await validate();
    expect(peer.requests[0]?.header('x-github-api-version')).toBe('2022-11-28');
  });

  it('prints nothing, not even when an endpoint is deprecated', async () => {
    const printed = vi.spyOn(console, 'warn');
    const headers = { deprecation: 'Sat, 01 Jan 2028 00:00:00 GMT', sunset: 'Sun, 02 Jan 2028 00:00:00 GMT' };
    peer.failNext({ status: 200, headers, body: { id: 1, login: 'octocat' } });
    await validate();
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });

  const failures: {
    name: string;
    arrange: () => void;
    error: Partial<ProviderError>;
    change?: Partial<Target>;
  }[] = [
    {
      name: 'the organization demands single sign-on',
      arrange: () => peer.setPolicy('acme', { samlEnforced: true }),
      error: { reason: 'SSORequired' },
    },
    {
      name: 'the organization has an IP allow list',
      arrange: () => peer.setPolicy('acme', { ipAllowList: true }),
      error: { reason: 'AddressNotAllowed' },
    },
    {
      name: 'the organization forbids classic tokens',
      arrange: () => peer.setPolicy('acme', { forbidsClassicTokens: true }),
      error: { reason: 'Unauthorized', hint: 'Use a GitHub App or a fine-grained token.' },
    },
    {
      name: 'the organization forbids tokens that live so long',
      arrange: () => {
        peer.setPolicy('acme', { maxFineGrainedLifetimeDays: 30 });
        peer.addToken({ token, login: 'octocat', kind: 'fineGrained', permissions: { metadata: 'read' } });
      },
      error: { reason: 'Unauthorized', hint: expect.stringContaining('shorter lifetime') },
    },
    {
      name: 'the repository is not shared with its owner',
      arrange: () => {},
      error: { reason: 'RepositoryNotAccessible', message: expect.stringContaining('acme/secret') },
      change: { repositories: ['acme/app', 'acme/secret'] },
    },
    ...(
      [
        {
          kind: 'fineGrained',
          says: /acme must be its resource owner.*an owner of acme may have to approve/,
        },
        { kind: 'oauthApp', says: /have an owner of acme approve the OAuth app/ },
        { kind: 'appUser', says: /repositories of the App's installation/ },
        { kind: 'classic', says: /the token the scope repo/ },
      ] as const
    ).map(({ kind, says }) => ({
      name: `a repository is out of reach, with advice for a token of the kind ${kind}`,
      arrange: () => peer.addToken({ token, login: 'octocat', kind }),
      error: { reason: 'RepositoryNotAccessible' as const, hint: expect.stringMatching(says) },
      change: { repositories: ['acme/secret'] },
    })),
    {
      name: 'the budget is used up: it waits for the reset',
      arrange: () => peer.setRateLimit('octocat', { used: 5000, resetsAtMs: nowMs + 1_200_000 }),
      error: { reason: 'RateLimited', disposition: 'waitUntil', retryAtMs: nowMs + 1_200_000 },
    },
    {
      name: 'a secondary limit says how long',
      arrange: () => peer.failNext(secondaryLimit({ retryAfterS: 30 })),
      error: { reason: 'RateLimited', retryAtMs: nowMs + 30_000 },
    },
    {
      name: 'a secondary limit does not say how long',
      arrange: () => peer.failNext(secondaryLimit()),
      error: { reason: 'RateLimited', retryAtMs: nowMs + 60_000 },
    },
    {
      name: 'an older server speaks of abuse',
      arrange: () => peer.failNext(abuseDetection()),
      error: { reason: 'RateLimited', retryAtMs: nowMs + 60_000 },
    },
    {
      name: 'others tried bad tokens: this one may be good',
      arrange: () => peer.failNext(tooManyBadAttempts()),
      error: { reason: 'RateLimited', retryAtMs: nowMs + 600_000 },
    },
    {
      name: 'the account is suspended',
      arrange: () => peer.suspendUser('octocat'),
      error: { reason: 'Unauthorized', hint: expect.stringContaining('another account') },
    },
  ];

  it.each(failures)('fails when $name', async ({ arrange, error, change }) => {
    arrange();
    expect(await failureOf(validate({ repositories: ['acme/app'], ...change }))).toMatchObject(error);
  });

  describe('that was validated before', () => {
    const hourMs = 3_600_000;
    const later = (ms: number) => () => nowMs + ms;
    const again = async (change: Partial<Target> = {}) => {
      const previous = await validate();
      peer.requests.length = 0;
      return { previous, report: await validate({ previous, ...change }) };
    };

    it('is confirmed for free, with what a 304 does not repeat', async () => {
      peer.addToken({ token, login: 'octocat', expiresAt: new Date('2026-09-09T21:12:46Z') });
      const { previous, report } = await again({ now: later(23 * hourMs) });
      expect(report).toEqual(previous);
      expect(report).toMatchObject({ scopes: ['project', 'repo'], expiresAt: '2026-09-09T21:12:46Z' });
      expect(report.rateLimit).toMatchObject({ remaining: 4999 });
      expect(peer.requests.map(({ status }) => status)).toEqual([304]);
    });

    it('is requested again a day later, because its scopes may be others by then', async () => {
      const { report } = await again({ now: later(24 * hourMs) });
      expect(peer.requests.map(({ status }) => status)).toEqual([200]);
      expect(report.revision?.atMs).toBe(nowMs + 24 * hourMs);
    });

    it('is requested again when the tag was none that could be sent back', async () => {
      peer.failNext({ status: 200, headers: { etag: 'W/"a b", *' }, body: { id: 1, login: 'octocat' } });
      const { previous } = await again();
      expect(previous.revision).toBeUndefined();
      expect(peer.requests.map((request) => request.header('if-none-match'))).toEqual([undefined]);
    });

    it('is requested again while it lacks something, so that the remedy is seen', async () => {
      peer.addToken({ token, login: 'octocat', scopes: ['repo'] });
      const { previous } = await again();
      expect(previous.missing).toEqual(['project']);
      peer.setScopes(token, ['repo', 'project']);
      expect(await validate({ previous })).toMatchObject({ permissions: 'Sufficient' });
    });

    it('is refused as ever once it is revoked', async () => {
      const previous = await validate();
      peer.revokeToken(token);
      expect(await failureOf(validate({ previous }))).toMatchObject({ reason: 'Unauthorized' });
    });

    it('still has to reach its repositories', async () => {
      const previous = await validate();
      const asked = validate({ previous, repositories: ['acme/secret'] });
      expect(await failureOf(asked)).toMatchObject({ reason: 'RepositoryNotAccessible' });
    });
  });

  it('follows a repository that was renamed', async () => {
    peer.addRepository({ fullName: 'octocat/old-name' });
    peer.renameRepository('octocat/old-name', 'octocat/new-name');
    await expect(validate({ repositories: ['octocat/old-name'] })).resolves.toMatchObject({
      account: 'octocat',
    });
  });
});
