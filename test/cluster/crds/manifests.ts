/** The kinds by their name in a manifest. */
export type Kind = 'GitIntegration' | 'ClusterCodeMieConnection' | 'CodeMieConnection';

/** A spec that may be wrong on purpose. */
export type Spec = Record<string, unknown>;

/** A spec that both readers take: the API server and the operator. */
export interface AcceptedCase {
  name: string;
  kind: Kind;
  spec: Spec;
}

/** A spec that both readers refuse with the same sentence. */
export interface RefusedCase extends AcceptedCase {
  /** The field that is blamed, from `spec` on. */
  field: string;
  /** What the API server puts before the sentence. */
  prefix: string;
  sentence: string;
}

/** The smallest credential: a token. */
export const tokenAuth = { token: { secretRef: { name: 'git' } } };

/** The smallest GitHub App. */
export const appAuth = { githubApp: { appID: 1, privateKeySecretRef: { name: 'app' } } };

/** A change to a GitHub App with more in it. */
export const app = (changes: Spec) => ({ auth: { githubApp: { ...appAuth.githubApp, ...changes } } });

/** A change to a token with more in it. */
export const token = (changes: Spec) => ({ auth: { token: { ...tokenAuth.token, ...changes } } });

/** The smallest login at CodeMie. */
export const login = { token: { secretRef: { name: 'login' } } };
const tokenURL = 'https://auth.example.com/token';

/** A change to a login by client credentials. */
export const clientCredentials = (changes: Spec) => ({
  auth: {
    clientCredentials: { tokenURL, clientID: 'operator', clientSecretRef: { name: 'login' }, ...changes },
  },
});

/** A change to a login by password. */
export const password = (changes: Spec) => ({
  auth: {
    password: { tokenURL, usernameSecretRef: { name: 'u' }, passwordSecretRef: { name: 'u' }, ...changes },
  },
});

/** The smallest GitIntegration that is right, with changes. */
export const gitSpec = (changes: Spec = {}): Spec => ({
  provider: 'GitHub',
  project: 'demo',
  auth: tokenAuth,
  ...changes,
});

/** The smallest connection that is right, with changes. */
export const connectionSpec = (changes: Spec = {}): Spec => ({
  url: 'https://codemie.example.com/code-assistant-api',
  auth: login,
  ...changes,
});

/** A GitIntegration that differs from the smallest one by the changes. */
export const git = (name: string, changes: Spec): AcceptedCase => ({
  name,
  kind: 'GitIntegration',
  spec: gitSpec(changes),
});

/** A CodeMieConnection that differs from the smallest one by the changes. */
export const connection = (name: string, changes: Spec): AcceptedCase => ({
  name,
  kind: 'CodeMieConnection',
  spec: connectionSpec(changes),
});

/** A ClusterCodeMieConnection that differs from the smallest one by the changes. */
export const cluster = (name: string, changes: Spec): AcceptedCase => ({
  name,
  kind: 'ClusterCodeMieConnection',
  spec: connectionSpec(changes),
});

/** The case, refused with this sentence. `field` is relative to `spec`. */
export const refuse = (made: AcceptedCase, field: string, prefix: string, sentence: string): RefusedCase => ({
  ...made,
  field: `spec.${field}`,
  prefix,
  sentence,
});

/** A manifest as `kubectl -f -` takes it. */
export function manifest(kind: Kind, name: string, spec: unknown): string {
  return JSON.stringify({ apiVersion: 'codemie.ai/v1alpha1', kind, metadata: { name }, spec });
}
