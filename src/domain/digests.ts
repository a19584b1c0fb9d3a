import { createHash, createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { GitIntegrationSpec, ProviderName } from '../api/v1alpha1/git-integration-spec.ts';
import type { DesiredSetting } from './git-setting.ts';

/**
 * A short name for all that a spec asks for. `suspend` is left out: it only says when. Nothing in a spec is secret,
 * so the digest needs no key.
 */
export function specDigest(spec: GitIntegrationSpec): string {
  const withoutSuspend = { ...spec, suspend: undefined };
  return createHash('sha256').update(JSON.stringify(withoutSuspend)).digest('hex').slice(0, 32);
}

/**
 * Recognizes a credential without keeping it: a keyed digest, 128 bits in hex, of the credential and the server that it
 * is for. It may be in a status: without the key no token can be tried out against it.
 */
export function credentialDigest(
  provider: ProviderName,
  webUrl: URL,
  credential: object,
  key: KeyObject,
): string {
  const text = JSON.stringify([provider, webUrl.href, credential]);
  return createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
}

/**
 * A keyed digest of everything we send, secrets included. Equal digests mean that CodeMie was last written
 * with exactly this. Keyed, because a bare hash of a short secret could be searched for.
 */
export function settingDigest(desired: DesiredSetting, key: KeyObject): string {
  const values = desired.values
    .map((v) => [v.key, v.value])
    .toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
  const text = JSON.stringify([desired.scope, desired.project, desired.alias, desired.isGlobal, values]);
  return `hmac-sha256:${createHmac('sha256', key).update(text).digest('hex')}`;
}

/** What a registration in a status says about whose row it is and where. */
export interface SignedRegistration {
  id: string;
  connectionUID: string;
  server: string;
  scope: string;
  project: string;
  alias: string;
  signature?: string | undefined;
}

/**
 * A keyed digest that binds a registration to the object that has it, so that it is neither forged nor copied from
 * another object by someone who may write statuses.
 *
 * @param uid of the GitIntegration
 * @param key of the digests, which only the operator knows
 */
export function registrationSignature(uid: string, registration: SignedRegistration, key: KeyObject): string {
  const { id, connectionUID, server, scope, project, alias } = registration;
  // The first word keeps it apart from the other digests that are made with the key.
  const text = JSON.stringify(['registration', uid, id, connectionUID, server, scope, project, alias]);
  return `hmac-sha256:${createHmac('sha256', key).update(text).digest('hex')}`;
}

/** Whether this operator wrote that registration into the status of the object with that UID. */
export function isAuthentic(uid: string, registration: SignedRegistration, key: KeyObject): boolean {
  const given = Buffer.from(registration.signature ?? '');
  const right = Buffer.from(registrationSignature(uid, registration, key));
  return given.length === right.length && timingSafeEqual(given, right);
}
