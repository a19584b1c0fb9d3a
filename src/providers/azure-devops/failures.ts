import type { Answer, Asked } from '../answer.ts';
import { commonFailure, expired, notReachable, rateLimited, refused } from '../failures.ts';
import { ProviderError } from '../provider.ts';
import { failureSchema } from './schema.ts';

const tokensPage =
  'https://learn.microsoft.com/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate';

/** What a failed answer of Azure DevOps means, of the Services and of a Server alike. */
export function azureFailure(answer: Answer, asked: Asked): ProviderError {
  const text = reasonOf(answer);
  if (answer.status === 429) return rateLimited('AzureDevOps', answer, asked);
  // https://github.com/microsoft/azure-pipelines-agent/issues/1559: only some answers tell it.
  if (/personal access token used has expired/i.test(text)) return expired(asked);
  if (/\bVS403463\b|conditional access policy/i.test(text)) return addressRefused(asked);
  if (asked.subject.kind === 'repository' && [401, 403, 404].includes(answer.status)) {
    return notReachable(
      asked.subject.repository,
      'Give the token the scope Code (Read), and its owner access, or correct it: project/repository.',
    );
  }
  // 203 is the sign-in page: https://github.com/MicrosoftDocs/vsts-rest-api-specs/issues/97
  if (answer.status === 401 || answer.status === 203) return unauthorized(asked);
  if (answer.status === 403 && text !== '') return unauthorized(asked);
  if (answer.status === 404 && answer.header('x-tfs-processid') !== undefined) {
    return new ProviderError({
      reason: 'ProviderError',
      sentence: `${asked.host} has no organization or collection at this address.`,
      hint: 'Correct url: https://dev.azure.com/<organization>, or the address of a collection on a server.',
    });
  }
  return commonFailure('AzureDevOps', answer, asked);
}

/** Wrong, expired, revoked, or made for another organization: all the same, mostly. */
export function unauthorized(asked: Asked): ProviderError {
  return refused(
    asked,
    `It is wrong, expired, revoked, or made for another organization, and Azure DevOps does not tell which; make a new one with the scope Code (Read & write): ${tokensPage}`,
  );
}

/**
 * Of the policies of Entra ID, those about addresses are the ones that tokens are held to.
 * https://learn.microsoft.com/azure/devops/organizations/accounts/change-application-access-policies
 */
function addressRefused(asked: Asked): ProviderError {
  return new ProviderError({
    reason: 'AddressNotAllowed',
    sentence: `A conditional access policy keeps the address of this cluster out of ${asked.host}.`,
    hint: "Add the cluster's outgoing address to the locations that the policy allows, in Microsoft Entra ID.",
  });
}

/** What the server says in a header, percent-encoded, or in the body; both are for matching only. */
function reasonOf(answer: Answer): string {
  const message = failureSchema.safeParse(answer.body).data?.message ?? '';
  return `${answer.header('x-tfs-serviceerror')?.replaceAll('%20', ' ') ?? ''}${message}`;
}
