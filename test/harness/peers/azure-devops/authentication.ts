import type { Question } from '../git-hosts/exchange.ts';
import type { AzureDevOpsState, Organization, Token, User } from './state.ts';

/** Who asks. `unknown`: no credential, or one that is no token here; `refused`: a token that is good for nothing. */
export type Caller =
  | { kind: 'user'; user: User; token: Token }
  | { kind: 'unknown' }
  | { kind: 'expired' }
  | { kind: 'refused' };

/**
 * A token is the password of Basic, with any user name.
 * https://learn.microsoft.com/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate
 */
export function authenticate(
  state: AzureDevOpsState,
  organization: Organization,
  question: Question,
  nowMs: number,
): Caller {
  const encoded = /^basic\s+(\S+)\s*$/i.exec(question.header('authorization') ?? '')?.[1] ?? '';
  const [, secret = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(/:(.*)/s);
  const token = state.tokens.get(secret);
  const user = state.users.get(token?.account ?? '');
  if (token === undefined || user === undefined) {
    return { kind: 'unknown' };
  }
  if ((token.expiresAtMs ?? Infinity) <= nowMs) {
    return { kind: 'expired' };
  }
  const isElsewhere =
    token.organization !== undefined && token.organization.toLowerCase() !== organization.name.toLowerCase();
  return token.revoked || isElsewhere ? { kind: 'refused' } : { kind: 'user', user, token };
}
