import type { Credentials } from './credentials.ts';
import { needsPerson } from './halt.ts';
import type { FoundInstallation } from './installation.ts';
import type { Pass } from './pass.ts';
import type { Proof } from './validate.ts';

/**
 * Enters whether the credential may do what CodeMie needs: for a token what the provider reported with it, for an
 * App what its installation was granted. Under policy `Warn` it is only told.
 *
 * @throws Halt on `PermissionsSufficient`, under policy `Enforce`
 */
export function checkPermissions(
  { integration: { spec }, report }: Pass<unknown>,
  { name }: Credentials,
  { proof, installation }: { proof: Proof | undefined; installation: FoundInstallation | undefined },
): void {
  if (!proof) return;
  const missing = installation?.missing ?? reportedMissing(proof);
  const remedy = installation?.remedy ?? proof.report.remedy;
  if (missing === undefined) {
    const message = `${spec.provider} doesn't report what a credential of this kind can do.`;
    report.findings.PermissionsSufficient = { status: 'Unknown', reason: 'NotReported', message };
    return;
  }
  if (missing.length === 0) {
    const message = 'The credential has every permission that is asked for.';
    report.findings.PermissionsSufficient = { status: 'True', reason: 'Sufficient', message };
    return;
  }
  const halt = needsPerson(
    'PermissionsSufficient',
    'MissingPermissions',
    `The ${installation ? 'installation of the App' : name} lacks ${missing.join(', ')}.`,
    remedy
      ? `${remedy.action}, or change validation.requiredScopes: ${remedy.page}`
      : 'Add what is missing, or change validation.requiredScopes.',
  );
  if (spec.validation.policy === 'Enforce') throw halt;
  report.findings.PermissionsSufficient = halt.finding;
}

function reportedMissing({ report: { permissions, missing } }: Proof): string[] | undefined {
  return permissions === 'NotReported' ? undefined : missing;
}
