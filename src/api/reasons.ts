/** What a condition's status means here. False: action required; Unknown: the operator retries. */
type ConditionStatus = 'True' | 'False' | 'Unknown' | 'False or Unknown';

/** One reason of a condition: what it means and what users do. It is printed in the API reference. */
interface ReasonDescription {
  status: ConditionStatus;
  meaning: string;
  /** What to do. Absent where there is nothing to do. */
  remedy?: string;
}

/** The reasons of one condition, by name. */
export type Reasons = Readonly<Record<string, ReasonDescription>>;

const WAIT = 'Nothing; the operator retries. If this persists, check the host that the message names.';

/** The values were read from the Secrets and are well-formed. No network was used. */
export const credentialsResolvedReasons = {
  Resolved: {
    status: 'True',
    meaning: 'Every Secret and ConfigMap was found and its values are well-formed.',
  },
  SecretNotFound: {
    status: 'False',
    meaning: 'A Secret or ConfigMap that the spec refers to does not exist.',
    remedy: 'Create it in the namespace that the message names; the operator picks it up at once.',
  },
  SecretKeyMissing: {
    status: 'False',
    meaning: 'The Secret or ConfigMap exists, but not the key. Another controller may be about to add it.',
    remedy: 'Add the key, or correct `key` in the reference; the message lists the keys that there are.',
  },
  SecretValueInvalid: {
    status: 'False',
    meaning:
      'The value is empty, or is something else than the bare value: in quotes, encoded or encrypted, a placeholder, a file, or of a kind that is of no use here. Nothing was sent.',
    remedy: 'Store the bare value; the message says what was found instead.',
  },
  PrivateKeyInvalid: {
    status: 'False',
    meaning: 'The private key of the GitHub App cannot be read as an RSA key in PEM form.',
    remedy: 'Generate a new private key on the settings page of the app and store the whole file.',
  },
} as const satisfies Reasons;

/** Reasons of `CredentialsResolved`. */
export type CredentialsResolvedReason = keyof typeof credentialsResolvedReasons;

/** What may go wrong at the provider for a while, in every step that calls it. */
export const providerTrouble = {
  ProviderUnreachable: {
    status: 'Unknown',
    meaning:
      'The provider cannot be reached or does not answer in time. Requests to a host that hangs are paused for up to two minutes.',
    remedy: WAIT,
  },
  ProviderError: {
    status: 'Unknown',
    meaning: 'The provider answers with an error.',
    remedy: WAIT,
  },
  RateLimited: {
    status: 'Unknown',
    meaning: 'The provider asks for fewer calls. The next try waits for the time that it names.',
    remedy:
      'Nothing. If it returns often, raise `validation.interval` or share the credential with fewer programs.',
  },
  TLSUntrusted: {
    status: 'False or Unknown',
    meaning:
      "The provider's certificate is not accepted: it is self-signed or of an unknown authority, too weak, for another name or another use, or expired. Unknown if it expired, or if the integration was Ready before.",
    remedy:
      'Follow the message. For a private authority, put its PEM certificate into a ConfigMap and refer to it by `tls.caRef`.',
  },
  ClientCertificateRequired: {
    status: 'False or Unknown',
    meaning:
      'The server demands a client certificate (mutual TLS), which the operator cannot present. Unknown if the integration was Ready before.',
    remedy: 'Have the server or its gateway let the operator in without one, or set a `url` that needs none.',
  },
  Rechecking: {
    status: 'Unknown',
    meaning:
      'The provider rejects the credential without a reason. The rejection may be temporary, so the operator rechecks for up to 90 seconds before it reports it as final.',
    remedy: 'Wait a minute and a half. If the message already names a mistake, correct it.',
  },
} as const satisfies Reasons;

/** The provider accepts the credential. */
export const credentialsValidReasons = {
  Valid: { status: 'True', meaning: 'The provider accepted the credential.' },
  NotChecked: {
    status: 'True',
    meaning: 'The provider was not asked, because `validation.policy` is Skip.',
  },
  Unauthorized: {
    status: 'False',
    meaning: 'The provider refuses the credential and does not say why.',
    remedy: 'Create a new token and store it in the Secret.',
  },
  Expired: {
    status: 'False',
    meaning: 'The credential has expired.',
    remedy: 'Create a new token and store it in the Secret.',
  },
  Revoked: {
    status: 'False',
    meaning: 'The credential was revoked at the provider.',
    remedy: 'Find out who revoked it and why, then create a new token and store it in the Secret.',
  },
  SSORequired: {
    status: 'False',
    meaning: 'The organization demands that the token be authorized for single sign-on.',
    remedy: 'Open the list of tokens on GitHub and choose "Configure SSO" for this one.',
  },
  AddressNotAllowed: {
    status: 'False or Unknown',
    meaning:
      "The provider refuses the cluster's address, by an allow list or, for a while (Unknown), after too many failed sign-ins.",
    remedy: "Add the cluster's outgoing address to the allow list of the organization or server.",
  },
  OrganizationStopped: {
    status: 'False',
    meaning: 'The organization or collection was stopped at the provider, which rejects all requests to it.',
    remedy: 'Its administrator starts it again, or asks the support of the provider why it was stopped.',
  },
  RepositoryNotAccessible: {
    status: 'False',
    meaning:
      'A repository of `validation.repositories` cannot be read with this credential, or does not exist.',
    remedy: 'Give the credential access to it, or correct the path.',
  },
  AppPasswordRetired: {
    status: 'False',
    meaning: 'The credential is an app password, which Bitbucket Cloud no longer accepts.',
    remedy: 'Create an API token or an access token on Bitbucket and store it in the Secret.',
  },
  KeyAppMismatch: {
    status: 'False',
    meaning:
      'The private key does not belong to the GitHub App of this App ID, or the App ID does not exist.',
    remedy:
      'Compare the App ID and the fingerprint of the key, which are in the message, with the settings page of the app.',
  },
  WrongProvider: {
    status: 'False',
    meaning:
      'The credential, or the server at the URL, belongs to another product than `provider` says. Such a credential is not sent.',
    remedy: 'Correct the token or `url`. For another `provider`, create a new GitIntegration.',
  },
  HostNotAllowed: {
    status: 'False',
    meaning: 'The connection does not allow this host of the provider, or its private address.',
    remedy: 'Add the host to `providerHosts` of the connection, with `allowPrivateNetworks` if need be.',
  },
  ...providerTrouble,
} as const satisfies Reasons;

/** Reasons of `CredentialsValid`. */
export type CredentialsValidReason = keyof typeof credentialsValidReasons;

/** The GitHub App is installed where it is needed. Present for GitHub Apps only. */
export const installationResolvedReasons = {
  Resolved: { status: 'True', meaning: 'The installation was found.' },
  FirstOfMany: {
    status: 'True',
    meaning: 'The app has several installations and the spec names none: the one with the lowest id is used.',
    remedy: 'Name the right one under `auth.githubApp.installation`, so that the choice is yours.',
  },
  NotFound: {
    status: 'False',
    meaning: 'The app has no such installation.',
    remedy: 'Install the app for the organization or repository, or correct `auth.githubApp.installation`.',
  },
  Suspended: {
    status: 'False',
    meaning: 'The installation is suspended.',
    remedy: 'An owner of the organization unsuspends it under Settings, GitHub Apps.',
  },
  PermissionsPending: {
    status: 'False',
    meaning: 'The app asks for permissions that an owner of the organization has not approved yet.',
    remedy: 'An owner of the organization approves them under Settings, GitHub Apps.',
  },
  ...providerTrouble,
} as const satisfies Reasons;

/** Reasons of `InstallationResolved`. */
export type InstallationResolvedReason = keyof typeof installationResolvedReasons;

/** The credential has the permissions that CodeMie needs. */
export const permissionsSufficientReasons = {
  Sufficient: {
    status: 'True',
    meaning: 'The credential has every permission of `validation.requiredScopes`.',
  },
  MissingPermissions: {
    status: 'False',
    meaning: 'The credential lacks permissions. The message names each one.',
    remedy:
      'Add them to the token or app at the provider, or set `validation.requiredScopes` or `policy: Warn`.',
  },
  NotReported: {
    status: 'Unknown',
    meaning:
      "The provider doesn't report which permissions a credential of this kind has. This blocks nothing.",
    remedy: 'Nothing. To be sure, list a repository under `validation.repositories`.',
  },
} as const satisfies Reasons;

/** Reasons of `PermissionsSufficient`. */
export type PermissionsSufficientReason = keyof typeof permissionsSufficientReasons;

/** CodeMie has the integration as the spec wants it. */
export const registeredReasons = {
  Registered: { status: 'True', meaning: 'CodeMie has the integration. It was created by this object.' },
  Adopted: { status: 'True', meaning: 'CodeMie has the integration. It existed before and was adopted.' },
  AliasConflict: {
    status: 'False',
    meaning:
      "Another integration has this alias: one created by hand, a member's personal one, or one of an older GitIntegration.",
    remedy:
      'Choose another `alias`, rename or remove the other one, or adopt one of the project with `adoptionPolicy: IfUnowned`.',
  },
  OwnedByOther: {
    status: 'False',
    meaning: 'Another cluster or GitIntegration manages the integration of this alias.',
    remedy: 'Choose another `alias`. If the other owner is gone for good, set `adoptionPolicy: Always`.',
  },
  ProjectNotAllowed: {
    status: 'False',
    meaning:
      'The connection does not allow this CodeMie project. The message lists what the namespace may use.',
    remedy:
      'Check the spelling, or ask the owner of the connection to add the project to the field that the message names.',
  },
  ProjectNotFound: {
    status: 'False',
    meaning: 'CodeMie has no project of exactly this name.',
    remedy:
      'Create it in CodeMie, or create a new GitIntegration with the right name; upper and lower case count.',
  },
  AccessDenied: {
    status: 'False',
    meaning:
      "The connection's login can't write to this project, or no project has exactly this name: CodeMie answers both alike.",
    remedy: 'Check the spelling, then make the login an administrator of the project.',
  },
  Rejected: {
    status: 'False',
    meaning: 'CodeMie refuses the integration.',
    remedy: 'Compare the spec with the API reference; the log of CodeMie holds the cause.',
  },
  Removed: {
    status: 'False',
    meaning: 'CodeMie no longer lists the integration, and `driftPolicy` is Report.',
    remedy: 'Delete this object too, or set `driftPolicy: Correct` to have it created again.',
  },
  ConnectionNotFound: {
    status: 'False',
    meaning: 'The connection that `connectionRef` names does not exist.',
    remedy: 'Create it, or correct `connectionRef`.',
  },
  ConnectionNotAllowed: {
    status: 'False',
    meaning: 'The connection does not allow this namespace.',
    remedy: 'Ask the owner of the connection to add the namespace to `consumers`.',
  },
  ConnectionNotReady: {
    status: 'Unknown',
    meaning: 'The connection is not Ready.',
    remedy: 'Check the conditions of the connection.',
  },
  CodeMieUnreachable: {
    status: 'Unknown',
    meaning: 'CodeMie cannot be reached or answers with an error.',
    remedy: WAIT,
  },
  RateLimited: { status: 'Unknown', meaning: 'CodeMie asks for fewer calls.', remedy: 'Nothing.' },
} as const satisfies Reasons;

/** Reasons of `Registered`. */
export type RegisteredReason = keyof typeof registeredReasons;

/** The credential expires soon. Present only while true. */
export const credentialExpiringReasons = {
  ExpiresSoon: {
    status: 'True',
    meaning: 'The credential expires within `validation.expiryWarning`.',
    remedy: 'Create a new token and store it in the Secret before the date in the column Expires.',
  },
} as const satisfies Reasons;

/** Reasons of `CredentialExpiring`. */
export type CredentialExpiringReason = keyof typeof credentialExpiringReasons;

/** CodeMie has something else than the spec wants. Present only while true, with `driftPolicy: Report`. */
export const driftedReasons = {
  Changed: {
    status: 'True',
    meaning: 'Someone changed the integration in CodeMie.',
    remedy: 'Copy the change into the spec, undo it in CodeMie, or set `driftPolicy: Correct`.',
  },
  Removed: {
    status: 'True',
    meaning: 'CodeMie no longer lists the integration.',
    remedy: 'Delete this object too, or set `driftPolicy: Correct`.',
  },
} as const satisfies Reasons;

/** Reasons of `Drifted`. */
export type DriftedReason = keyof typeof driftedReasons;

/** The integration is registered, but CodeMie itself can't honour a part of it. Present only while true. */
export const usageLimitedReasons = {
  GitHubAppOnEnterpriseServer: {
    status: 'True',
    meaning:
      'CodeMie asks api.github.com for the tokens of every GitHub App, so apps of a GitHub Enterprise Server do not work.',
    remedy: 'Use `auth.token` for this server.',
  },
  URLPathDropped: {
    status: 'True',
    meaning:
      'CodeMie keeps scheme, host and port of the URL only; a server under a path is not matched by URL.',
    remedy: 'Choose the integration explicitly when you create a data source in CodeMie.',
  },
  SingleRepositoryURL: {
    status: 'True',
    meaning:
      'The URL ends in `.git`. CodeMie keeps such a URL whole and matches it with that repository link alone.',
    remedy: 'Leave the path out of `url`, unless the integration is for that repository alone.',
  },
  AmbiguousURL: {
    status: 'True',
    meaning:
      "The project has several integrations for this host, and CodeMie's choice by URL is not defined.",
    remedy: 'Keep one per project and host, or choose the integration explicitly in each data source.',
  },
} as const satisfies Reasons;

/** Reasons of `UsageLimited`. */
export type UsageLimitedReason = keyof typeof usageLimitedReasons;
