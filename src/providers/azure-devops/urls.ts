import { baseBefore } from '../urls.ts';

/**
 * The base of all calls is the web address of the organization (`https://dev.azure.com/acme`) or of a server's collection
 * (`https://ado.example.com/tfs/DefaultCollection`); `_apis` stands below it. What leads further in is cut off, such as
 * the address of a repository that was pasted (`…/acme/project/_git/repository`).
 * https://learn.microsoft.com/azure/devops/integrate/how-to/call-rest-api
 */
export function apiUrl(webUrl: URL): URL {
  return new URL(baseBefore(new URL(baseBefore(webUrl, '_apis')), '_git', 1));
}

/** `project/repository`, also as the web pages write it (`project/_git/repository`), with each part fit for a path. */
export function repositoryPath(repository: string): string {
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
