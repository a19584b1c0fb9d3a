import { createHmac, timingSafeEqual } from 'node:crypto';

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
export function registrationSignature(uid: string, registration: SignedRegistration, key: Buffer): string {
  const { id, connectionUID, server, scope, project, alias } = registration;
  // The first word keeps it apart from the other digests that are made with the key.
  const text = JSON.stringify(['registration', uid, id, connectionUID, server, scope, project, alias]);
  return `hmac-sha256:${createHmac('sha256', key).update(text).digest('hex')}`;
}

/** Whether this operator wrote that registration into the status of the object with that UID. */
export function isAuthentic(uid: string, registration: SignedRegistration, key: Buffer): boolean {
  const given = Buffer.from(registration.signature ?? '');
  const right = Buffer.from(registrationSignature(uid, registration, key));
  return given.length === right.length && timingSafeEqual(given, right);
}
