import { durationMs } from '../../api/duration.ts';
import { credentialName } from './credential-identity.ts';
import type { Deps } from './deps.ts';
import type { Pass } from './pass.ts';

/** Raises `CredentialExpiring` shortly before the credential expires, and afterwards. */
export function warnOfExpiry({ integration: { spec }, report, deps }: Pass<Pick<Deps, 'now'>>): void {
  const expiresAt = report.credential?.expiresAt;
  if (expiresAt === undefined || deps.now() < warnsFrom(expiresAt, spec.validation.expiryWarning)) return;
  const message = `The ${credentialName(spec.auth)} expires at ${expiresAt}. Create a new one and store it in that Secret.`;
  report.abnormal.CredentialExpiring = { status: 'True', reason: 'ExpiresSoon', message };
}

/** How long until the warning is due, in milliseconds; undefined when it is due already or there is no end. */
export function untilExpiryWarning({
  integration: { spec },
  report,
  deps,
}: Pass<Pick<Deps, 'now'>>): number | undefined {
  const expiresAt = report.credential?.expiresAt;
  if (expiresAt === undefined) return undefined;
  const left = warnsFrom(expiresAt, spec.validation.expiryWarning) - deps.now();
  return left > 0 ? left : undefined;
}

function warnsFrom(expiresAt: string, warning: string): number {
  return Date.parse(expiresAt) - durationMs(warning);
}
