import { generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { missedTicks } from '../../../test/harness/hostile/longest-block.ts';
import { consistentKey, pem, pkcs1Der } from '../../../test/harness/hostile/rsa-key.ts';
import { bounds } from '../../lib/bounds.ts';
import { clockSkewMs, signAppJwt } from './octokit.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

describe.each(['pkcs1', 'pkcs8'] as const)('a JWT signed with a key in %s', (type) => {
  const pem = privateKey.export({ type, format: 'pem' }).toString();
  const signed = signAppJwt({ issuer: '12', privateKey: pem, nowMs: 1_800_000_000_999 });
  const decode = (part = ''): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());

  it('is RS256', async () => {
    const [header, claims, signature = ''] = (await signed).jwt.split('.');
    expect(decode(header)).toEqual({ alg: 'RS256', typ: 'JWT' });
    const text = Buffer.from(`${header}.${claims}`);
    expect(verify('sha256', text, publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('counts from a minute ago to five minutes ahead, in whole seconds', async () => {
    const { jwt, expiresAt } = await signed;
    expect(decode(jwt.split('.')[1])).toEqual({ iss: '12', iat: 1_799_999_940, exp: 1_800_000_300 });
    expect(expiresAt).toBe('2027-01-15T08:05:00Z');
  });
});

it('is not signed by the thread that everything else runs on', async () => {
  const privateKey = pem('RSA PRIVATE KEY', pkcs1Der(consistentKey(bounds.privateKey.maxModulusBits)));
  expect(await missedTicks(() => signAppJwt({ issuer: '12', privateKey, nowMs: 0 }))).toBe(0);
});

const nowMs = Date.parse('2026-06-01T12:00:00Z');

it.each<{ name: string; headers: Record<string, string>; skewMs: number }>([
  { name: 'no date', headers: {}, skewMs: 0 },
  { name: 'no date that can be read', headers: { date: 'today' }, skewMs: 0 },
  { name: 'half a minute', headers: { date: 'Mon, 01 Jun 2026 12:00:30 GMT' }, skewMs: 0 },
  { name: 'more, ahead', headers: { date: 'Mon, 01 Jun 2026 12:00:31 GMT' }, skewMs: 31_000 },
  { name: 'more, behind', headers: { date: 'Mon, 01 Jun 2026 11:59:29 GMT' }, skewMs: -31_000 },
  {
    name: 'the answer of a cache',
    headers: { date: 'Mon, 01 Jun 2026 11:59:00 GMT', age: '59' },
    skewMs: 0,
  },
  {
    name: 'an age that makes no sense',
    headers: { date: 'Mon, 01 Jun 2026 12:01:00 GMT', age: '-1e9' },
    skewMs: 60_000,
  },
])('$name is a skew of $skewMs ms', ({ headers, skewMs }) => {
  expect(clockSkewMs((header) => headers[header], nowMs)).toBe(skewMs);
});
