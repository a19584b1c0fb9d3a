import { readPrivateKey } from '../../domain/private-key.ts';
import { readNumericId } from '../../domain/secret-value.ts';
import type { InstallationSelector } from '../../providers/provider.ts';
import { createValueReader, ValueFault, type ValueReader } from '../value-reader.ts';
import { credentialName } from './credential-name.ts';
import type { Deps } from './deps.ts';
import { Halt } from './halt.ts';
import type { Integration } from './load.ts';
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
 * Step 3: reads exactly the Secrets and ConfigMaps that the spec names. No other network is used.
 *
 * @throws Halt on `CredentialsResolved`, naming the object, the key and the fault
 */
export async function readCredentials(
  integration: Integration,
  report: Report,
  { kube, reads }: Pick<Deps, 'kube' | 'reads'>,
  signal: AbortSignal,
): Promise<Credentials> {
  const { namespace, spec } = integration;
  const reader = createValueReader(integration.askAnew ? kube : reads, namespace, signal);
  try {
    const ca = spec.tls ? [await reader.ca(spec.tls.caRef)] : [];
    const { token, githubApp } = spec.auth;
    const auth = githubApp ? await readApp(githubApp, reader) : await readToken(token, reader);
    const message = 'Every Secret was found and its values are well-formed.';
    report.findings.CredentialsResolved = { status: 'True', reason: 'Resolved', message };
    const name = credentialName(spec.auth, auth.kind === 'githubApp' ? auth.fingerprint : undefined);
    return { auth, name, ca };
  } catch (error) {
    if (!(error instanceof ValueFault)) throw error;
    const finding = { status: 'False', reason: error.reason, message: error.message } as const;
    throw new Halt('CredentialsResolved', finding, { kind: 'wait' });
  }
}

type Auth = Integration['spec']['auth'];

async function readToken(token: Auth['token'], reader: ValueReader): Promise<TokenCredentials> {
  // The schema allows exactly one of token and githubApp.
  if (!token) throw new TypeError('A GitIntegration without credentials passed its schema.');
  const { username, usernameSecretRef, secretRef } = token;
  return {
    kind: 'token',
    username: usernameSecretRef ? await reader.text(usernameSecretRef, 'user name') : username,
    token: await reader.text(secretRef, 'token'),
  };
}

async function readApp(app: NonNullable<Auth['githubApp']>, reader: ValueReader): Promise<AppCredentials> {
  const { appID, appIDSecretRef, privateKeySecretRef, installation } = app;
  const key = await reader.secret(privateKeySecretRef, readPrivateKey, 'PrivateKeyInvalid');
  const appId = appIDSecretRef
    ? await reader.secret(appIDSecretRef, (raw) => readNumericId(raw, 'App ID'))
    : String(appID);
  const installationId = installation?.idSecretRef
    ? await reader.secret(installation.idSecretRef, (raw) => readNumericId(raw, 'installation ID'))
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
