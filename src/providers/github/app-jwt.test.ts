import { generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signAppJwt } from './app-jwt.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

describe.each(['pkcs1', 'pkcs8'] as const)('a JWT signed with a key in %s', (type) => {
  const pem = privateKey.export({ type, format: 'pem' }).toString();
  const { jwt, expiresAt } = signAppJwt({ issuer: '12', privateKey: pem, nowMs: 1_800_000_000_999 });
  const [header = '', claims = '', signature = ''] = jwt.split('.');
  const decode = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());

  it('is RS256', () => {
    expect(decode(header)).toEqual({ alg: 'RS256', typ: 'JWT' });
    const signed = Buffer.from(`${header}.${claims}`);
    expect(verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('counts from a minute ago to five minutes ahead, in whole seconds', () => {
    expect(decode(claims)).toEqual({ iss: '12', iat: 1_799_999_940, exp: 1_800_000_300 });
    expect(expiresAt).toBe('2027-01-15T08:05:00Z');
  });
});
