import { baseBefore, cloudRoot } from '../urls.ts';

/**
 * The web address of the organization (`https://dev.azure.com/acme`, also for `https://acme.visualstudio.com`) or of a
 * server's collection (`https://ado.example.com/tfs/DefaultCollection`). What leads further in is cut off, such as the
 * address of a repository that was pasted (`…/acme/project/_git/repository`).
 */
export function webUrl(url: URL): URL {
  return cloudRoot(url) ?? new URL(baseBefore(new URL(baseBefore(url, '_apis')), '_git', 1));
}

/**
 * The base of all calls is the web address; `_apis` stands below it.
 * https://learn.microsoft.com/azure/devops/integrate/how-to/call-rest-api
 */
export function apiUrl(url: URL): URL {
  return webUrl(url);
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
