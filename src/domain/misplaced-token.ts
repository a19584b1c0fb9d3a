import { productNames } from '../api/group.ts';
import type { ProviderName } from '../api/v1alpha1/git-integration-spec.ts';
import { jwtForm, tokenForm } from './token-form.ts';

/** Why a token is not sent. `sentence` and `hint` are for people and show no more of it than its public prefix. */
interface Misplaced {
  reason: 'WrongProvider' | 'SecretValueInvalid';
  sentence: string;
  hint: string;
}

/**
 * What makes it useless to ask the provider about a token: it belongs to another product, which must not see it either,
 * or it is of a kind that opens nothing. Only what its looks say with certainty counts; any other token is asked about.
 *
 * @param name how sentences call the token, see `valueName`
 * @param url of the server, `spec.url` or the provider's cloud
 */
export function misplacedToken(
  token: string,
  name: string,
  { provider, url }: { provider: ProviderName; url: string },
): Misplaced | undefined {
  const form = tokenForm(token) ?? jwtForm(token);
  if (!form) return undefined;
  const { product, edition } = form;
  const called = `The ${name} is ${form.name} ("${form.shown}")`;
  const { host, hostname } = new URL(url);
  if (product !== provider) {
    const own = product in productNames ? `, or create a GitIntegration with provider: ${product}` : '';
    return {
      reason: 'WrongProvider',
      sentence: `${called}, but spec.provider is ${provider}.`,
      hint: `Store a token of ${productNames[provider]}${own}; nothing was sent to ${host}.`,
    };
  }
  const isCloud = /^(www\.|api\.)?bitbucket\.org$/.test(hostname);
  if (edition && edition !== (isCloud ? 'Cloud' : 'Data Center'))
    return {
      reason: 'WrongProvider',
      sentence: `${called}, but the URL of the integration is ${new URL(url).origin}.`,
      hint: isCloud
        ? `Set spec.url to the address of your server; nothing was sent to ${host}.`
        : `Store an HTTP access token of that server, or correct spec.url; nothing was sent to ${host}.`,
    };
  if (!form.useless) return undefined;
  return {
    reason: 'SecretValueInvalid',
    sentence: `${called}, ${form.useless.clause}.`,
    hint: form.useless.hint,
  };
}
