import type { SecretKeyRef } from '../../api/v1alpha1/shared.ts';
import { misplacedToken } from '../../domain/misplaced-token.ts';
import { readPrivateKey } from '../../domain/private-key.ts';
import { readNumericId } from '../../domain/secret-value.ts';
import type { InstallationSelector, ProviderName } from '../../providers/provider.ts';
import { createValueReader, ValueFault, type ValueReader } from '../value-reader.ts';
import { credentialName } from './credential-identity.ts';
import type { Deps } from './deps.ts';
import { Halt, needsPerson } from './halt.ts';
import type { Integration } from './load.ts';
import type { Pass } from './pass.ts';
import type { Report } from './report.ts';

/** What the Secrets held, checked for form and not yet proven. Never logged. */
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
  const { askAnew, askedAtMs = Number.POSITIVE_INFINITY } = integration;
  const reader = createValueReader(askAnew ? reads.since(askedAtMs) : reads, namespace, signal, namesIn);
  try {
    const ca = spec.tls ? [await reader.ca(spec.tls.caRef)] : [];
    const { token, githubApp } = spec.auth;
    const auth = githubApp ? await readApp(githubApp, reader) : await readToken(token, reader);
    const name = credentialName(spec.auth, auth.kind === 'githubApp' ? auth.fingerprint : undefined);
    const url = spec.url ?? providers[spec.provider].defaultUrl;
    // The provider itself says, without a call, that the URL is another one's cloud.
    const told = spec.validation.policy !== 'Skip' && isOthersCloud(url, spec.provider, providers);
    const misplaced = auth.kind === 'token' && !told && misplacedToken(auth.token, name, { ...spec, url });
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
