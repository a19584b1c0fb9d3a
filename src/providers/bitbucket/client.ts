import { type Answer, fromResponse } from '../answer.ts';
import { basic, bearer } from '../authorization.ts';
import { transportFailure } from '../failures.ts';
import type { Credential, Target } from '../provider.ts';
import { baseOf } from '../urls.ts';

type Token = Extract<Credential, { kind: 'token' }>;

/** Gets a path below the target's REST base, with an answer of any status; without one it throws, as `transportFailure` says. */
export type Get = (path: string) => Promise<Answer>;

/** A client for one validation. No kept library knows both products or reads the headers that matter. */
export function createGet(authorization: string, target: Target): Get {
  return async (path) => {
    try {
      const response = await target.http.request({
        url: `${baseOf(target.apiUrl)}/${path}`,
        headers: { authorization },
        signal: target.signal,
      });
      return fromResponse(response);
    } catch (error) {
      throw transportFailure(error, target);
    }
  };
}

/** The Git user name of tokens that are no account's: it says which scheme is meant. */
export const accessTokenUser = 'x-token-auth';

/**
 * The header for Bitbucket Cloud. API tokens go as `email:token`; access tokens of a repository, project or workspace have
 * no user and go as Bearer. https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/
 */
export function cloudAuthorization({ token, username }: Token): string {
  return username === undefined || username === accessTokenUser ? bearer(token) : basic(username, token);
}

/** `workspace/slug` or `KEY/slug` with each part fit for a path. */
export function partsOf(repository: string): { owner: string; slug: string } {
  const [owner = '', slug = ''] = repository.split('/').map(encodeURIComponent);
  return { owner, slug };
}
