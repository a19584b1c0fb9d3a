import {
  type CredentialsValidReason,
  type InstallationResolvedReason,
  providerTrouble,
} from '../api/reasons.ts';
import type { ProviderName } from '../api/v1alpha1/git-integration-spec.ts';
import { durations } from '../lib/durations.ts';
import type { HttpClient } from '../net/http-client.ts';

export type { ProviderName };

/** What a user gave us, read from Secrets and already checked for form. It is never logged or put into a message. */
export type Credential =
  | { kind: 'token'; token: string; username?: string }
  | {
      kind: 'githubApp';
      /** The numeric App ID, as text. */
      appId: string;
      /** An RSA key as PEM, PKCS#1 or PKCS#8, that node:crypto has already accepted. */
      privateKey: string;
    };

/** Where and how to ask. One Target serves one validation. */
export interface Target {
  /** The address people see, as {@link Provider.webUrl} gives it: `https://github.com`, `https://git.example.com/gitlab`. */
  webUrl: URL;
  /** The REST base, as {@link Provider.apiUrl} or `spec.apiURL` gives it. */
  apiUrl: URL;
  /**
   * Scopes to insist on, or an App's permissions as `contents:write`. Without it: what CodeMie's documentation asks for, where it
   * says so.
   */
  requiredScopes?: string[];
  /** Repositories (`owner/name`; GitLab: full path) that the credential has to reach. One call each. */
  repositories: string[];
  /**
   * When the credential expires as far as is known from before: an earlier report, or `auth.token.expiresAt`. RFC 3339.
   * GitHub and Bitbucket answer an expired token like a wrong one, so only this distinguishes the two.
   */
  knownExpiresAt?: string;
  /**
   * The installation of an App as it was found last. It is asked about only if there is none where it should be, to say
   * what became of it.
   */
  knownInstallation?: { id: number; account: string };
  /** What was found out about the same credential before. A provider may ask only whether that still holds. */
  previous?: CredentialReport;
  http: HttpClient;
  /** The clock, epoch milliseconds. */
  now: () => number;
  /** Aborts the work. An aborted call rejects with the signal's own reason, never with a {@link ProviderError}. */
  signal: AbortSignal;
}

/** What a working credential turned out to be. */
export interface CredentialReport {
  /** The kind of credential in one word, e.g. `ClassicPersonalAccessToken`; shown in `status.credential.kind`. */
  kind: string;
  /** The login that the credential acts as, if the provider reports it. */
  account?: string;
  /** The scopes as the provider lists them, sorted; absent when it doesn't. */
  scopes?: string[];
  /** `NotReported`: the provider doesn't report them. For an App, see {@link Installation}. */
  permissions: 'Sufficient' | 'Missing' | 'NotReported';
  /** What to add, in the order required: missing scopes without those that another missing one brings along. */
  missing: string[];
  /** How to add it; absent while nothing is missing. */
  remedy?: Remedy;
  /** When the credential expires, RFC 3339 in UTC; absent when the provider doesn't report it or it never expires. */
  expiresAt?: string;
  rateLimit?: RateLimit;
  app?: AppReport;
  /**
   * By how much the server's clock is ahead of ours, in milliseconds, where it mattered, was more than half a minute, and
   * was allowed for.
   */
  clockSkewMs?: number;
  /** By what the provider can be asked whether all of this still holds. */
  revision?: Revision;
}

/** How a user adds what a credential lacks. */
export interface Remedy {
  /** What to do, a clause without full stop: `Tick them for the token`. */
  action: string;
  /** The vendor's page where that is done or explained. */
  page: string;
}

/** The version of an answer, and when that answer was given whole, epoch milliseconds. */
interface Revision {
  etag: string;
  atMs: number;
}

/** The provider's budget of calls for this credential after the last call. `resetsAt` is RFC 3339. */
export interface RateLimit {
  limit: number;
  remaining: number;
  resetsAt: string;
}

/** A GitHub App as it describes itself. `permissions` is what it requests, e.g. `{ contents: 'write' }`. */
interface AppReport {
  slug: string;
  /** The login that owns the App. */
  owner: string;
  permissions: Record<string, string>;
}

/** Which installation of an App is meant. `first`: the usable one with the lowest id. */
export type InstallationSelector =
  | { by: 'first' }
  | { by: 'id'; id: number }
  | { by: 'owner'; owner: string }
  | { by: 'repository'; repository: string };

/** One installation of a GitHub App. */
export interface Installation {
  id: number;
  /** The login it is installed for. */
  account: string;
  /** `Organization`, `User` or `Enterprise`. */
  accountType: string;
  repositorySelection: 'all' | 'selected';
  /** RFC 3339. Set only on the installation that a `Suspended` {@link ProviderError} carries. */
  suspendedAt?: string;
  /** With `by: 'first'`: the accounts of the further usable installations, sorted. Empty otherwise. */
  others: string[];
  permissions: 'Sufficient' | 'Missing';
  /** Required permissions that are not granted, each as GitHub's page has it: `Contents: Read and write`. */
  missing: string[];
  /** Those of `missing` that the App does request: the account's owner has yet to approve them. */
  pending: string[];
  /** How to add what is missing; absent while nothing is. */
  remedy?: Remedy;
}

/** The narrow contract of a Git product. Adding one: docs in CONTRIBUTING, one folder, one line in registry.ts. */
export interface Provider {
  name: ProviderName;
  /** The provider's cloud; used when `spec.url` is absent. */
  defaultUrl: string;
  /**
   * The web root of the server, for any address there that a user may have copied: of its API, of a group, of a
   * repository. Pure; keeps a sub-path where the product can be served under one.
   */
  webUrl(url: URL): URL;
  /** The REST base for a web address. Pure; keeps a sub-path where the product can be served under one. */
  apiUrl(webUrl: URL): URL;
  /**
   * When to ask again after each refusal whose reason is not known, in milliseconds: a server of the provider might not have
   * heard of a new credential yet, or have a bad minute. At most three calls within 80 seconds, and fewer where bad
   * credentials lock an account or an address out.
   */
  recheckAfterMs(webUrl: URL): readonly number[];
  /** Every kind of credential that a report may name. */
  kinds: readonly string[];
  /** Validates the credential with as few calls as the product allows. Throws {@link ProviderError}. */
  validate(credential: Credential, target: Target): Promise<CredentialReport>;
  /**
   * Finds the installation of an App; GitHub only. `app` is the report of `validate`.
   * Throws {@link ProviderError}: `NotFound`, or `Suspended` with the installation attached. Missing and pending
   * permissions are not thrown but returned, because it depends on the validation policy what they mean.
   */
  resolveInstallation?(
    credential: Credential,
    selector: InstallationSelector,
    target: Target,
    app: CredentialReport,
  ): Promise<Installation>;
}

/** Reasons of `CredentialsValid` that a provider can find. */
export type CredentialReason = Exclude<CredentialsValidReason, 'Valid' | 'NotChecked'>;

/** Reasons of `InstallationResolved` that a provider can find. */
export type InstallationReason = Exclude<InstallationResolvedReason, 'Resolved' | 'FirstOfMany'>;

/**
 * Who has to act: `needsPerson` - trying again is useless until something changes; `retry` - try again with
 * backoff; `waitUntil` - not before `retryAtMs`. It follows from the reason: see `providerTrouble` in src/api.
 */
export type Disposition = 'needsPerson' | 'retry' | 'waitUntil';

/**
 * A text for people that may name the credential. A failure serves all who share the credential, and each of them has
 * it in its own Secret, so the name is filled in last: `(token) => \`The ${token} has expired.\`` becomes
 * `The token in Secret "acme" (key "token") has expired.` The name has no article.
 */
type Phrase = string | ((credential: string) => string);

/** What a {@link ProviderError} is made of. `sentence` and `hint` are for people. */
export interface ProviderErrorFields {
  reason: CredentialReason | InstallationReason;
  /**
   * One sentence, with its full stop. Never a byte of a secret or of a remote body; the same on every try. One about
   * the credential names it: see {@link Phrase}.
   */
  sentence: Phrase;
  /** What to do about it, one sentence, with the vendor's page where that helps. */
  hint: string;
  /** Not before this moment, epoch milliseconds. */
  retryAtMs?: number;
  /** With `Suspended`: the installation, so that the status can show it. */
  installation?: Installation;
  /** Whether the server does not answer as this provider's would, so that it may be another product. */
  isStrange?: boolean;
  /** See {@link ProviderError.isLasting}. */
  isLasting?: boolean;
  /** See {@link ProviderError.isExplained}. */
  isExplained?: boolean;
  /** Never an error of a vendor's library: those hold the remote body. */
  cause?: unknown;
}

/**
 * A credential or a provider that doesn't do. `message` is the sentence, with a bare `token` or `private key` for the
 * credential; `hint` says what to do about it.
 */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly disposition: Disposition;
  readonly reason: CredentialReason | InstallationReason;
  readonly hint: string;
  readonly retryAtMs: number | undefined;
  readonly installation: Installation | undefined;
  readonly isStrange: boolean;
  /** The sentence, with this name for the credential. */
  readonly sentence: (credential: string) => string;
  /**
   * With the disposition `retry`: whether trying again will not help where it never worked, such as a certificate of an
   * unknown authority. Where it did work, the other side may be about to correct it.
   */
  readonly isLasting: boolean;
  /**
   * With the disposition `needsPerson`: whether it is known why, so that asking again in a minute would change nothing.
   * Other refusals may pass: a server of the provider that has not heard of a new token yet, or has a bad minute.
   */
  readonly isExplained: boolean;

  constructor(fields: ProviderErrorFields) {
    const { sentence, reason } = fields;
    const fill = typeof sentence === 'string' ? () => sentence : sentence;
    const options = fields.cause === undefined ? undefined : { cause: fields.cause };
    super(fill(reason === 'KeyAppMismatch' ? 'private key' : 'token'), options);
    this.sentence = filledIn(fill(placeholder));
    this.disposition = dispositionOf(fields);
    this.reason = fields.reason;
    this.hint = fields.hint;
    this.retryAtMs = fields.retryAtMs;
    this.installation = fields.installation;
    this.isStrange = fields.isStrange ?? false;
    this.isLasting = fields.isLasting ?? false;
    this.isExplained = fields.isExplained ?? explained.has(reason);
  }
}

/** Stands for the name of the credential. No sentence has it. */
const placeholder = '\u0000';

/** Errors are kept for long, and the function that wrote the sentence may hold a whole answer. */
function filledIn(template: string): (credential: string) => string {
  return (credential) => template.replaceAll(placeholder, () => credential);
}

/** Reasons that are a reason: the others say only that something was refused or not found. */
const explained: ReadonlySet<ProviderErrorFields['reason']> = new Set([
  'Expired',
  'Revoked',
  'SSORequired',
  'AddressNotAllowed',
  'AppPasswordRetired',
  'WrongProvider',
  'HostNotAllowed',
  'OrganizationStopped',
  'Suspended',
  'PermissionsPending',
] satisfies ProviderErrorFields['reason'][]);

function dispositionOf({ reason, retryAtMs }: ProviderErrorFields): Disposition {
  if (retryAtMs !== undefined) return 'waitUntil';
  return reason in providerTrouble ? 'retry' : 'needsPerson';
}

/** For `Provider.recheckAfterMs`: soon, because most passing failures last seconds, and once more at the end. */
export const usualRechecksMs: readonly number[] = durations.providers.recheckMs;
