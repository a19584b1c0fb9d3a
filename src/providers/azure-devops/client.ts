import type { HttpResponse } from '../../net/http-client.ts';
import type { Answer } from '../answer.ts';
import { basic } from '../authorization.ts';
import { transportFailure } from '../failures.ts';
import type { Target } from '../provider.ts';
import { baseOf } from '../urls.ts';

/** Gets a path below the organization, with an answer of any status; without one it throws, as `transportFailure` says. */
export type Get = (path: string) => Promise<Answer>;

/**
 * A client for one validation. The token is the password of Basic, without a user name. The other header asks for a plain
 * 401 instead of a sign-in page, which is what a bad token gets else, as 203 or behind a redirect.
 * https://learn.microsoft.com/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate
 */
export function createGet(token: string, target: Target): Get {
  const authorization = basic('', token);
  return async (path) => {
    try {
      const response = await target.http.request({
        url: `${baseOf(target.apiUrl)}/${path}`,
        headers: { authorization, accept: 'application/json', 'x-tfs-fedauthredirect': 'Suppress' },
        // The sign-in page is a success that isn't JSON, and it has a meaning here.
        accept: 'any',
        signal: target.signal,
      });
      return answerOf(response);
    } catch (error) {
      throw transportFailure(error, target);
    }
  };
}

function answerOf({ status, headers, text = '' }: HttpResponse): Answer {
  const isJson = /^application\/json\b/.test(headers.get('content-type') ?? '');
  return {
    status,
    header: (name) => headers.get(name),
    body: isJson ? parse(text.replace(/^\uFEFF/, '')) : undefined,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text. An answer without a body is judged as one that makes no sense.
    return undefined;
  }
}
