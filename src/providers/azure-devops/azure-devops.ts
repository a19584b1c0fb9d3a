import { z } from 'zod';
import { type Answer, parseObject, type RequestSubject, rateLimitOf } from '../answer.ts';
import { basic, createClient, type ProviderClient } from '../client.ts';
import { type CredentialReport, type Provider, usualRechecksMs } from '../provider.ts';
import { requireToken } from '../provider-errors.ts';
import { baseBefore, baseOf, cloudRoot } from '../urls.ts';
import { tokensPage, unauthorized, verdict } from './azure-devops-verdict.ts';

/** Azure DevOps Repos: the Services, where the url names the organization, and a Server, where it names the collection. */
export const azureDevOps: Provider = {
  name: 'AzureDevOps',
  defaultUrl: 'https://dev.azure.com',
  webUrl,
  apiUrl,
  recheckAfterMs: () => usualRechecksMs,
  kinds: ['PersonalAccessToken'],
  async validate(credential, target) {
    const { token } = requireToken('AzureDevOps', credential, target);
    const newTokenAt = `with the scope Code (Read & write) at ${tokensPage(baseOf(target.webUrl))}`;
    const product = { name: 'AzureDevOps', headers: headersFor(token), newTokenAt, verdict } as const;
    return validateToken(createClient(product, target));
  },
};

/**
 * The web address of the organization (`https://dev.azure.com/acme`, also for `https://acme.visualstudio.com`) or of a
 * server's collection (`https://ado.example.com/tfs/DefaultCollection`). What leads further in is cut off, such as the
 * address of a repository that was pasted (`…/acme/project/_git/repository`).
 */
function webUrl(url: URL): URL {
  return cloudRoot(url) ?? new URL(baseBefore(new URL(baseBefore(url, '_apis')), '_git', 1));
}

/**
 * The base of all calls is the web address; `_apis` stands below it.
 * https://learn.microsoft.com/azure/devops/integrate/how-to/call-rest-api
 */
function apiUrl(url: URL): URL {
  return webUrl(url);
}

/** `project/repository`, also as the web pages write it (`project/_git/repository`), with each part fit for a path. */
function repositoryPath(repository: string): string {
  const parts = repository.split('/').filter((part) => part !== '_git');
  const [project = '', name = project] = parts.map((part) => encodeURIComponent(decoded(part)));
  return `${project}/_apis/git/repositories/${name}`;
}

/** Names may have blanks, which a list of repositories can hold only as `%20`. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * The token is the password of Basic, without a user name. The other header asks for a plain 401 instead of a sign-in
 * page, which is what a bad token gets else, as 203 or behind a redirect.
 * https://learn.microsoft.com/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate
 */
function headersFor(token: string): Record<string, string> {
  const authorization = basic('', token);
  return { authorization, accept: 'application/json', 'x-tfs-fedauthredirect': 'Suppress' };
}

/**
 * Validates a token by one `GET _apis/connectionData`, which needs no scope, and one call more for each repository. The
 * server reports neither the scopes nor the expiry of a token to the token itself: that takes a token of Entra ID.
 * https://learn.microsoft.com/rest/api/azure/devops/tokens/pats
 */
async function validateToken(client: ProviderClient): Promise<CredentialReport> {
  const answer = await get(client, '_apis/connectionData');
  const { authenticatedUser } = parse(client, answer, connectionDataSchema);
  const { id, descriptor, providerDisplayName, properties } = authenticatedUser;
  if (isAnonymous(id, descriptor)) throw unauthorized(client.contextOf());
  for (const repository of client.target.repositories) {
    const path = `${repositoryPath(repository)}?api-version=${apiVersion}`;
    parse(client, await get(client, path), repositorySchema, { kind: 'repository', repository });
  }
  const account = properties?.Account.$value || providerDisplayName;
  const rateLimit = rateLimitOf(answer);
  return {
    kind: 'PersonalAccessToken',
    ...(account === '' ? {} : { account }),
    permissions: 'NotReported',
    missing: [],
    ...(rateLimit === undefined ? {} : { rateLimit }),
  };
}

/** The oldest that the Services and every supported Server know: https://learn.microsoft.com/azure/devops/integrate/concepts/rest-api-versioning */
const apiVersion = '5.0';

/** The sign-in page is a success that isn't JSON, and it has a meaning here: so anything is accepted, and read afterwards. */
async function get(client: ProviderClient, path: string): Promise<Answer> {
  const answer = await client.get(path, { accept: 'any' });
  const isJson = /^application\/json\b/.test(answer.header('content-type') ?? '');
  return { ...answer, body: isJson ? parseObject((answer.text ?? '').replace(/^\uFEFF/, '')) : undefined };
}

/** 203 is the sign-in page: https://github.com/MicrosoftDocs/vsts-rest-api-specs/issues/97 */
function parse<T>(client: ProviderClient, answer: Answer, schema: z.ZodType<T>, subject?: RequestSubject): T {
  if (answer.status === 203) throw client.failure(answer, subject);
  return client.parse(answer, schema, subject);
}

/**
 * `GET _apis/connectionData`: who the server takes us for. Its own page documents the type only:
 * https://learn.microsoft.com/javascript/api/azure-devops-extension-api/connectiondata
 */
const connectionDataSchema = z.object({
  authenticatedUser: z.object({
    id: z.string().min(1),
    descriptor: z.string().catch(''),
    providerDisplayName: z.string().catch(''),
    properties: z
      .object({ Account: z.object({ $value: z.string() }) })
      .optional()
      .catch(undefined),
  }),
});

/** `GET {project}/_apis/git/repositories/{name}`: enough to know that it is one. */
const repositorySchema = z.object({ id: z.string(), name: z.string(), project: z.object({}) });

/**
 * An organization with public projects answers a bad token as it answers anyone: 200, and the user is one whose id has
 * a single digit. https://github.com/Azure/azure-cli/issues/24108 shows the id.
 */
function isAnonymous(id: string, descriptor: string): boolean {
  return /^([0a])\1{7}(-\1+)+$/i.test(id) || descriptor.startsWith('System:PublicAccess');
}
