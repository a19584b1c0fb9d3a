import type { ProviderName } from '../api/v1alpha1/git-integration-spec.ts';
import { canonicalUrl } from './codemie-url.ts';

/** Where CodeMie keeps an integration: with a project, or with the person who is signed in. */
export type Scope = 'Project' | 'User';

/** One key of a CodeMie setting. Order does not matter to CodeMie; the digest sorts. */
export interface SettingValue {
  key: string;
  value: string | boolean;
}

/** An integration as CodeMie should hold it. Contains secrets: never log it. */
export interface DesiredSetting {
  scope: Scope;
  project: string;
  alias: string;
  isGlobal: boolean;
  values: SettingValue[];
}

/** An integration as CodeMie reports it: secrets masked, other keys in clear. */
export interface ObservedSetting {
  id: string;
  scope: Scope;
  project: string;
  alias: string;
  isGlobal: boolean;
  values: Readonly<Record<string, unknown>>;
  /** CodeMie's own stamps: local time of the server without a zone. Comparable as text, nothing more. */
  createdAt: string;
  updatedAt: string;
}

/** The key under which an integration names the GitIntegration that owns it. CodeMie returns it unmasked. */
export const ownerKey = 'managed_by';

/** CodeMie masks every value of these keys, whatever it is. */
export const maskedKeys: ReadonlySet<string> = new Set(['token', 'private_key']);

/** The owner mark of one GitIntegration, unique among all clusters that share a CodeMie. */
export function ownerMark(cluster: string, namespace: string, name: string): string {
  return `codemie-git-operator/${cluster}/${namespace}/${name}`;
}

/** The GitIntegration of this cluster that a mark names; undefined for any other mark. */
export function markedBy(mark: unknown, cluster: string): { namespace: string; name: string } | undefined {
  const prefix = ownerMark(cluster, '', '').slice(0, -1);
  if (typeof mark !== 'string' || !mark.startsWith(prefix)) return undefined;
  const [namespace = '', name = '', ...more] = mark.slice(prefix.length).split('/');
  return namespace !== '' && name !== '' && more.length === 0 ? { namespace, name } : undefined;
}

/** The credential in the shape that decides which keys CodeMie gets. */
export type SettingCredential =
  | { kind: 'token'; token: string; name: string; headerAuth: boolean }
  | { kind: 'githubApp'; appId: string; privateKey: string; installationId: number };

/**
 * The keys of a Git setting. Keys of the other method must be absent, even empty ones: CodeMie answers
 * "Cannot mix authentication methods". `installation_id` is always explicit, because CodeMie on its own
 * takes the first installation it is given.
 */
export function settingValues(url: string, credential: SettingCredential, owner: string): SettingValue[] {
  const shared = { url: { key: 'url', value: url }, owner: { key: ownerKey, value: owner } };
  if (credential.kind === 'githubApp')
    return [
      shared.url,
      { key: 'auth_type', value: 'github_app' },
      { key: 'app_id', value: credential.appId },
      { key: 'private_key', value: credential.privateKey },
      { key: 'installation_id', value: String(credential.installationId) },
      shared.owner,
    ];
  return [
    shared.url,
    { key: 'auth_type', value: 'pat' },
    { key: 'name', value: credential.name },
    { key: 'token', value: credential.token },
    ...(credential.headerAuth ? [{ key: 'use_header_auth', value: true }] : []),
    shared.owner,
  ];
}

/**
 * What a user or another program changed in CodeMie, as names of fields: empty when nothing visible
 * differs. The content of masked keys cannot be compared; their presence can.
 */
export function differences(desired: DesiredSetting, observed: ObservedSetting): string[] {
  const found: string[] = [];
  if (observed.alias !== desired.alias) found.push('alias');
  if (observed.isGlobal !== desired.isGlobal) found.push('is_global');
  const wanted = new Map(desired.values.map((v) => [v.key, v.value]));
  for (const [key, value] of wanted) {
    const held = observed.values[key];
    if (maskedKeys.has(key) ? !held : !sameValue(key, held, value)) found.push(key);
  }
  for (const key of Object.keys(observed.values)) if (!wanted.has(key)) found.push(key);
  return found.toSorted();
}

function sameValue(key: string, held: unknown, wanted: string | boolean): boolean {
  // The server keeps numbers and booleans as they are sent, and people may have typed them as text.
  if (typeof held !== 'string' && typeof held !== 'number' && typeof held !== 'boolean') return false;
  return String(held) === (key === 'url' ? canonicalUrl(String(wanted)) : String(wanted));
}

/**
 * What CodeMie holds of one scope at one time, ready to be asked by those who share a listing: with 10,000
 * integrations, no one can afford to go through all rows for each.
 */
export interface SettingIndex {
  /** The rows that carry an owner mark. */
  owned(mark: string): readonly ObservedSetting[];
  byId(id: string): ObservedSetting | undefined;
  /** The rows of the project of exactly this name. */
  inProject(project: string): readonly ObservedSetting[];
  /** Number of rows. */
  readonly size: number;
}

/** Indexes the rows of a listing. The order of rows is kept. */
export function indexSettings(rows: readonly ObservedSetting[]): SettingIndex {
  const owned = Map.groupBy(rows, ({ values }) => values[ownerKey]);
  const byProject = Map.groupBy(rows, ({ project }) => project);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return {
    owned: (mark) => owned.get(mark) ?? [],
    byId: (id) => byId.get(id),
    inProject: (project) => byProject.get(project) ?? [],
    size: rows.length,
  };
}

/** The user of a Bitbucket API token in Git. https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/ */
const bitbucketApiTokenUser = 'x-bitbucket-api-token-auth';

/** The user in the clone URL where none is given. For access tokens of Bitbucket it is a fixed one:
 * https://support.atlassian.com/bitbucket-cloud/docs/using-access-tokens/ */
const defaultNames = {
  GitHub: 'oauth2',
  GitLab: 'oauth2',
  Bitbucket: 'x-token-auth',
  // Any name does.
  AzureDevOps: 'oauth2',
} as const;

/**
 * What CodeMie calls "Token Name": the user that Git sends with the token.
 *
 * Bitbucket's REST API wants the e-mail address with an API token, and Git does not take it; so an address is
 * replaced by the user that Bitbucket keeps for this.
 */
export function tokenName(provider: ProviderName, username: string | undefined): string {
  if (username === undefined) return defaultNames[provider];
  return provider === 'Bitbucket' && username.includes('@') ? bitbucketApiTokenUser : username;
}
