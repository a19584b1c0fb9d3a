import { describe, expect, it } from 'vitest';
import { productNames } from '../api/group.ts';
import { NetError, type NetErrorKind } from '../net/net-error.ts';
import type { AnswerContext } from './answer.ts';
import { errorOf, transportFailure } from './client.ts';
import { ProviderError, type ProviderName } from './provider.ts';
import { checkHost, rateLimited, refused } from './provider-errors.ts';
import { answerWith as answer } from './testing/world.ts';

const nowMs = Date.parse('2026-06-01T12:00:00Z');
const context: AnswerContext = { subject: { kind: 'credential' }, host: 'git.example.com', nowMs };

describe('transportFailure', () => {
  const netError = (kind: NetErrorKind): NetError =>
    new NetError({ kind, message: 'It failed.', hint: 'Look.', host: 'git.example.com', requestSent: true });
  const running = { signal: new AbortController().signal };

  it.each<[kind: NetErrorKind, reason: string, disposition: string]>([
    ['HostNotAllowed', 'HostNotAllowed', 'needsPerson'],
    ['AddressNotAllowed', 'HostNotAllowed', 'needsPerson'],
    ['TlsUntrusted', 'TLSUntrusted', 'retry'],
    ['ClientCertificate', 'ClientCertificateRequired', 'retry'],
    ['TlsOther', 'ProviderUnreachable', 'retry'],
    ['Dns', 'ProviderUnreachable', 'retry'],
    ['Refused', 'ProviderUnreachable', 'retry'],
    ['Timeout', 'ProviderUnreachable', 'retry'],
    ['Aborted', 'ProviderUnreachable', 'retry'],
    ['Reset', 'ProviderUnreachable', 'retry'],
    ['Proxy', 'ProviderUnreachable', 'retry'],
    ['HostBusy', 'ProviderUnreachable', 'retry'],
    ['HostPaused', 'ProviderUnreachable', 'retry'],
    ['TooLarge', 'ProviderError', 'retry'],
    ['NotJson', 'ProviderError', 'retry'],
    ['RedirectRefused', 'ProviderError', 'retry'],
    ['Other', 'ProviderError', 'retry'],
  ])('gives %s the reason %s', (kind, reason, disposition) => {
    const error = transportFailure(netError(kind), running);
    expect(error).toMatchObject({ reason, disposition, message: 'It failed.', hint: 'Look.' });
  });

  it('waits for the whole pause that a host asked for', () => {
    const paused = new NetError({
      kind: 'HostPaused',
      message: 'It is left alone.',
      hint: 'Look.',
      host: 'git.example.com',
      requestSent: false,
      retryAtMs: nowMs + 30_000,
    });
    expect(transportFailure(paused, running)).toMatchObject({
      reason: 'ProviderUnreachable',
      disposition: 'waitUntil',
      retryAtMs: nowMs + 30_000,
    });
  });

  it('finds the error that a library has wrapped', () => {
    const wrapped = new Error('HttpError', {
      cause: new TypeError('fetch failed', { cause: netError('Dns') }),
    });
    expect(transportFailure(wrapped, running)).toMatchObject({ reason: 'ProviderUnreachable' });
  });

  it("gives the signal's own reason when the work was ended", () => {
    const reason = new Error('shutting down');
    expect(transportFailure(netError('Aborted'), { signal: AbortSignal.abort(reason) })).toBe(reason);
  });

  it('leaves a mistake of ours as it is', () => {
    const mistake = new TypeError('undefined is not a function');
    expect(transportFailure(mistake, running)).toBe(mistake);
  });
});

describe('rateLimited', () => {
  const inSeconds = (seconds: number): string => String(nowMs / 1000 + seconds);
  it.each<{ name: string; headers: Record<string, string>; waitS: number }>([
    { name: 'seconds', headers: { 'retry-after': '17' }, waitS: 17 },
    {
      name: 'a date, by the clock of the server',
      headers: { 'retry-after': 'Mon, 01 Jun 2026 13:00:30 GMT', date: 'Mon, 01 Jun 2026 13:00:00 GMT' },
      waitS: 30,
    },
    { name: 'the reset of GitHub', headers: { 'x-ratelimit-reset': inSeconds(90) }, waitS: 90 },
    {
      name: 'the reset, by a server an hour ahead',
      headers: { 'x-ratelimit-reset': inSeconds(3690), date: 'Mon, 01 Jun 2026 13:00:00 GMT' },
      waitS: 90,
    },
    { name: 'the reset of GitLab', headers: { 'ratelimit-reset': inSeconds(90) }, waitS: 90 },
    {
      name: 'a reset with calls left, so it is about another limit',
      headers: { 'x-ratelimit-reset': inSeconds(900), 'x-ratelimit-remaining': '4000' },
      waitS: 60,
    },
    { name: 'nothing', headers: {}, waitS: 60 },
    { name: 'nonsense', headers: { 'retry-after': 'soon', 'x-ratelimit-reset': '1e999' }, waitS: 60 },
    { name: 'zero', headers: { 'retry-after': '0' }, waitS: 1 },
    { name: 'a moment in the past', headers: { 'x-ratelimit-reset': inSeconds(-500) }, waitS: 1 },
    { name: 'a year', headers: { 'retry-after': '31536000' }, waitS: 3600 },
  ])('waits $waitS s for $name', ({ headers, waitS }) => {
    const error = rateLimited('GitHub', answer(429, headers), context);
    expect(error).toMatchObject({ reason: 'RateLimited', disposition: 'waitUntil' });
    expect(error.retryAtMs).toBe(nowMs + waitS * 1000);
  });
});

describe('errorOf', () => {
  it.each<{ declared: ProviderName; header: string; found: ProviderName }>([
    { declared: 'GitHub', header: 'x-gitlab-meta', found: 'GitLab' },
    { declared: 'GitLab', header: 'x-arequestid', found: 'Bitbucket' },
    { declared: 'Bitbucket', header: 'x-github-request-id', found: 'GitHub' },
    { declared: 'GitHub', header: 'x-tfs-processid', found: 'AzureDevOps' },
  ])('knows $found by $header', ({ declared, header, found }) => {
    const error = errorOf(declared, answer(404, { [header]: 'x' }, {}), context, () => undefined);
    expect(error).toMatchObject({ reason: 'WrongProvider', disposition: 'needsPerson' });
    expect(error.message).toBe(
      `git.example.com is ${productNames[found]}, but spec.provider is ${declared}.`,
    );
  });

  it.each([
    { status: 400, reason: 'ProviderError' },
    { status: 404, reason: 'ProviderError' },
    { status: 429, reason: 'RateLimited' },
    { status: 500, reason: 'ProviderError' },
  ])('gives $status the reason $reason', ({ status, reason }) => {
    expect(errorOf('GitLab', answer(status), context, () => undefined).reason).toBe(reason);
  });
});

describe('refused', () => {
  it.each([
    { name: 'no known end', knownExpiresAt: undefined, reason: 'Unauthorized' },
    { name: 'an end to come', knownExpiresAt: '2026-06-01T12:00:01Z', reason: 'Unauthorized' },
    { name: 'an end in the past', knownExpiresAt: '2026-06-01T12:00:00Z', reason: 'Expired' },
  ])('is $reason with $name', ({ knownExpiresAt, reason }) => {
    const error = refused({ ...context, ...(knownExpiresAt && { knownExpiresAt }) }, 'Make a new one.');
    expect(error.reason).toBe(reason);
  });
});

describe('checkHost', () => {
  it.each(['https://gitlab.com', 'https://www.gitlab.com/group', 'https://bitbucket.org'])(
    'refuses %s as GitHub',
    (url) => {
      expect(() => checkHost('GitHub', new URL(url))).toThrow(ProviderError);
    },
  );

  it.each(['https://github.com', 'https://github.example.com', 'https://notgitlab.com'])(
    'takes %s as GitHub',
    (url) => {
      expect(() => checkHost('GitHub', new URL(url))).not.toThrow();
    },
  );
});
