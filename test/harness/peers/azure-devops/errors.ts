import { randomUUID } from 'node:crypto';
import type { Answer } from '../git-hosts/exchange.ts';

/** An exception as the services report it: https://github.com/microsoft/azure-pipelines-tasks/issues/18732 */
function exception(status: number, typeKey: string, message: string): Answer {
  return {
    status,
    headers: { 'x-tfs-serviceerror': encodeURIComponent(message) },
    body: {
      $id: '1',
      innerException: null,
      message,
      typeName: typeKey,
      typeKey,
      errorCode: 0,
      eventId: 3000,
    },
  };
}

/**
 * Wrong, revoked, of another organization, or without the scope: the answer doesn't say which.
 * https://github.com/microsoft/azure-pipelines-agent/issues/996 has it for a self-managed server.
 */
export function unauthorized(realm: string): Answer {
  return {
    status: 401,
    headers: { 'www-authenticate': `Basic realm="${realm}", NTLM`, 'x-tfs-processid': randomUUID() },
  };
}

/** https://github.com/microsoft/azure-pipelines-agent/issues/1559 */
export function expired(): Answer {
  return exception(401, 'AccessCheckException', 'Access Denied: The Personal Access Token used has expired.');
}

/** https://github.com/microsoft/azure-devops-auth-samples/issues/52 */
export function notAuthorized(): Answer {
  return exception(
    401,
    'UnauthorizedRequestException',
    "TF400813: The user '' is not authorized to access this resource.",
  );
}

/** https://github.com/microsoft/coe-starter-kit/issues/6694 */
export function addressRefused(): Answer {
  return exception(
    403,
    'VssServiceException',
    'VS403463: The conditional access policy defined by your Azure Active Directory administrator has failed.',
  );
}

/**
 * An organization that was stopped, for abuse for example: https://github.com/conda-forge/status/issues/111. The
 * services begin this body with a byte order mark.
 */
export function stopped(name: string): Answer {
  const { headers, body } = exception(
    503,
    'HostShutdownException',
    `TF24668: The following team project collection is stopped: ${name}. Start the collection and then try again. Administrator Reason: abuse`,
  );
  return {
    status: 503,
    headers: { ...headers, 'content-type': 'application/json; charset=utf-8' },
    body: `\uFEFF${JSON.stringify(body)}`,
  };
}

/** Absent, or not to be seen. https://github.com/shayki5/azure-devops-create-pr-task/issues/193 */
export function noSuchRepository(name: string): Answer {
  return exception(
    404,
    'GitRepositoryNotFoundException',
    `TF401019: The Git repository with name or identifier ${name} does not exist or you do not have permissions for the operation you are attempting.`,
  );
}

export function noSuchProject(name: string): Answer {
  return exception(
    404,
    'ProjectDoesNotExistWithNameException',
    `TF200016: The following project does not exist: ${name}. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server.`,
  );
}

/** What an anonymous client gets instead of the API: https://github.com/MicrosoftDocs/vsts-rest-api-specs/issues/97 */
export function signInPage(): Answer {
  return {
    status: 203,
    headers: { 'content-type': 'text/html; charset=utf-8', 'x-tfs-processid': randomUUID() },
    body: '<!DOCTYPE html><html lang="en-US"><head><title>Azure DevOps Services | Sign In</title></head><body></body></html>',
  };
}

/** No such organization, or no such page. */
export function notFoundPage(): Answer {
  return {
    status: 404,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: '<!DOCTYPE html><html><head><title>The resource cannot be found.</title></head><body></body></html>',
  };
}

/** https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits */
export function throttled(options: { retryAfterS?: number } = {}): Answer {
  const message =
    'TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource.';
  const answer = exception(429, 'RequestBlockedException', message);
  const retryAfterS = options.retryAfterS;
  return {
    ...answer,
    headers: {
      ...answer.headers,
      'x-ratelimit-resource': 'Services/Concurrency',
      ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
    },
  };
}
