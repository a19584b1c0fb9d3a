import { type ProviderName, providerNames } from '../api/group.ts';
import { parsePart } from '../api/parse.ts';
import { gitIntegrationSpecSchema } from '../api/v1alpha1/git-integration-spec.ts';
import { canonicalUrl } from '../domain/codemie-url.ts';
import { type ObservedSetting, ownerKey, tokenName } from '../domain/git-setting.ts';
import { providers } from '../providers/registry.ts';
import { printable } from './io.ts';
import { withoutCredentials } from './redact.ts';

/** Options of `import`. */
export interface ImportOptions {
  /** Namespace of the manifests. */
  namespace: string;
  /** Only of these projects; empty for all. */
  projects: readonly string[];
  /** Which product a self-managed host is: `git.example.com=GitLab`. */
  products: ReadonlyMap<string, ProviderName>;
  connection: { name: string; ofNamespace: boolean };
}

/** A Git integration as it will be declared. */
export interface Declared {
  name: string;
  namespace: string;
  spec: Record<string, unknown>;
  /** What has to be in Secrets before it can work. */
  needs: SecretNeed[];
  /** Where it comes from. */
  from: { id?: string; project: string; alias: string };
}

interface SecretNeed {
  secret: string;
  key: string;
  what: string;
}

/** A source that is not declared, and why. */
export interface Skipped {
  project: string;
  alias: string;
  why: string;
  /** Nothing is left to do: an operator has it already, or it is not about Git. */
  needsNothing?: true;
}

/** Why an integration that an operator manages is not declared again. */
export function managed({ project, alias }: { project: string; alias: string }): Skipped {
  return { project, alias, why: 'An operator manages it already.', needsNothing: true };
}

/** Why one of two rows of the same place is not declared. */
export const severalRows = 'Another row has the same alias. Delete one of the two in CodeMie.';

/** Whether an operator, of this cluster or another, has written its mark into a row. */
export function isManaged({ values }: ObservedSetting): boolean {
  const owner = values[ownerKey];
  return typeof owner === 'string' && owner !== '';
}

/** What an import made. */
export interface Imported {
  declared: Declared[];
  skipped: Skipped[];
}

/** Declares the rows of CodeMie that no operator owns yet, so that they can be adopted as they are. */
export function declareRows(rows: readonly ObservedSetting[], options: ImportOptions): Imported {
  const names = new Set<string>();
  const result: Imported = { declared: [], skipped: [] };
  const wanted = rows
    .filter(({ project }) => options.projects.length === 0 || options.projects.includes(project))
    .toSorted((a, b) => compare(a.project, b.project) || compare(a.alias, b.alias) || compare(a.id, b.id));
  const seen = new Set<string>();
  for (const row of wanted) {
    const { project, alias, id } = row;
    const skip = (why: string) => result.skipped.push({ project, alias, why });
    if (isManaged(row)) {
      result.skipped.push(managed(row));
      continue;
    }
    const place = JSON.stringify([project, alias]);
    if (seen.has(place)) {
      skip(severalRows);
      continue;
    }
    seen.add(place);
    const declared = declareRow(row, options, names);
    if (typeof declared === 'string') skip(declared);
    else result.declared.push({ ...declared, from: { id, project, alias } });
  }
  return result;
}

/**
 * Declares one row, under a name that no other has.
 *
 * @returns one sentence where it can't be declared
 */
export function declareRow(
  { values, alias, project }: ObservedSetting,
  options: ImportOptions,
  names: Set<string>,
): Declared | string {
  const url = text(values['url']);
  if (!URL.canParse(url)) return "Its URL can't be read. Correct it in CodeMie.";
  const isApp = values['auth_type'] === 'github_app';
  const host = new URL(url).host;
  const provider = isApp ? 'GitHub' : productOf(host, options.products);
  if (!provider)
    return `It is unknown which product ${printable(host)} is. Repeat with --provider ${printable(host)}=GitLab, or another of ${providerNames.join(', ')}.`;
  // A name that is made of a token has it in small letters, in which nothing knows it for a token.
  if ([alias, project, text(values['name'])].some((given) => withoutCredentials(given) !== given))
    return 'Its alias, project or user name holds a credential. Replace it in CodeMie.';
  const name = uniqueName(alias, project, names);
  const secret = `${name.slice(0, 240)}-git`;
  const auth = isApp ? appAuth(values, secret) : tokenAuth(values, provider, secret);
  if (typeof auth === 'string') return auth;
  return finish({ name, provider, url, project, alias, auth, secret, isApp }, options);
}

function finish(
  {
    name,
    provider,
    url,
    project,
    alias,
    auth,
    secret,
    isApp,
  }: {
    name: string;
    provider: ProviderName;
    url: string;
    project: string;
    alias: string;
    auth: Record<string, unknown>;
    secret: string;
    isApp: boolean;
  },
  { connection, namespace }: ImportOptions,
): Declared | string {
  const usual = canonicalUrl(providers[provider].defaultUrl);
  const isCloud = canonicalUrl(url) === usual;
  const connectionRef = {
    ...(connection.ofNamespace && { kind: 'CodeMieConnection' }),
    ...((connection.ofNamespace || connection.name !== 'default') && { name: connection.name }),
  };
  const spec = {
    provider,
    ...(!isCloud && { url }),
    project,
    ...(alias !== name && { alias }),
    ...(Object.keys(connectionRef).length > 0 && { connectionRef }),
    adoptionPolicy: 'IfUnowned',
    auth,
  };
  const parsed = parsePart(gitIntegrationSpecSchema, 'spec', spec);
  if (!parsed.ok) return `It breaks a rule of the API: ${parsed.error}`;
  const what = isApp ? 'the private key of the GitHub App (PEM)' : `the ${provider} token`;
  return {
    name,
    namespace,
    spec,
    needs: [{ secret, key: isApp ? 'privateKey' : 'token', what }],
    from: { project, alias },
  };
}

function appAuth(values: ObservedSetting['values'], secret: string): Record<string, unknown> | string {
  const appID = Number(text(values['app_id']));
  if (!Number.isSafeInteger(appID) || appID < 1) return 'Its App ID is not a number. Correct it in CodeMie.';
  const installation = Number(text(values['installation_id']));
  return {
    githubApp: {
      appID,
      privateKeySecretRef: { name: secret },
      ...(Number.isSafeInteger(installation) && installation > 0 && { installation: { id: installation } }),
    },
  };
}

function tokenAuth(
  values: ObservedSetting['values'],
  provider: ProviderName,
  secret: string,
): Record<string, unknown> {
  const username = text(values['name']);
  return {
    token: {
      secretRef: { name: secret },
      ...(username !== '' && username !== tokenName(provider, undefined) && { username }),
      ...(values['use_header_auth'] === true && { headerAuth: true }),
    },
  };
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
}

/** The product of a host: one of the clouds, what the user said, or what the name of the host says. */
function productOf(host: string, given: ReadonlyMap<string, ProviderName>): ProviderName | undefined {
  const known = given.get(host.toLowerCase());
  if (known) return known;
  const cloud = providerNames.find((name) => new URL(providers[name].defaultUrl).host === host.toLowerCase());
  if (cloud) return cloud;
  const named = providerNames.filter((name) => host.toLowerCase().includes(name.toLowerCase()));
  return named.length === 1 ? named[0] : undefined;
}

/** A name for an object, made from an alias; the project goes before it where the alias alone is taken. */
function uniqueName(alias: string, project: string, taken: Set<string>): string {
  const plain = slug(alias) || 'integration';
  const candidates = [plain, `${slug(project) || 'project'}-${plain}`.slice(0, 240)];
  for (let number = 2; candidates.length < 10_000; number++)
    candidates.push(`${plain.slice(0, 240)}-${number}`);
  const name = candidates.find((candidate) => !taken.has(candidate)) ?? plain;
  taken.add(name);
  return name;
}

function slug(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .slice(0, 240)
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
