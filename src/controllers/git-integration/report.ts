import type { CredentialExpiringReason, DriftedReason, UsageLimitedReason } from '../../api/reasons.ts';
import type { GitIntegrationStatus } from '../../api/v1alpha1/git-integration-status.ts';
import type { Finding, Findings, StepCondition } from '../../domain/readiness.ts';
import type { EventDetails } from '../../kube/events.ts';
import type { Halt } from './halt.ts';
import type { Known } from './load.ts';

/** The conditions that are present only while they hold. */
interface Abnormal {
  CredentialExpiring?: Finding<CredentialExpiringReason>;
  Drifted?: Finding<DriftedReason>;
  UsageLimited?: Finding<UsageLimitedReason>;
}

/** What one pass found out. It is filled step by step and written once, at the end. */
export interface Report {
  /** The version of the object that the pass knows; its own writes move it. */
  resourceVersion: string;
  findings: Findings;
  abnormal: Abnormal;
  credential: GitIntegrationStatus['credential'];
  installation: GitIntegrationStatus['installation'];
  registration: GitIntegrationStatus['registration'];
  /** News beyond the change of readiness, which gets an event of its own. */
  news: EventDetails[];
}

/** An empty report that remembers what CodeMie holds: a pass that fails early must not forget it. */
export function startReport({ object, status }: Known): Report {
  return {
    resourceVersion: object.metadata.resourceVersion,
    findings: {},
    abnormal: {},
    credential: status.credential,
    installation: status.installation,
    registration: status.registration,
    news: [],
  };
}

/**
 * Enters why the pass stopped. What later steps found in earlier passes is dropped, because it may be about
 * another credential; only a `Registered` that is True stays: it tells what CodeMie holds, and CodeMie still holds
 * it. Why it was something else may be over, such as a connection that has become Ready.
 */
export function enterHalt(report: Report, halt: Halt, { conditions }: Known): void {
  report.findings[halt.condition] = halt.finding;
  const registered = conditions.find(({ type }) => type === 'Registered');
  if (registered?.status === 'True' && !report.findings.Registered) report.findings.Registered = registered;
  const drifted = conditions.find(({ type }) => type === 'Drifted');
  if (drifted?.reason === 'Changed' && halt.condition !== 'Registered')
    report.abnormal.Drifted = { status: 'True', reason: 'Changed', message: drifted.message };
  if (keepsTheOldCredential(report, halt))
    report.findings[halt.condition] = {
      ...halt.finding,
      // A hint may end in a link.
      message: `${halt.finding.message.replace(/\.?$/, '.')} CodeMie keeps the credential that was registered last.`,
    };
}

const credentialSteps: ReadonlySet<StepCondition> = new Set([
  'CredentialsResolved',
  'CredentialsValid',
  'InstallationResolved',
  'PermissionsSufficient',
]);

function keepsTheOldCredential(report: Report, { condition, finding }: Halt): boolean {
  return report.registration !== undefined && finding.status === 'False' && credentialSteps.has(condition);
}
