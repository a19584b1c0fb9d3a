import { checkHost, noApps } from '../failures.ts';
import { type Provider, usualRechecksMs } from '../provider.ts';
import { createGitLabClient } from './client.ts';
import { requireProvable } from './deploy-token.ts';
import { validateToken } from './token.ts';
import { apiUrl, webUrl } from './urls.ts';

/** GitLab: gitlab.com and self-managed, also under a sub-path. */
export const gitlab: Provider = {
  name: 'GitLab',
  defaultUrl: 'https://gitlab.com',
  webUrl,
  apiUrl,
  recheckAfterMs: () => usualRechecksMs,
  kinds: [
    'PersonalAccessToken',
    'ProjectAccessToken',
    'GroupAccessToken',
    'ServiceAccountToken',
    'FineGrainedPersonalAccessToken',
    'OAuthToken',
    'DeployToken',
    'AccessToken',
  ],
  async validate(credential, target) {
    checkHost('GitLab', target.webUrl);
    if (credential.kind !== 'token') throw noApps('GitLab');
    const { token, username } = credential;
    requireProvable(token, username, target);
    return validateToken(await createGitLabClient(token, target), username, target);
  },
};
