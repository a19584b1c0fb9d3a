import {
  credentialExpiringReasons,
  credentialsResolvedReasons,
  credentialsValidReasons,
  driftedReasons,
  installationResolvedReasons,
  permissionsSufficientReasons,
  providerTrouble,
  type Reasons,
  registeredReasons,
  usageLimitedReasons,
} from './reasons.ts';

/** The CodeMie server answers and its login works. Reasons of `Ready` of a connection. */
const connectionReadyReasons = {
  Ready: { status: 'True', meaning: 'CodeMie answers and accepts the login.' },
  SecretNotFound: credentialsResolvedReasons.SecretNotFound,
  SecretKeyMissing: credentialsResolvedReasons.SecretKeyMissing,
  SecretValueInvalid: credentialsResolvedReasons.SecretValueInvalid,
  Unauthorized: {
    status: 'False',
    meaning: 'The login is refused, by the token endpoint or by CodeMie.',
    remedy: 'Store the right login in the Secret, and check `tokenURL`, `clientID` and `authHeader`.',
  },
  AccessDenied: {
    status: 'False',
    meaning: 'CodeMie accepts the login, which has no right to any project.',
    remedy: 'Give the login its projects, in Keycloak or in CodeMie as the message says.',
  },
  NotCodeMie: {
    status: 'False',
    meaning: 'The server at `url` does not answer as CodeMie does.',
    remedy: 'Correct `url`; it ends before `/v1`, such as https://codemie.example.com/code-assistant-api.',
  },
  HostNotAllowed: {
    status: 'False',
    meaning: 'The installation of the operator does not allow this host or its address.',
    remedy: 'Correct `url` or `tokenURL`, or ask the platform team.',
  },
  CodeMieUnreachable: registeredReasons.CodeMieUnreachable,
  RateLimited: registeredReasons.RateLimited,
  TLSUntrusted: {
    status: 'False or Unknown',
    meaning:
      'The certificate of CodeMie or of its identity provider is not accepted: it is self-signed or of an unknown authority, too weak, for another name or another use, or expired. Unknown if it expired, or if the connection was Ready before.',
    remedy: providerTrouble.TLSUntrusted.remedy,
  },
  ClientCertificateRequired: {
    status: 'False or Unknown',
    meaning:
      'CodeMie or its identity provider demands a client certificate (mutual TLS), which the operator cannot present. Unknown if the connection was Ready before.',
    remedy:
      'Have the server or its gateway let the operator in without one, or set a `url` or `tokenURL` that needs none.',
  },
  InUse: {
    status: 'Unknown',
    meaning: 'The connection is being deleted and waits for integrations that still need it.',
    remedy: 'Delete the GitIntegrations that refer to it, or set their `deletionPolicy: Orphan`.',
  },
} as const satisfies Reasons;

/** Reasons of `Ready` of a connection. */
export type ConnectionReadyReason = keyof typeof connectionReadyReasons;

/** Reasons of `Ready` of every kind that are not copied from another condition. */
const generalReasons = {
  InvalidSpec: {
    status: 'False',
    meaning: "The spec breaks a rule that the installed CRDs don't have yet.",
    remedy: 'Correct the field that the message names, and install the CRDs of this release.',
  },
} as const satisfies Reasons;

/** Reasons that are not those of a single step. */
export type GeneralReason = keyof typeof generalReasons;

/** One condition of a kind, for the API reference. */
export interface ConditionDescription {
  type: string;
  meaning: string;
  reasons: Reasons;
}

const sumUp = (ready: Reasons): ConditionDescription[] => [
  {
    type: 'Ready',
    meaning:
      'Sums up the others. When one of them is False, Ready is False for the same reason; else when one is Unknown and blocks, Ready is Unknown for the same reason.',
    reasons: { ...ready, ...generalReasons },
  },
  {
    type: 'Reconciling',
    meaning: 'Present and True while the operator works or waits for another try. Same reason as Ready.',
    reasons: {},
  },
  {
    type: 'Stalled',
    meaning: 'Present and True while action is required. Same reason as Ready.',
    reasons: {},
  },
];

/** Conditions of a GitIntegration, in the order in which its steps go. */
export const gitIntegrationConditions: readonly ConditionDescription[] = [
  ...sumUp({
    Ready: {
      status: 'True',
      meaning: 'CodeMie has the integration and the provider accepts the credential.',
    },
    Suspended: {
      status: 'Unknown',
      meaning: '`suspend` is true, so nothing is done. `Ready` keeps the status that it had.',
      remedy: 'Set `suspend: false` to go on.',
    },
    Deleting: { status: 'Unknown', meaning: 'The object is being deleted and CodeMie is being cleaned up.' },
  }),
  {
    type: 'CredentialsResolved',
    meaning: 'The values were read from the Secrets and are well-formed.',
    reasons: credentialsResolvedReasons,
  },
  {
    type: 'CredentialsValid',
    meaning: 'The provider accepts the credential.',
    reasons: credentialsValidReasons,
  },
  {
    type: 'InstallationResolved',
    meaning: 'The GitHub App is installed where it is needed. For GitHub Apps only.',
    reasons: installationResolvedReasons,
  },
  {
    type: 'PermissionsSufficient',
    meaning: 'The credential has the permissions that CodeMie needs.',
    reasons: permissionsSufficientReasons,
  },
  {
    type: 'Registered',
    meaning: 'CodeMie has the integration as the spec wants it.',
    reasons: registeredReasons,
  },
  {
    type: 'CredentialExpiring',
    meaning: 'The credential expires soon. Present only while true.',
    reasons: credentialExpiringReasons,
  },
  {
    type: 'Drifted',
    meaning: 'CodeMie has something else than the spec wants. Present only while true.',
    reasons: driftedReasons,
  },
  {
    type: 'UsageLimited',
    meaning: 'CodeMie itself cannot honour a part of the integration. Present only while true.',
    reasons: usageLimitedReasons,
  },
];

/** Conditions of both kinds of connection. */
export const connectionConditions: readonly ConditionDescription[] = sumUp(connectionReadyReasons);

/** Type of a condition of a GitIntegration. */
export type GitIntegrationConditionType =
  | 'Ready'
  | 'Reconciling'
  | 'Stalled'
  | 'CredentialsResolved'
  | 'CredentialsValid'
  | 'InstallationResolved'
  | 'PermissionsSufficient'
  | 'Registered'
  | 'CredentialExpiring'
  | 'Drifted'
  | 'UsageLimited';

/** Type of a condition of a connection. */
export type ConnectionConditionType = 'Ready' | 'Reconciling' | 'Stalled';
