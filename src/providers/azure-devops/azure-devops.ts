import { checkHost, noApps } from '../failures.ts';
import { type Provider, usualRechecksMs } from '../provider.ts';
import { createGet } from './client.ts';
import { validateToken } from './token.ts';
import { apiUrl, webUrl } from './urls.ts';

/** Azure DevOps Repos: the Services, where the url names the organization, and a Server, where it names the collection. */
export const azureDevOps: Provider = {
  name: 'AzureDevOps',
  defaultUrl: 'https://dev.azure.com',
  webUrl,
  apiUrl,
  recheckAfterMs: () => usualRechecksMs,
  kinds: ['PersonalAccessToken'],
  async validate(credential, target) {
    checkHost('AzureDevOps', target.webUrl);
    if (credential.kind !== 'token') throw noApps('AzureDevOps');
    return validateToken(createGet(credential.token, target), target);
  },
};
