import { generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createClock } from '../../test/harness/peers/git-hosts/clock.ts';
import { createGitHost } from '../../test/harness/peers/git-hosts/git-host.ts';
import { createGitHub } from '../../test/harness/peers/github/github.ts';
import { type Answer, type AnswerContext, rateLimitOf } from './answer.ts';
import { missingScopes as missingAtBitbucket } from './bitbucket/scopes.ts';
import { missingPermissions } from './github/permissions.ts';
import { implications } from './github/scopes.ts';
import { expiryOf, parseExpiry } from './github/token.ts';
import { rateLimited } from './provider-errors.ts';
import { providers } from './registry.ts';
import { missingScopes, parseScopes } from './scopes.ts';
import { answerWith, openWorld } from './testing/world.ts';

const nowMs = Date.parse('2026-06-01T12:00:00Z');
const context: AnswerContext = { subject: { kind: 'credential' }, host: 'git.example.com', nowMs };
const answer = (headers: Record<string, string>): Answer => answerWith(429, headers);

/** What may be in a header: nonsense, numbers of any size, dates of any form. */
const value = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.integer({ min: nowMs / 1000 - 10_000, max: nowMs / 1000 + 10_000 }).map(String),
  fc.double().map(String),
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom('0', '-0', '+1', '1e3', '0x10', 'NaN', 'Infinity', '', ' 1 ', '١٢', '9'.repeat(400)),
);
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

describe('whatever is in a header', () => {
  it('a wait is one between a second and an hour', () => {
    const headers = fc.record(
      {
        'retry-after': value,
        'x-ratelimit-reset': value,
        'ratelimit-reset': value,
        'x-ratelimit-remaining': value,
        date: value,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(headers, (given) => {
        const { retryAtMs = 0 } = rateLimited('GitHub', answer(given), context);
        expect(retryAtMs).toBeGreaterThanOrEqual(nowMs + 1000);
        expect(retryAtMs).toBeLessThanOrEqual(nowMs + 3_600_000);
      }),
      { numRuns: 8_000 },
    );
  });

  it('a budget of calls is one that can be shown, or none', () => {
    const none = { limit: 0, remaining: 0, resetsAt: '2026-01-01T00:00:00Z' };
    const headers = fc.record({
      'x-ratelimit-limit': value,
      'x-ratelimit-remaining': value,
      'x-ratelimit-reset': value,
    });
    fc.assert(
      fc.property(headers, (given) => {
        const { limit, remaining, resetsAt } = rateLimitOf(answer(given)) ?? none;
        expect([limit, remaining].every((count) => Number.isSafeInteger(count) && count >= 0)).toBe(true);
        expect(resetsAt).toMatch(rfc3339);
      }),
      { numRuns: 6_000 },
    );
  });

  it('the expiry of a token is a moment that RFC 3339 has, or none', () => {
    const two = fc.nat(99).map((number) => String(number).padStart(2, '0'));
    const like = fc
      .tuple(
        fc.nat(9999),
        two,
        two,
        two,
        two,
        two,
        fc.constantFrom(' UTC', ' Z', ' +0530', ' -1200', ' +99:99', ''),
      )
      .map(([year, month, day, hour, minute, second, zone]) => {
        const date = [String(year).padStart(4, '0'), month, day].join('-');
        return `${date} ${hour}:${minute}:${second}${zone}`;
      });
    fc.assert(
      fc.property(fc.oneof(value, like), value, (header, date) => {
        const end = expiryOf(answer({ 'github-authentication-token-expiration': header, date }), nowMs);
        expect(end ?? '2026-01-01T00:00:00Z').toMatch(rfc3339);
      }),
      { numRuns: 8_000 },
    );
  });

  it('the expiry of a token is read as it was written, in each of the three zones', () => {
    const moment = fc.integer({ min: 0, max: 4_000_000_000 });
    const zone = fc.constantFrom(
      { name: 'UTC', minutes: 0 },
      { name: '+0200', minutes: 120 },
      { name: '-0700', minutes: -420 },
    );
    fc.assert(
      fc.property(moment, zone, (seconds, { name, minutes }) => {
        const local = new Date((seconds + minutes * 60) * 1000).toISOString();
        expect(parseExpiry(`${local.slice(0, 10)} ${local.slice(11, 19)} ${name}`)).toBe(seconds * 1000);
      }),
      { numRuns: 4_000 },
    );
  });

  it('scopes are words, each once and in order, and what is missing is part of what is required', () => {
    const word = fc.oneof(
      fc.constantFrom(...Object.keys(implications), '__proto__', 'constructor', 'repo:status'),
      fc.string({ maxLength: 12 }),
    );
    const list = fc.array(word, { maxLength: 12 });
    fc.assert(
      fc.property(list, list, fc.constantFrom(', ', ',', ' ', ',,\t'), (granted, required, between) => {
        const scopes = parseScopes(granted.join(between));
        expect(scopes).toEqual([...new Set(scopes)].toSorted());
        for (const scope of scopes) expect(scope).toMatch(/^[^\s,]+$/);
        const missing = missingScopes(required, scopes, implications);
        expect(required).toEqual(expect.arrayContaining(missing));
        // Granting just what is said to be missing is enough.
        expect(missingScopes(required, [...scopes, ...missing], implications)).toEqual([]);
        expect(missingAtBitbucket(required, scopes)).not.toContain(scopes[0]);
        expect(required).toEqual(expect.arrayContaining(missingPermissions(required, { contents: 'x' })));
      }),
      { numRuns: 4_000 },
    );
  });
});

describe('whatever is in Link', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const app = { kind: 'githubApp', appId: '12', privateKey: pem } as const;

  it('the walk over the pages ends', async () => {
    const peer = createGitHub();
    peer.addApp({ id: 12, privateKey: pem });
    peer.addInstallation({ appId: 12, account: 'acme', id: 100 });
    const world = await openWorld([peer]);
    const target = world.target(providers.GitHub, 'https://github.com');
    const report = await providers.GitHub.validate(app, target);
    const link = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.constantFrom(
        '<>; rel="next"',
        '<https://evil.example.net>; rel="next"',
        'rel=next',
        '; rel="next",',
      ),
    );
    // A header can't carry more than printable ASCII.
    const printable = link.map((text) => text.replaceAll(/[^\x20-\x7e]/g, '-'));
    await fc.assert(
      fc.asyncProperty(printable, async (header) => {
        peer.failNext({ status: 200, headers: { link: header }, body: [installation(100)] });
        const found = await providers.GitHub.resolveInstallation?.(app, { by: 'first' }, target, report);
        expect(found?.id).toBe(100);
        peer.clearFaults();
      }),
      { numRuns: 80 },
    );
    await world.close();
    expect(world.internet.refusedHosts).toEqual([]);
  });

  it('a server that always has another page is left after a hundred', async () => {
    const endless = createGitHost({
      name: 'endless',
      hosts: ['api.github.com'],
      clock: createClock(),
      answer: ({ path, query }) =>
        path === '/app'
          ? { status: 200, body: { id: 12, slug: 'app', owner: { login: 'acme' }, permissions: {} } }
          : {
              status: 200,
              headers: { link: '<https://api.github.com/app/installations?page=2>; rel="next"' },
              body: [installation(Number(query.get('page')))],
            },
    });
    const world = await openWorld([endless]);
    const target = world.target(providers.GitHub, 'https://github.com');
    const report = await providers.GitHub.validate(app, target);
    const found = await providers.GitHub.resolveInstallation?.(app, { by: 'first' }, target, report);
    await world.close();
    expect(found?.id).toBe(1);
    expect(endless.requests).toHaveLength(1 + 100);
  });
});

function installation(id: number) {
  return {
    id,
    account: { login: 'acme', type: 'Organization' },
    repository_selection: 'all',
    permissions: {},
    suspended_at: null,
  };
}
