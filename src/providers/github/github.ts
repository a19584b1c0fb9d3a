import { type Provider, ProviderError } from '../provider.ts';
import { documentedScopes } from './scopes.ts';
import { apiUrl } from './urls.ts';

/** GitHub. */
export const github: Provider = {
  name: 'GitHub',
  defaultUrl: 'https://github.com',
  apiUrl,
  documentedScopes,
  capabilities: { githubApp: true },
  validate: () =>
    Promise.reject(
      new ProviderError({
        disposition: 'needsPerson',
        reason: 'ProviderError',
        sentence: 'GitHub can not be checked yet.',
        hint: 'Set validation.policy to Skip.',
      }),
    ),
};
