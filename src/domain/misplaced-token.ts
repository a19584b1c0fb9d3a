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
 * @param options `url` of the server, `spec.url` or the provider's cloud; `username` that is sent along, if there is one
 */
export function misplacedToken(
  token: string,
  name: string,
  { provider, url, username }: { provider: ProviderName; url: string; username?: string | undefined },
): Misplaced | undefined {
  const form = tokenForm(token) ?? jwtForm(token);
  if (!form) return noToken(token, name, { provider, url, hasName: username !== undefined });
  const { product, edition } = form;
  const subject = `The ${name} is ${form.name} ("${form.shown}")`;
  const { host, hostname } = new URL(url);
  if (product !== provider) {
    const otherProvider =
      product in productNames ? `, or create a GitIntegration with provider: ${product}` : '';
    return {
      reason: 'WrongProvider',
      sentence: `${subject}, but spec.provider is ${provider}.`,
      hint: `Store a token of ${productNames[provider]}${otherProvider}; nothing was sent to ${host}.`,
    };
  }
  const isCloud = isBitbucketCloud(hostname);
  if (edition && edition !== (isCloud ? 'Cloud' : 'Data Center'))
    return {
      reason: 'WrongProvider',
      sentence: `${subject}, but the URL of the integration is ${new URL(url).origin}.`,
      hint: isCloud
        ? `Set spec.url to the address of your server; nothing was sent to ${host}.`
        : `Store an HTTP access token of that server, or correct spec.url; nothing was sent to ${host}.`,
    };
  if (!form.useless) return undefined;
  return {
    reason: 'SecretValueInvalid',
    sentence: `${subject}, ${form.useless.clause}.`,
    hint: form.useless.hint,
  };
}

/**
 * What the tokens of a product consist of. GitLab's administrators may choose prefixes with `@`, `:` and the characters
 * of base64. Where a user name goes along, a self-managed server may take a password, which may be anything.
 */
function alphabetOf(provider: ProviderName, hostname: string, hasName: boolean): RegExp | undefined {
  if (provider === 'GitHub') return /^[\w.-]+$/;
  if (provider === 'Bitbucket' && isBitbucketCloud(hostname)) return /^[\w.~+/=-]+$/;
  if (provider === 'AzureDevOps' && hostname === 'dev.azure.com') return /^[\w.-]+$/;
  if (hasName) return undefined;
  return provider === 'GitLab' ? /^[\w.~+/=@:-]+$/ : /^[\w.~+/=-]+$/;
}

/** A client ID of a GitHub App or OAuth app: https://docs.github.com/en/rest/apps/apps#get-an-app */
const clientId = /^Iv1\.[0-9a-f]{16}$|^(Iv|Ov)\d{2}[A-Za-z0-9]{16}$/;

/** What is no token of the product at all, whatever tokens of it look like. */
function noToken(
  token: string,
  name: string,
  { provider, url, hasName }: { provider: ProviderName; url: string; hasName: boolean },
): Misplaced | undefined {
  const alphabet = alphabetOf(provider, new URL(url).hostname, hasName);
  const found = (clause: string, hint: string): Misplaced => ({
    reason: 'SecretValueInvalid',
    sentence: `The ${name} ${clause}.`,
    hint,
  });
  const store = `Store the token alone, as ${productNames[provider]} shows it when it is created`;
  if (clientId.test(token)) return found('is the client ID of an app, not a token', `${store}.`);
  if (alphabet && /^\d+$/.test(token)) return found('is only a number, not a token', `${store}.`);
  if (!alphabet || alphabet.test(token)) return undefined;
  return found(
    `contains a character that no token of ${productNames[provider]} has`,
    `${store}: no user name, path, option or punctuation around it.`,
  );
}

function isBitbucketCloud(hostname: string): boolean {
  return /^(www\.|api\.)?bitbucket\.org$/.test(hostname);
}
