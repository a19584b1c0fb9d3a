import { type Provider, ProviderError } from '../provider.ts';
import { documentedScopes } from './scopes.ts';
import { apiUrl } from './urls.ts';

/** GitLab. */
export const gitlab: Provider = {
  name: 'GitLab',
  defaultUrl: 'https://gitlab.com',
  apiUrl,
  documentedScopes,
  capabilities: { githubApp: false },
  validate: () =>
    Promise.reject(
      new ProviderError({
        reason: 'ProviderError',
        sentence: 'GitLab can not be checked yet.',
        hint: 'Set validation.policy to Skip.',
      }),
    ),
};
