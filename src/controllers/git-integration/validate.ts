import { createHmac } from 'node:crypto';
import { durationMs } from '../../api/duration-text.ts';
import { productNames } from '../../api/group.ts';
import { credentialDigest } from '../../domain/digests.ts';
import { mayReachPrivateNetworks } from '../../domain/tenancy.ts';
import { unusualForm } from '../../domain/token-form.ts';
import { rfc3339 } from '../../lib/time.ts';
import type { HttpClient } from '../../net/http-client.ts';
import {
  type Credential,
  type CredentialReport,
  type Provider,
  ProviderError,
  type Target,
} from '../../providers/provider.ts';
import { type RecheckPolicy, Refusal, type Refusals } from '../refusals.ts';
import { sameJson } from '../status-parts.ts';
import { requireAllowedServers } from './connection.ts';
import { type Credentials, rememberedExpiry } from './credentials.ts';
import { providerHalt } from './halt.ts';
import {
  type Deps,
  type Integration,
  type Pass,
  type Report,
  type ResolvedConnection,
  wasReady,
} from './pass.ts';

/** A credential that its provider accepted, and what is needed to ask the provider more. */
export interface Validation {
  provider: Provider;
  credential: Credential;
  /** Of the credential; see `credentialDigest`. */
  digest: string;
  report: CredentialReport;
  /** Names credential, host and demands without showing them: equal keys, equal answers. */
  key: string;
  target: Omit<Target, 'signal'>;
  /** How refusals are confirmed: see {@link confirmed}. */
  recheck: RecheckPolicy;
  /** The connection that says which hosts may be called, as sentences call it. */
  connection: string;
  /** How old a shared answer may be, in milliseconds. */
  maxAgeMs: number;
  /** Epoch milliseconds: an answer to a later question serves, however little `maxAgeMs` allows. */
  requestedAtMs: number | undefined;
}

/** What a proof is made with. */
export type ValidationDeps = Pick<
  Deps,
  | 'clocks'
  | 'digestKey'
  | 'integrations'
  | 'now'
  | 'validations'
  | 'providerHttp'
  | 'providers'
  | 'rateLimits'
  | 'refusals'
  | 'tenantPrivateNetworks'
>;

/**
 * Step 4: validates the credential, in one call that every integration with the same credential, host and demands
 * shares. Under policy `Skip` the provider is not called and undefined is returned. In any case the connection has to
 * list the servers.
 *
 * @throws Halt on `CredentialsValid`
 */
export async function validate(
  pass: Pass<ValidationDeps>,
  credentials: Credentials,
  connection: ResolvedConnection,
): Promise<Validation | undefined> {
  const { integration, report, deps } = pass;
  const { spec } = integration;
  requireAllowedServers(Object.values(serversOf(integration, deps)), connection);
  if (spec.validation.policy === 'Skip') {
    const message = 'The credential was not checked, because validation.policy is Skip.';
    report.findings.CredentialsValid = { status: 'True', reason: 'NotChecked', message };
    report.credential = fingerprintOf(credentials.auth);
    return undefined;
  }
  const validation = await askProvider(pass, credentials, connection);
  const message = sayAccepted(productNames[spec.provider], validation);
  report.findings.CredentialsValid = { status: 'True', reason: 'Valid', message };
  enterCredential(pass, validation, credentials);
  return validation;
}

function sayAccepted(product: string, { report: { account, clockSkewMs }, target }: Validation): string {
  const accepted = `${product} accepts the credential${account ? ` of ${account}` : ''}.`;
  if (clockSkewMs === undefined) return accepted;
  // Without a number, which would be another one each time; the metric has it.
  return `${accepted} The clocks of ${target.webUrl.host} and of the operator differ by more than half a minute, which was allowed for; an administrator should set the one that is wrong.`;
}

/** What CodeMie gets to call, and what is called here. */
function serversOf({ spec }: Integration, { providers }: ValidationDeps): { webUrl: URL; apiUrl: URL } {
  const provider = providers[spec.provider];
  const webUrl = provider.webUrl(new URL(spec.url ?? provider.defaultUrl));
  return { webUrl, apiUrl: spec.apiURL ? new URL(spec.apiURL) : provider.apiUrl(webUrl) };
}

async function askProvider(
  { integration, report, deps, signal }: Pass<ValidationDeps>,
  { auth, name, ca }: Credentials,
  connection: ResolvedConnection,
): Promise<Validation> {
  const { spec } = integration;
  const provider = deps.providers[spec.provider];
  const { webUrl, apiUrl } = serversOf(integration, deps);
  const credential = toCredential(auth);
  const { requiredScopes, repositories, interval } = spec.validation;
  const expiresAt = spec.auth.token?.expiresAt;
  const target = {
    webUrl,
    apiUrl,
    repositories,
    ...(requiredScopes && { requiredScopes }),
    http: httpClient(integration, connection, ca, deps),
    now: deps.now,
  };
  const demands = [spec.provider, webUrl.href, apiUrl.href, requiredScopes, repositories, expiresAt];
  const secret = JSON.stringify([demands, credential, ca, connection.spec.providerHosts, connection.uid]);
  const key = createHmac('sha256', deps.digestKey).update(secret).digest('base64');
  const maxAgeMs = integration.forceCheck ? 0 : durationMs(interval);
  const { requestedAtMs } = integration;

  const digest = credentialDigest(spec.provider, webUrl, credential, deps.digestKey);
  const ask = async (callSignal: AbortSignal, lastGood: CredentialReport | undefined) => {
    const knownExpiresAt = expiresAt ?? lastGood?.expiresAt ?? rememberedExpiry(digest, deps.integrations);
    const pending = provider.validate(credential, {
      ...target,
      signal: callSignal,
      ...(knownExpiresAt && { knownExpiresAt }),
      // Who asks for a reconcile wants to see the whole truth.
      ...(lastGood && maxAgeMs > 0 && { previous: lastGood }),
    });
    return noteAnswer(pending, webUrl.host, digest.slice(0, 8), deps);
  };
  const connectionLabel = `${connection.resource.kind} "${connection.object.metadata.name}"`;
  const recheck = {
    delaysMs: provider.recheckAfterMs(webUrl),
    longestMs: durationMs(interval),
    host: webUrl.host,
    namespace: integration.namespace,
  };
  const call = (callSignal: AbortSignal, lastGood: CredentialReport | undefined) =>
    confirmed(key, ask(callSignal, lastGood), recheck, deps);
  const found = await deps.validations
    .get(key, maxAgeMs, call, signal, requestedAtMs)
    .catch((error: unknown) => {
      signal.throwIfAborted();
      enterRefused(error, auth, digest, report);
      const { host } = webUrl;
      throw providerHalt(error, {
        step: 'CredentialsValid',
        host,
        credential: name,
        connection: connectionLabel,
        unusual: auth.kind === 'token' ? unusualForm(auth.token, spec.provider, webUrl.hostname) : undefined,
        wasReady: wasReady(integration),
        verdict: verdictOn(digest, 'CredentialsValid', integration),
      });
    });
  return {
    provider,
    credential,
    digest,
    report: found,
    key,
    target,
    connection: connectionLabel,
    maxAgeMs,
    requestedAtMs,
    recheck,
  };
}

/**
 * An answer that asks a user to act becomes a Refusal, which is a verdict only when it was heard often enough.
 *
 * @throws Refusal, or what the call threw
 */
export async function confirmed<T>(
  key: string,
  pending: Promise<T>,
  policy: RecheckPolicy,
  { refusals }: { refusals: Refusals },
): Promise<T> {
  try {
    const answer = await pending;
    refusals.accepted(key);
    return answer;
  } catch (error) {
    if (!(error instanceof ProviderError) || error.disposition !== 'needsPerson') throw error;
    throw refusals.heard(key, error, policy);
  }
}

/**
 * What is known of a credential that was refused: its digest, so that a verdict on it is known again, and the fingerprint
 * of a key, which GitHub's page is compared with. Of a token that was accepted before, the status goes on to describe that
 * one, as it is the one that CodeMie has.
 */
function enterRefused(error: unknown, auth: Credentials['auth'], digest: string, report: Report): void {
  if (!(error instanceof Refusal) || report.credential?.digest === digest) return;
  if (auth.kind === 'githubApp') report.credential = { fingerprint: auth.fingerprint, digest };
  else if (report.credential?.validatedAt === undefined) report.credential = { digest };
}

/** The reason of the verdict on a credential that an earlier pass has left in the status. */
export function verdictOn(
  digest: string,
  type: 'CredentialsValid' | 'InstallationResolved',
  { conditions, status, generation }: Integration,
): string | undefined {
  if (status.credential?.digest !== digest) return undefined;
  const found = conditions.find((condition) => condition.type === type);
  return found?.status === 'False' && found.observedGeneration === generation ? found.reason : undefined;
}

async function noteAnswer(
  pending: Promise<CredentialReport>,
  host: string,
  credential: string,
  { rateLimits: metrics, clocks }: Pick<Deps, 'rateLimits' | 'clocks'>,
): Promise<CredentialReport> {
  try {
    const report = await pending;
    if (report.rateLimit) metrics.observe(host, credential, report.rateLimit);
    if (report.app) clocks.observe(host, report.clockSkewMs ?? 0);
    return report;
  } catch (error) {
    if (error instanceof ProviderError && error.reason === 'RateLimited' && error.retryAtMs !== undefined)
      metrics.exhausted(host, credential, error.retryAtMs);
    throw error;
  }
}

function toCredential(auth: Credentials['auth']): Credential {
  if (auth.kind === 'githubApp') return { kind: auth.kind, appId: auth.appId, privateKey: auth.privateKey };
  return {
    kind: auth.kind,
    token: auth.token,
    ...(auth.username !== undefined && { username: auth.username }),
  };
}

function httpClient(
  { namespace }: Integration,
  { object, spec, uid }: ResolvedConnection,
  ca: string[],
  deps: ValidationDeps,
): HttpClient {
  const allowedHosts = spec.providerHosts;
  const allowPrivateNetworks = mayReachPrivateNetworks(
    object,
    spec.allowPrivateNetworks,
    deps.tenantPrivateNetworks,
  );
  const isOwnChoice = ca.length > 0 || object.metadata.namespace !== undefined;
  return deps.providerHttp.get({
    policy: { allowedHosts, listedPortsOnly: true, allowPrivateNetworks },
    ca,
    owner: { namespace, connection: uid },
    ...(isOwnChoice && { chosenBy: namespace }),
  });
}

function fingerprintOf(auth: Credentials['auth']): { fingerprint: string } | undefined {
  return auth.kind === 'githubApp' ? { fingerprint: auth.fingerprint } : undefined;
}

/**
 * `validatedAt` moves only when something else does: it says since when the provider accepts this credential as
 * described, and an integration that nothing touches causes no writes.
 */
function enterCredential(
  { integration: { spec }, report, deps }: Pass<ValidationDeps>,
  { report: found, digest }: Validation,
  { auth }: Credentials,
): void {
  const expiry = found.expiresAt ?? spec.auth.token?.expiresAt;
  const expiresAt = expiry && rfc3339(Date.parse(expiry));
  const described = {
    kind: found.kind,
    ...(found.account !== undefined && { account: found.account }),
    ...(found.scopes && { scopes: found.scopes }),
    ...(expiresAt && { expiresAt, expiresOn: expiresAt.slice(0, '2027-06-30'.length) }),
    ...fingerprintOf(auth),
    digest,
  };
  const { validatedAt, ...before } = report.credential ?? {};
  const same = validatedAt !== undefined && sameJson(before, described);
  report.credential = { ...described, validatedAt: same ? validatedAt : rfc3339(deps.now()) };
}
