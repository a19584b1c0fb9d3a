import { type Provider, ProviderError } from '../provider.ts';
import { documentedScopes } from './scopes.ts';
import { apiUrl } from './urls.ts';

/** Bitbucket. */
export const bitbucket: Provider = {
  name: 'Bitbucket',
  defaultUrl: 'https://bitbucket.org',
  apiUrl,
  documentedScopes,
  capabilities: { githubApp: false },
  validate: () =>
    Promise.reject(
      new ProviderError({
        reason: 'ProviderError',
        sentence: 'Bitbucket can not be checked yet.',
        hint: 'Set validation.policy to Skip.',
      }),
    ),
};
