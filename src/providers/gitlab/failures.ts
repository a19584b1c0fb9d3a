import type { Answer, Asked } from '../answer.ts';
import { commonFailure, expired, notReachable, rateLimited, refused, revoked } from '../failures.ts';
import { ProviderError } from '../provider.ts';
import { failureSchema } from './schema.ts';

/** How people make tokens, and what each scope opens. */
export const personalTokensPage = 'https://docs.gitlab.com/user/profile/personal_access_tokens/';

/** What a failure says, as far as it is JSON. */
export function failureOf(answer: Answer): { code: string; text: string } {
  const failure = failureSchema.safeParse(answer.body).data;
  return {
    code: failure?.error ?? '',
    text: `${failure?.error_description ?? ''} ${failure?.message ?? ''}`,
  };
}

/**
 * What a failed answer means. GitLab tells expired from revoked, in this order: a token that is both is called expired.
 * https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/api/api_guard.rb
 */
export function gitlabFailure(answer: Answer, asked: Asked): ProviderError {
  const { text } = failureOf(answer);
  if (answer.status === 429) return rateLimited('GitLab', answer, asked);
  if (answer.status === 401) return unauthorized(answer, asked);
  if (asked.subject.kind === 'repository' && [403, 404].includes(answer.status)) {
    return notReachable(
      asked.subject.repository,
      'Give the token and its owner access to it, or correct the full path; an IP restriction of its group looks the same.',
    );
  }
  // Without a text it is not GitLab that refuses, but something before it.
  if (answer.status === 403 && text.trim() !== '') {
    const known = refusals.find(({ pattern }) => pattern.test(text));
    return new ProviderError({
      reason: 'Unauthorized',
      sentence: `${asked.host} refuses the owner of the token.`,
      hint: known?.hint ?? 'Look at the state of the account that owns the token.',
    });
  }
  return commonFailure('GitLab', answer, asked);
}

function unauthorized(answer: Answer, asked: Asked): ProviderError {
  const { code, text } = failureOf(answer);
  if (/token is expired/i.test(text)) return expired(asked);
  if (/token was revoked/i.test(text)) {
    return revoked(asked);
  }
  if (/impersonation/i.test(text)) {
    return refused(
      asked,
      'Impersonation tokens are turned off there; use a personal, project or group token.',
    );
  }
  if (code === 'dpop_error') {
    return refused(
      asked,
      'Its owner demands DPoP for every use; use a project or group access token instead.',
    );
  }
  return refused(
    asked,
    `It is wrong, or opens no API; a deploy token needs its own username, and a private project under validation.repositories to be proven by. Else make a personal, project or group access token: ${personalTokensPage}`,
  );
}

/** https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/gitlab/auth/user_access_denied_reason.rb */
const refusals: { pattern: RegExp; hint: string }[] = [
  { pattern: /pending approval/i, hint: 'The account waits for the approval of an administrator.' },
  // Of an account that waits for approval it says "and hence blocked" too.
  { pattern: /blocked/i, hint: 'The account is blocked; an administrator unblocks it.' },
  { pattern: /deactivated/i, hint: 'The account is deactivated; its owner signs in once to activate it.' },
  { pattern: /terms of service/i, hint: 'The owner of the token signs in and accepts the terms of service.' },
  {
    pattern: /password (has )?expired/i,
    hint: "The owner's password has expired; sign in and set a new one.",
  },
  { pattern: /confirm/i, hint: 'The owner of the token confirms the e-mail address of the account.' },
];
