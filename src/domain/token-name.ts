import type { ProviderName } from '../api/v1alpha1/git-integration-spec.ts';

/** The user of a Bitbucket API token in Git. https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/ */
const bitbucketApiTokenUser = 'x-bitbucket-api-token-auth';

/** The user in the clone URL where none is given. For access tokens of Bitbucket it is a fixed one:
 * https://support.atlassian.com/bitbucket-cloud/docs/using-access-tokens/ */
const defaultNames = {
  GitHub: 'oauth2',
  GitLab: 'oauth2',
  Bitbucket: 'x-token-auth',
  // Any name does.
  AzureDevOps: 'oauth2',
} as const;

/**
 * What CodeMie calls "Token Name": the user that Git sends with the token.
 *
 * Bitbucket's REST API wants the e-mail address with an API token, and Git does not take it; so an address is
 * replaced by the user that Bitbucket keeps for this.
 */
export function tokenName(provider: ProviderName, username: string | undefined): string {
  if (username === undefined) return defaultNames[provider];
  return provider === 'Bitbucket' && username.includes('@') ? bitbucketApiTokenUser : username;
}
