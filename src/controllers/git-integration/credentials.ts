import { z } from 'zod';
import { durationMs } from '../../api/duration-text.ts';
import type { GitIntegrationSpec } from '../../api/v1alpha1/git-integration-spec.ts';
import type { SecretKeyRef } from '../../api/v1alpha1/shared.ts';
import { misplacedToken } from '../../domain/misplaced-token.ts';
import { readPrivateKey } from '../../domain/private-key.ts';
import { readNumericId, valueName } from '../../domain/secret-value.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Store } from '../../kube/store.ts';
import type { InstallationSelector, ProviderName } from '../../providers/provider.ts';
import { createValueReader, ValueFault, type ValueReader } from '../value-reader.ts';
import { Halt, needsPerson } from './halt.ts';
import type { Deps, Integration, Pass, Report } from './pass.ts';

/** What the Secrets held, checked for form and not yet validated. Never logged. */
export interface Credentials {
  auth: TokenCredentials | AppCredentials;
  /** What sentences call the credential: see `credentialName`. */
  name: string;
  /** PEM certificates to trust besides the system's. */
  ca: string[];
}

interface TokenCredentials {
  kind: 'token';
  token: string;
  username: string | undefined;
}

interface AppCredentials {
  kind: 'githubApp';
  appId: string;
  privateKey: string;
  fingerprint: string;
  selector: InstallationSelector;
}

/**
 * Step 3: reads exactly the Secrets and ConfigMaps that the spec names, and refuses what need not be sent to anybody.
 * No other network is used.
 *
 * @throws Halt on `CredentialsResolved`, naming the object, the key and the fault; on `CredentialsValid` for a token of
 *   another product
 */
export async function readCredentials({
  integration,
  report,
  deps: { reads, providers, namesIn },
  signal,
}: Pass<Pick<Deps, 'reads' | 'providers'> & Partial<Pick<Deps, 'namesIn'>>>): Promise<Credentials> {
  const { namespace, spec } = integration;
  const { forceCheck, requestedAtMs = Number.POSITIVE_INFINITY } = integration;
  const reader = createValueReader(
    forceCheck ? reads.since(requestedAtMs) : reads,
    namespace,
    signal,
    namesIn,
  );
  try {
    const ca = spec.tls ? [await reader.ca(spec.tls.caRef)] : [];
    const { token, githubApp } = spec.auth;
    const auth = githubApp ? await readApp(githubApp, reader) : await readToken(token, reader);
    const name = credentialName(spec.auth, auth.kind === 'githubApp' ? auth.fingerprint : undefined);
    const url = spec.url ?? providers[spec.provider].defaultUrl;
    // The provider itself says, without a call, that the URL is another one's cloud.
    const goesToOthersCloud =
      spec.validation.policy !== 'Skip' && isOthersCloud(url, spec.provider, providers);
    const misplaced =
      auth.kind === 'token' &&
      !goesToOthersCloud &&
      misplacedToken(auth.token, name, { ...spec, url, username: auth.username });
    if (misplaced && misplaced.reason === 'SecretValueInvalid')
      throw new ValueFault(misplaced.reason, misplaced.sentence, misplaced.hint);
    const message = 'Every Secret was found and its values are well-formed.';
    report.findings.CredentialsResolved = { status: 'True', reason: 'Resolved', message };
    if (misplaced) throw needsPerson('CredentialsValid', 'WrongProvider', misplaced.sentence, misplaced.hint);
    if (auth.kind === 'githubApp') enterFingerprint(report, auth.fingerprint);
    return { auth, name, ca };
  } catch (error) {
    if (!(error instanceof ValueFault)) throw error;
    const { reason, message, mayBeFilled } = error;
    const finding = {
      status: 'False',
      reason,
      message,
      ...(mayBeFilled && { mayComeByItself: true }),
    } as const;
    throw new Halt('CredentialsResolved', finding, { kind: 'wait' });
  }
}

function isOthersCloud(url: string, provider: ProviderName, providers: Deps['providers']): boolean {
  const { host } = new URL(url);
  return Object.values(providers).some(
    (other) => other.name !== provider && new URL(other.defaultUrl).host === host,
  );
}

/** It is known without a call, and needed most where GitHub refuses the key. The rest may be about an earlier key. */
function enterFingerprint(report: Report, fingerprint: string): void {
  if (report.credential?.fingerprint !== fingerprint) report.credential = { fingerprint };
}

type Auth = Integration['spec']['auth'];

async function readToken(token: Auth['token'], reader: ValueReader): Promise<TokenCredentials> {
  // The schema allows exactly one of token and githubApp.
  if (!token) throw new TypeError('A GitIntegration without credentials passed its schema.');
  const { username, usernameSecretRef, secretRef } = token;
  return {
    kind: 'token',
    username: usernameSecretRef
      ? await reader.userName({
          ref: usernameSecretRef,
          what: 'user name',
          field: 'spec.auth.token.usernameSecretRef',
        })
      : username,
    token: await reader.token({ ref: secretRef, what: 'token', field: 'spec.auth.token.secretRef' }),
  };
}

async function readApp(app: NonNullable<Auth['githubApp']>, reader: ValueReader): Promise<AppCredentials> {
  const { appID, appIDSecretRef, privateKeySecretRef, installation } = app;
  const field = 'spec.auth.githubApp';
  const key = await reader.secret(
    { ref: privateKeySecretRef, what: 'private key', field: `${field}.privateKeySecretRef` },
    readPrivateKey,
    'PrivateKeyInvalid',
  );
  const number = (ref: SecretKeyRef, what: string, path: string) =>
    reader.secret({ ref, what, field: `${field}.${path}` }, (raw, name) => readNumericId(raw, what, name));
  const appId = appIDSecretRef ? await number(appIDSecretRef, 'App ID', 'appIDSecretRef') : String(appID);
  const installationId = installation?.idSecretRef
    ? await number(installation.idSecretRef, 'installation ID', 'installation.idSecretRef')
    : installation?.id;
  const { pem: privateKey, fingerprint } = key;
  return {
    kind: 'githubApp',
    appId,
    privateKey,
    fingerprint,
    selector: selectorOf(installation, installationId),
  };
}

function selectorOf(
  wanted: NonNullable<Auth['githubApp']>['installation'],
  id: string | number | undefined,
): InstallationSelector {
  if (id !== undefined) return { by: 'id', id: Number(id) };
  if (wanted?.owner !== undefined) return { by: 'owner', owner: wanted.owner };
  if (wanted?.repository !== undefined) return { by: 'repository', repository: wanted.repository };
  return { by: 'first' };
}

const remembering = z.object({
  status: z.object({ credential: z.object({ digest: z.string(), expiresAt: z.string().optional() }) }),
});

/** What the status of an integration says of its credential, if it can be known again. No more of it is parsed. */
export function rememberedCredential(
  object: KubeObject,
): { digest: string; expiresAt?: string | undefined } | undefined {
  return remembering.safeParse(object).data?.status.credential;
}

/**
 * When a credential expires, RFC 3339, as far as the status of any integration remembers it. GitHub reports the expiry
 * only while a token lives: after a restart, nothing else distinguishes an expired one from a wrong one.
 */
export function rememberedExpiry(digest: string, integrations: Pick<Store, 'byIndex'>): string | undefined {
  const ends = integrations
    .byIndex('credential', digest)
    .map((object) => rememberedCredential(object)?.expiresAt)
    .filter((end) => end !== undefined);
  // Of one that was prolonged, the former end may remain where no one checked since.
  return ends.toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1);
}

/**
 * What every sentence about a credential calls it, without an article: `token in Secret "acme" (key "token")`, and for
 * an App its private key with the fingerprint that GitHub shows next to the key.
 */
function credentialName({ token, githubApp }: GitIntegrationSpec['auth'], fingerprint?: string): string {
  if (githubApp) return valueName('private key', 'Secret', githubApp.privateKeySecretRef, fingerprint);
  // The schema allows exactly one of token and githubApp.
  return token ? valueName('token', 'Secret', token.secretRef) : 'credential';
}

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
