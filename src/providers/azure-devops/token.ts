import { asked, isSuccess } from '../answer.ts';
import { notTheApi } from '../failures.ts';
import type { CredentialReport, Target } from '../provider.ts';
import { rateLimitOf } from '../rate-limit.ts';
import type { Get } from './client.ts';
import { azureFailure, unauthorized } from './failures.ts';
import { connectionDataSchema, repositorySchema } from './schema.ts';
import { repositoryPath } from './urls.ts';

/**
 * Proves a token by one `GET _apis/connectionData`, which needs no scope, and one call more for each repository. The
 * server tells neither the scopes nor the end of a token to the token itself: that takes a token of Entra ID.
 * https://learn.microsoft.com/rest/api/azure/devops/tokens/pats
 */
export async function validateToken(get: Get, target: Target): Promise<CredentialReport> {
  const answer = await get('_apis/connectionData');
  const subject = asked(target, { kind: 'credential' });
  if (!isSuccess(answer) || answer.status === 203) throw azureFailure(answer, subject);
  const connection = connectionDataSchema.safeParse(answer.body);
  if (!connection.success) throw notTheApi('AzureDevOps', answer, subject);
  const { id, descriptor, providerDisplayName, properties } = connection.data.authenticatedUser;
  if (isNobody(id, descriptor)) throw unauthorized(subject);
  for (const repository of target.repositories) await checkRepository(get, repository, target);

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

/**
 * An organization with public projects answers a bad token as it answers everybody: 200, and the user is one whose id has
 * a single digit. https://github.com/Azure/azure-cli/issues/24108 shows the id.
 */
function isNobody(id: string, descriptor: string): boolean {
  return /^([0a])\1{7}(-\1+)+$/i.test(id) || descriptor.startsWith('System:PublicAccess');
}

async function checkRepository(get: Get, repository: string, target: Target): Promise<void> {
  const answer = await get(`${repositoryPath(repository)}?api-version=${apiVersion}`);
  const subject = asked(target, { kind: 'repository', repository });
  if (!isSuccess(answer) || answer.status === 203) throw azureFailure(answer, subject);
  if (!repositorySchema.safeParse(answer.body).success) throw notTheApi('AzureDevOps', answer, subject);
}

/** The oldest that the Services and every supported Server know: https://learn.microsoft.com/azure/devops/integrate/concepts/rest-api-versioning */
const apiVersion = '5.0';
