import type { ProviderName } from '../api/group.ts';
import { tokensPage } from './azure-devops/azure-devops-verdict.ts';
import { accessTokensPage, serverTokensPage } from './bitbucket/bitbucket-verdict.ts';
import { documentedPermissions } from './github/permissions.ts';
import { classicTokenForm, documentedScopes as gitHubScopes } from './github/scopes.ts';
import { documentedScopes as gitLabScopes, personalTokenForm } from './gitlab/scopes.ts';
import { providers } from './registry.ts';

/** What a page for a new credential is filled in with. */
export interface CreationPageOptions {
  /** How the credential will be called there. */
  title: string;
  /** Web URL of a self-managed server, by the rules of the API. Absent: the provider's cloud. */
  url?: string;
}

/**
 * Where a token of a provider is created, with its name and the scopes that CodeMie documents filled in where the
 * provider allows it, and a note on the rest. The command line prints these pages, and the documentation links them.
 */
export function tokenCreationPage({
  provider,
  title,
  url,
}: CreationPageOptions & { provider: ProviderName }): { page: string; note?: string } {
  const base = webRoot(provider, url);
  const isCloud = base === webRoot(provider, undefined);
  switch (provider) {
    case 'GitHub':
      // https://docs.github.com/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
      return {
        page: `${classicTokenForm(base)}?${query({ description: title, scopes: gitHubScopes.join(',') })}`,
        note: "This is a classic token. The page of fine-grained tokens can't be prefilled reliably.",
      };
    case 'GitLab':
      // https://docs.gitlab.com/user/profile/personal_access_tokens/#prefill-personal-access-token-name-and-scopes
      return {
        page: `${personalTokenForm(base)}?${query({ name: title, scopes: gitLabScopes.join(',') })}`,
      };
    case 'Bitbucket':
      return isCloud
        ? {
            page: accessTokensPage,
            note: 'A repository, project or workspace access token belongs to no person. Give it the scopes repository:write and pullrequest:write.',
          }
        : { page: serverTokensPage(base) };
    case 'AzureDevOps':
      return { page: tokensPage(base), note: 'Choose the scope Code: Read & write.' };
  }
}

/**
 * Where a GitHub App is registered, with its permissions filled in and without a webhook. `organization` will own it;
 * absent: the user's own account.
 * https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-using-url-parameters
 */
export function appCreationPage({
  title,
  url,
  organization,
}: CreationPageOptions & { organization?: string }): string {
  const base = webRoot('GitHub', url);
  const owner = organization === undefined ? '' : `/organizations/${encodeURIComponent(organization)}`;
  const permissions = Object.fromEntries(documentedPermissions.map((each) => each.split(':')));
  const parameters = { name: title, url: base, public: 'false', webhook_active: 'false' };
  return `${base}${owner}/settings/apps/new?${query({ ...parameters, ...permissions })}`;
}

/** The address that people see, without a final slash. */
function webRoot(provider: ProviderName, url: string | undefined): string {
  const { origin, pathname } = providers[provider].webUrl(new URL(url ?? providers[provider].defaultUrl));
  return [origin, ...pathname.split('/').filter((part) => part !== '')].join('/');
}

function query(parameters: Record<string, string>): string {
  return new URLSearchParams(parameters).toString();
}
