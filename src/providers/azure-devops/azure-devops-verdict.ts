import { z } from 'zod';
import type { Answer, AnswerContext } from '../answer.ts';
import { ProviderError } from '../provider.ts';
import { createAnother, expired, notReachable, rateLimited, refused } from '../provider-errors.ts';

/**
 * Where personal access tokens are created, on the server with that web address.
 * https://learn.microsoft.com/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate
 */
export function tokensPage(base: string): string {
  return `${base}/_usersSettings/tokens`;
}

/** What a refusal of Azure DevOps means, of the Services and of a Server alike. */
export function verdict(answer: Answer, context: AnswerContext): ProviderError | undefined {
  const text = reasonOf(answer);
  // https://github.com/conda-forge/status/issues/111; it comes as 503.
  if (/\bTF24668\b|collection is stopped/i.test(text)) return stopped(context);
  // https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits; it comes as 429 and as 503.
  if (/\bTF400733\b/.test(text)) return rateLimited('AzureDevOps', answer, context);
  if (answer.status >= 500) return undefined;
  // https://github.com/microsoft/azure-pipelines-agent/issues/1559: only some answers say so.
  if (/personal access token used has expired/i.test(text)) return expired(context);
  if (/\bVS403463\b|conditional access policy/i.test(text)) return addressRefused(context);
  if (context.subject.kind === 'repository' && [401, 403, 404].includes(answer.status)) {
    return notReachable(
      context.subject.repository,
      'Give the token the scope Code (Read), and its owner access, or correct it: project/repository, a blank in a name written as %20.',
    );
  }
  if (answer.status === 401 || answer.status === 203) return unauthorized(context);
  if (answer.status === 403) return ownerRefused(context, text);
  if (answer.status === 404) {
    return new ProviderError({
      reason: 'ProviderError',
      sentence: `${context.host} has no organization or collection at this address.`,
      hint: 'Correct url: https://dev.azure.com/<organization>, or the address of a collection on a server.',
    });
  }
  return undefined;
}

function stopped({ host }: AnswerContext): ProviderError {
  return new ProviderError({
    reason: 'OrganizationStopped',
    sentence: `The organization or collection on ${host} is stopped, so it rejects all requests.`,
    hint: 'An administrator of the server starts the collection again; on dev.azure.com, ask the support of Azure DevOps.',
  });
}

/** Wrong, expired, revoked, or made for another organization: all the same, mostly. */
export function unauthorized(context: AnswerContext): ProviderError {
  return refused(
    context,
    `It is invalid, expired, revoked, or of another organization, and Azure DevOps doesn't say which; ${createAnother(context)} and store it in that Secret.`,
  );
}

/** The server knows who asks. https://learn.microsoft.com/azure/devops/organizations/accounts/faq-user-and-permissions-management */
function ownerRefused({ host }: AnswerContext, text: string): ProviderError {
  const isNew = /\bTF401444\b/.test(text);
  return new ProviderError({
    reason: 'Unauthorized',
    sentence: (token) => `${host} refuses the owner of the ${token}.`,
    hint: isNew
      ? 'Have the owner sign in there once with a browser; tokens of the account work after that.'
      : 'Check that the account is a member of the organization and has an access level there, and that no policy forbids its tokens.',
    isExplained: isNew,
  });
}

/**
 * Of the policies of Entra ID, those about addresses are the ones that tokens are held to.
 * https://learn.microsoft.com/azure/devops/organizations/accounts/change-application-access-policies
 */
function addressRefused(context: AnswerContext): ProviderError {
  return new ProviderError({
    reason: 'AddressNotAllowed',
    sentence: `A conditional access policy keeps the address of this cluster out of ${context.host}.`,
    hint: "Add the cluster's outgoing address to the locations that the policy allows, in Microsoft Entra ID.",
  });
}

/** The message is for matching only and goes nowhere. */
const failureSchema = z.object({ message: z.string() });

/** What the server says in a header, percent-encoded, or in the body; both are for matching only. */
function reasonOf(answer: Answer): string {
  const message = failureSchema.safeParse(answer.body).data?.message ?? '';
  return `${answer.header('x-tfs-serviceerror')?.replaceAll('%20', ' ') ?? ''}${message}`;
}
