import { describe, expect, it } from 'vitest';
import type { HttpResponse } from '../net/http-client.ts';
import { NetError, type NetErrorKind } from '../net/net-error.ts';
import { failureOfAnswer, failureOfNetwork, type Operation } from './failures.ts';

const nowMs = Date.parse('2026-01-02T03:04:05Z');

function answer(status: number, body?: unknown, headers: Record<string, string> = {}): HttpResponse {
  return { status, body, headers: { get: (name) => headers[name], entries: () => Object.entries(headers) } };
}

function error(message: string, details: unknown = null): unknown {
  return { error: { message, details, help: 'SECRET' } };
}

const cannotCreate = 'Cannot create specified setting';
const cannotUpdate = 'Cannot update specified setting';
const whileCreating = 'An error occurred while trying to create the setting: ';

describe('failureOfAnswer', () => {
  it.each<{
    name: string;
    operation: Operation;
    answer: HttpResponse;
    kind: string;
    duplicateAlias?: boolean;
  }>([
    {
      name: 'no token',
      operation: 'read',
      answer: answer(401, error('Authentication required')),
      kind: 'unauthorized',
    },
    {
      name: 'an expired token',
      operation: 'write',
      answer: answer(401, error('JWT has expired')),
      kind: 'unauthorized',
    },
    { name: 'a 401 of a gateway', operation: 'read', answer: answer(401), kind: 'unreachable' },
    {
      name: 'no permission on update',
      operation: 'write',
      answer: answer(401, error('Access denied')),
      kind: 'accessDenied',
    },
    {
      name: 'no permission on create',
      operation: 'write',
      answer: answer(403, error('Access denied')),
      kind: 'accessDenied',
    },
    { name: 'a 403 of a gateway', operation: 'read', answer: answer(403), kind: 'unreachable' },
    { name: 'a 403 of a gateway on a write', operation: 'write', answer: answer(403), kind: 'unreachable' },
    {
      name: 'keys that CodeMie does not get',
      operation: 'read',
      answer: answer(401, error('Token validation unavailable')),
      kind: 'unreachable',
    },
    { name: 'a rate limit', operation: 'read', answer: answer(429), kind: 'rateLimited' },
    { name: 'a rate limit on a write', operation: 'write', answer: answer(429), kind: 'rateLimited' },

    {
      name: 'a crash on a read',
      operation: 'read',
      answer: answer(500, error('Stacktrace SECRET')),
      kind: 'unreachable',
    },
    { name: 'a gateway error on a read', operation: 'read', answer: answer(502), kind: 'unreachable' },
    {
      name: 'a path that is not there',
      operation: 'read',
      answer: answer(404, { detail: 'Not Found' }),
      kind: 'protocol',
    },
    { name: 'a refused filter', operation: 'read', answer: answer(422, error('SECRET')), kind: 'protocol' },

    {
      name: 'a crash on a write',
      operation: 'write',
      answer: answer(500, error('KeyError')),
      kind: 'uncertain',
    },
    {
      name: 'a delete of nothing',
      operation: 'write',
      answer: answer(404, error('Credential not found')),
      kind: 'uncertain',
    },
    { name: 'a gateway error on a write', operation: 'write', answer: answer(504), kind: 'uncertain' },
    { name: 'a created where 200 is due', operation: 'write', answer: answer(201, {}), kind: 'uncertain' },
    { name: 'a bad request', operation: 'write', answer: answer(400, error('SECRET')), kind: 'uncertain' },
    { name: 'a wrong method', operation: 'write', answer: answer(405, { detail: 'x' }), kind: 'protocol' },
    {
      name: 'a path that is not there, on a write',
      operation: 'write',
      answer: answer(404, { detail: 'x' }),
      kind: 'protocol',
    },
    { name: 'too large for a gateway', operation: 'write', answer: answer(413), kind: 'rejected' },

    {
      name: 'a taken alias',
      operation: 'write',
      answer: answer(
        422,
        error(cannotCreate, `${whileCreating}There are more than one settings with the alias named SECRET`),
      ),
      kind: 'uncertain',
      duplicateAlias: true,
    },
    {
      name: 'a database that is down',
      operation: 'write',
      answer: answer(422, error(cannotCreate, `${whileCreating}(psycopg2.OperationalError) SECRET`)),
      kind: 'uncertain',
      duplicateAlias: false,
    },
    {
      name: 'an update of nothing',
      operation: 'write',
      answer: answer(
        422,
        error(cannotUpdate, "An error occurred while trying to update the setting: 'No settings found'"),
      ),
      kind: 'uncertain',
    },
    {
      name: 'another form of request',
      operation: 'write',
      answer: answer(422, error('alias: Field required', [{ type: 'missing', input: { token: 'SECRET' } }])),
      kind: 'rejected',
    },
    ...[
      "PAT authentication requires 'token'",
      'Cannot mix authentication methods',
      "GitHub App authentication requires 'app_id'",
      'Invalid private key format',
      'Invalid app_id format',
      'Invalid installation_id format',
      "Invalid auth_type: 'SECRET'",
    ].map((message) => ({
      name: `the rule ${message}`,
      operation: 'write' as const,
      answer: answer(422, error(message, 'SECRET')),
      kind: 'rejected',
    })),
  ])('$operation: $name is $kind', ({ operation, answer: given, kind, duplicateAlias = false }) => {
    const failure = failureOfAnswer(operation, given, nowMs);
    expect(failure).toMatchObject({ kind, duplicateAlias });
    expect(`${failure.message} ${failure.hint} ${JSON.stringify(failure)}`).not.toContain('SECRET');
  });

  it.each([
    { name: 'seconds', text: '120', retryAtMs: nowMs + 120_000 },
    { name: 'a date', text: 'Fri, 02 Jan 2026 03:05:05 GMT', retryAtMs: nowMs + 60_000 },
    { name: 'a date that has passed', text: 'Fri, 02 Jan 2026 03:00:00 GMT', retryAtMs: nowMs },
    { name: 'a far future', text: '9999999', retryAtMs: nowMs + 3_600_000 },
    { name: 'nonsense', text: 'soon', retryAtMs: undefined },
    { name: 'nothing', text: '', retryAtMs: undefined },
  ])('reads Retry-After: $name', ({ text, retryAtMs }) => {
    for (const given of [
      answer(429, undefined, { 'retry-after': text }),
      answer(503, undefined, { 'retry-after': text }),
    ]) {
      expect(failureOfAnswer('read', given, nowMs).retryAtMs).toBe(retryAtMs);
    }
  });
});

describe('a refused token', () => {
  it.each([
    { message: 'Authentication required', said: 'noToken' },
    { message: 'Authentication failed', details: 'Missing Authorization header', said: 'noToken' },
    { message: 'Token validation failed', details: 'Invalid or expired credentials', said: 'notValid' },
    { message: 'JWT has expired', said: 'expired' },
    { message: 'Invalid JWT issuer', said: 'otherIssuer' },
    { message: 'Authentication failed', details: 'No valid authentication credentials', said: 'unsaid' },
    { message: 'Access denied', said: 'unsaid' },
    { message: 'constructor', said: 'unsaid' },
  ])('of which CodeMie says "$message" is $said', ({ message, details, said }) => {
    const failure = failureOfAnswer('read', answer(401, error(message, details)), nowMs);
    expect(failure.tokenRefusal).toBe(said);
  });

  it('is not CodeMie’s matter where a page of HTML says so', () => {
    expect(failureOfAnswer('read', answer(401), nowMs).tokenRefusal).toBe('onTheWay');
    expect(failureOfAnswer('read', answer(401, { detail: 'Unauthorized' }), nowMs).tokenRefusal).toBe(
      'unsaid',
    );
    expect(
      failureOfAnswer('read', answer(401, error('Token validation unavailable')), nowMs).tokenRefusal,
    ).toBe(undefined);
  });
});

describe('failureOfNetwork', () => {
  it.each<{ kind: NetErrorKind; requestSent: boolean; read: string; write: string }>([
    { kind: 'Refused', requestSent: false, read: 'unreachable', write: 'unreachable' },
    { kind: 'Dns', requestSent: false, read: 'unreachable', write: 'unreachable' },
    { kind: 'TlsUntrusted', requestSent: false, read: 'unreachable', write: 'unreachable' },
    { kind: 'HostNotAllowed', requestSent: false, read: 'unreachable', write: 'unreachable' },
    { kind: 'Timeout', requestSent: false, read: 'unreachable', write: 'unreachable' },
    { kind: 'Timeout', requestSent: true, read: 'unreachable', write: 'uncertain' },
    { kind: 'Reset', requestSent: true, read: 'unreachable', write: 'uncertain' },
    { kind: 'Aborted', requestSent: true, read: 'unreachable', write: 'uncertain' },
    { kind: 'NotJson', requestSent: true, read: 'protocol', write: 'uncertain' },
    { kind: 'TooLarge', requestSent: true, read: 'protocol', write: 'uncertain' },
    { kind: 'RedirectRefused', requestSent: true, read: 'protocol', write: 'protocol' },
  ])('$kind, sent: $requestSent is $read or $write', ({ kind, requestSent, read, write }) => {
    const cause = new NetError({ kind, requestSent, message: 'm', hint: 'h', host: 'codemie.example.com' });
    expect(failureOfNetwork('read', cause)).toMatchObject({ kind: read, cause });
    expect(failureOfNetwork('write', cause)).toMatchObject({ kind: write, cause });
  });

  it('leaves other errors alone', () => {
    const other = new TypeError('a fault of ours');
    expect(failureOfNetwork('write', other)).toBe(other);
  });
});
