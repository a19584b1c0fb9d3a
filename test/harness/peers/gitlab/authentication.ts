import type { Answer, Question } from '../git-hosts/exchange.ts';
import { oauthError, refuse, unauthorized } from './errors.ts';
import { ensureUser, type GitLabState, type Token, type UserState } from './state.ts';

/** What one endpoint wants: a classic token has one of the scopes, a fine-grained one the permission. */
export interface Need {
  /** The scopes that would do; every scope when undefined. `api` always does. */
  scopes?: readonly string[];
  /** As in the sentence of the refusal: `Project: Read`. */
  permission: string;
}

/**
 * The token of a request that may use the endpoint; undefined without any credential; else the refusal.
 *
 * In the order of GitLab's source: unknown, expired, revoked, impersonation off (lib/gitlab/auth/auth_finders.rb,
 * app/services/access_token_validation_service.rb), the account (lib/api/api_guard.rb), then the scope.
 */
export function authenticate(
  state: GitLabState,
  webUrl: string,
  question: Question,
  need: Need,
  nowMs: number,
): Token | Answer | undefined {
  const secret = secretOf(question);
  if (secret === undefined) {
    return undefined;
  }
  const token = state.tokens.get(secret);
  // A deploy token is no user's: only few routes take it, and none of these.
  if (token === undefined || token.kind === 'deploy') {
    return unauthorized();
  }
  return (
    refuseToken(state, token, nowMs) ??
    refuseUser(webUrl, token.username, ensureUser(state, token.username).state) ??
    refuseScope(token, need) ??
    token
  );
}

/** `PRIVATE-TOKEN`, or a Bearer, which may be a personal token as well as an OAuth one. */
function secretOf(question: Question): string | undefined {
  const bearer = /^bearer\s+(\S+)\s*$/i.exec(question.header('authorization') ?? '')?.[1];
  return question.header('private-token') ?? bearer;
}

function refuseToken(state: GitLabState, token: Token, nowMs: number): Answer | undefined {
  if (isExpired(token, nowMs)) {
    return oauthError(
      401,
      'invalid_token',
      'Token is expired. You can either do re-authorization or token refresh.',
    );
  }
  if (token.revoked) {
    return oauthError(401, 'invalid_token', 'Token was revoked. You have to re-authorize from the user.');
  }
  return token.kind === 'impersonation' && !state.impersonationEnabled
    ? oauthError(401, 'invalid_token', 'Token is an impersonation token but impersonation was disabled.')
    : undefined;
}

/** At 00:00 UTC of its day: https://docs.gitlab.com/user/profile/personal_access_tokens/ */
export function isExpired(token: Token, nowMs: number): boolean {
  return token.expiresOn !== null && Date.parse(`${token.expiresOn}T00:00:00Z`) <= nowMs;
}

/** https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/gitlab/auth/user_access_denied_reason.rb */
function refuseUser(webUrl: string, username: string, state: UserState): Answer | undefined {
  const reasons: Record<Exclude<UserState, 'active'>, string> = {
    blocked: 'Your account has been blocked.',
    blocked_pending_approval: 'Your account is pending approval from your administrator and hence blocked.',
    deactivated: `Your account has been deactivated by your administrator. Please log back in from a web browser to reactivate your account at ${webUrl}`,
    terms_not_accepted: `You (@${username}) must accept the Terms of Service in order to perform this action. To accept these terms, please access GitLab from a web browser at ${webUrl}.`,
    unconfirmed: `Your primary email address is not confirmed. Please check your inbox for the confirmation instructions. In case the link is expired, you can request a new confirmation email at ${webUrl}/users/confirmation/new`,
    password_expired:
      'Your password expired. Please access GitLab from a web browser to update your password.',
  };
  return state === 'active' ? undefined : refuse(403, `403 Forbidden - ${reasons[state]}`);
}

function refuseScope(token: Token, need: Need): Answer | undefined {
  if (token.permissions !== undefined) {
    // The code is fixed, the sentence varies and names what is missing: https://github.com/sveltia/sveltia-cms/issues/772
    return token.permissions.has(need.permission)
      ? undefined
      : oauthError(
          403,
          'insufficient_granular_scope',
          `Access denied: Your Personal Access Token lacks the required permissions: [${need.permission}].`,
        );
  }
  const accepted = need.scopes && [...new Set(['api', ...need.scopes])];
  return accepted === undefined || token.scopes.some((scope) => accepted.includes(scope))
    ? undefined
    : oauthError(
        403,
        'insufficient_scope',
        'The request requires higher privileges than provided by the access token.',
        { scope: accepted.join(' ') },
      );
}
