import { sign } from 'node:crypto';
import { promisify } from 'node:util';
import { rfc3339 } from '../../lib/time.ts';

/** Clocks differ: GitHub advises to date the token a minute back. */
const backdatedS = 60;
/** GitHub takes up to ten minutes; half of it leaves room for a clock that is ahead. */
const lifetimeS = 5 * 60;

/** On the thread pool: with the longest key that is accepted, a signature takes a quarter of a second. */
const signAside = promisify(sign);

/**
 * A JWT by which a GitHub App proves itself: RS256, whole seconds, valid from one minute ago for the next five.
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 */
export async function signAppJwt(options: { issuer: string; privateKey: string; nowMs: number }): Promise<{
  jwt: string;
  /** RFC 3339. */
  expiresAt: string;
}> {
  const nowS = Math.floor(options.nowMs / 1000);
  const exp = nowS + lifetimeS;
  const signed = [
    { alg: 'RS256', typ: 'JWT' },
    { iat: nowS - backdatedS, exp, iss: options.issuer },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = await signAside('sha256', Buffer.from(signed), options.privateKey);
  return { jwt: `${signed}.${signature.toString('base64url')}`, expiresAt: rfc3339(exp * 1000) };
}
