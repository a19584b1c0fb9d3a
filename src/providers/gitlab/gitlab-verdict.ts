import { z } from 'zod';
import { durations } from '../../lib/durations.ts';
import type { Answer, AnswerContext } from '../answer.ts';
import { ProviderError } from '../provider.ts';
import { createAnother, expired, notReachable, refused, revoked } from '../provider-errors.ts';

/**
 * A failure: of the OAuth layer (`error`, `error_description`) or of an endpoint (`message`, of any shape). The texts are
 * for matching only and go nowhere.
 */
const failureSchema = z.object({
  error: z.string().catch(''),
  error_description: z.string().catch(''),
  message: z.string().catch(''),
});

/** What a failure says, as far as it is JSON. */
export function failureOf(answer: Answer): { code: string; text: string } {
  const failure = failureSchema.safeParse(answer.body).data;
  return {
    code: failure?.error ?? '',
    text: `${failure?.error_description ?? ''} ${failure?.message ?? ''}`,
  };
}

const banCheckMs = durations.providers.gitLabBanCheckMs;

/**
 * Rack::Attack answers every request of an address that it has banned, before GitLab does: for an hour by default, after
 * several failed sign-ins with Git. Each further request may prolong it.
 * https://docs.gitlab.com/security/rate_limits/#failed-authentication-ban-for-git-and-container-registry
 */
export function banVerdict(answer: Answer, { host, nowMs }: AnswerContext): ProviderError | undefined {
  if (answer.status !== 403 || answer.text?.trim() !== 'Forbidden') return undefined;
  return new ProviderError({
    reason: 'AddressNotAllowed',
    sentence: `${host}, or something in front of it, forbids requests from the address of this cluster.`,
    hint: "GitLab does so for an hour after several failed sign-ins, and the operator retries every ten minutes; if it lasts, allow the cluster's outgoing address in GitLab (Rack Attack) or in the gateway.",
    retryAtMs: nowMs + banCheckMs,
  });
}

/**
 * What a refusal means. GitLab distinguishes expired from revoked, in this order: a token that is both is called expired.
 * https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/api/api_guard.rb
 */
export function verdict(answer: Answer, context: AnswerContext): ProviderError | undefined {
  const { code, text } = failureOf(answer);
  if (answer.status === 401) return unauthorized(answer, context);
  if (answer.status === 403 && /not yet supported/i.test(text)) return notSupported(context);
  if (context.subject.kind === 'repository' && [403, 404].includes(answer.status)) {
    const { repository, credentialKind } = context.subject;
    const isExplained = code.startsWith('insufficient_');
    return notReachable(repository, accessHint(context, repository, credentialKind, code, text), {
      isExplained,
    });
  }
  // An empty one is not GitLab's.
  if (answer.status === 403 && text.trim() !== '') {
    const match = refusals.find(({ pattern }) => pattern.test(text));
    return new ProviderError({
      reason: 'Unauthorized',
      sentence: (token) =>
        match
          ? `${context.host} refuses the owner of the ${token}.`
          : `${context.host} refuses the ${token}, or its owner.`,
      hint:
        match?.hint ??
        'Check the state of the account that owns the token, and what the administrators of the server forbid.',
      isExplained: match !== undefined,
    });
  }
  return undefined;
}

const fineGrainedPage = 'https://docs.gitlab.com/auth/tokens/fine_grained_access_tokens/';

/** `AuthorizeGranularScopesService`: where the instance has them turned off, the token opens nothing at all. */
function notSupported({ host }: AnswerContext): ProviderError {
  return new ProviderError({
    reason: 'Unauthorized',
    sentence: (token) =>
      `${host} has fine-grained personal access tokens turned off, and the ${token} is one.`,
    hint: `Use a legacy personal, project or group access token with the scope api, or have an administrator turn them on: ${fineGrainedPage}`,
    isExplained: true,
  });
}

/**
 * The same code has three causes: a permission that a fine-grained token lacks, an endpoint that takes none, and a group
 * that takes nothing else.
 * https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/services/authz/tokens/authorize_granular_scopes_service.rb
 */
function accessHint(
  context: AnswerContext,
  repository: string,
  kind: string | undefined,
  code: string,
  text: string,
): string {
  if (code === 'insufficient_granular_scope') {
    if (/doesn't support fine-grained/i.test(text))
      return "This GitLab doesn't let fine-grained tokens read projects; use a legacy token with the scope api.";
    return kind === 'FineGrainedPersonalAccessToken'
      ? `Create a new fine-grained token with the permission Project: Read for ${repository}, because GitLab can't change a token: ${fineGrainedPage}`
      : `A group above ${repository} takes fine-grained tokens only: create one with the permission Project: Read, or have the owner of the group allow legacy tokens: ${fineGrainedPage}`;
  }
  if (code === 'insufficient_scope')
    return `GitLab can't add scopes to a token: ${createAnother(context)} with the scope api and store it in that Secret.`;
  return 'Give the token and its owner access to it, or correct the full path; an IP restriction of its group looks the same.';
}

function unauthorized(answer: Answer, context: AnswerContext): ProviderError {
  const { code, text } = failureOf(answer);
  if (/token is expired/i.test(text)) return expired(context);
  if (/token was revoked/i.test(text)) {
    return revoked(context);
  }
  if (/impersonation/i.test(text)) {
    return refused(
      context,
      'Impersonation tokens are turned off there; use a personal, project or group token.',
      true,
    );
  }
  if (code === 'dpop_error') {
    return refused(
      context,
      'Its owner demands DPoP for every use; use a project or group access token instead.',
      true,
    );
  }
  return unknown(context);
}

/** Of a token that GitLab does not know, and of one that it did not get, it says the same. */
function unknown(context: AnswerContext): ProviderError {
  const { reason } = refused(context, '');
  if (reason === 'Expired') return expired(context);
  return new ProviderError({
    reason: 'Unauthorized',
    sentence: (token) => `${context.host} says that it got no valid token in place of the ${token}.`,
    hint: `It is invalid or opens no API (a deploy token needs its own username, and a private project under validation.repositories), or a proxy in front of GitLab removes the header Authorization; else ${createAnother(context)} and store it in that Secret.`,
  });
}

/** https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/gitlab/auth/user_access_denied_reason.rb */
const refusals: { pattern: RegExp; hint: string }[] = [
  { pattern: /pending approval/i, hint: 'Have an administrator of the server approve the account.' },
  // Of an account that waits for approval it says "and hence blocked" too.
  { pattern: /\bbanned\b/i, hint: 'The account is banned; have an administrator of the server unban it.' },
  { pattern: /two-factor/i, hint: 'Have the owner of the token enable two-factor authentication.' },
  { pattern: /blocked/i, hint: 'The account is blocked; have an administrator of the server unblock it.' },
  {
    pattern: /deactivated/i,
    hint: 'The account is deactivated; have its owner sign in once to activate it.',
  },
  {
    pattern: /terms of service/i,
    hint: 'Have the owner of the token sign in and accept the terms of service.',
  },
  {
    pattern: /password (has )?expired/i,
    hint: "The owner's password has expired; sign in and set a new one.",
  },
  { pattern: /confirm/i, hint: 'Have the owner of the token confirm the e-mail address of the account.' },
];
