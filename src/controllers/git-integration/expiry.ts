import { durationMs } from '../../api/duration.ts';
import { credentialName } from './credential-name.ts';
import type { Integration } from './load.ts';
import type { Report } from './report.ts';

/** Raises `CredentialExpiring` shortly before the credential expires, and afterwards. */
export function warnOfExpiry({ spec }: Integration, report: Report, now: number): void {
  const expiresAt = report.credential?.expiresAt;
  if (expiresAt === undefined || now < warnsFrom(expiresAt, spec.validation.expiryWarning)) return;
  const message = `The ${credentialName(spec.auth)} expires at ${expiresAt}. Create a new one and store it in that Secret.`;
  report.abnormal.CredentialExpiring = { status: 'True', reason: 'ExpiresSoon', message };
}

/** How long until the warning is due, in milliseconds; undefined when it is due already or there is no end. */
export function untilExpiryWarning({ spec }: Integration, report: Report, now: number): number | undefined {
  const expiresAt = report.credential?.expiresAt;
  if (expiresAt === undefined) return undefined;
  const left = warnsFrom(expiresAt, spec.validation.expiryWarning) - now;
  return left > 0 ? left : undefined;
}

function warnsFrom(expiresAt: string, warning: string): number {
  return Date.parse(expiresAt) - durationMs(warning);
}
