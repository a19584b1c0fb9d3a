/** How a person makes an API token, and what user name goes with it. */
export const apiTokensPage = 'https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/';

/** How tokens of repositories, projects and workspaces are made. */
export const accessTokensPage = 'https://support.atlassian.com/bitbucket-cloud/docs/access-tokens/';

/** How OAuth consumers are made and changed. */
export const consumersPage =
  'https://support.atlassian.com/bitbucket-cloud/docs/use-oauth-on-bitbucket-cloud/';
