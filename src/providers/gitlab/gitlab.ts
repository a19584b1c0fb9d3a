import { type Provider, usualRechecksMs } from '../provider.ts';
import { requireToken } from '../provider-errors.ts';
import { baseOf, cloudRoot } from '../urls.ts';
import { requireVerifiable } from './deploy-token.ts';
import { createGitLabApi } from './gitbeaker.ts';
import { validateToken } from './token.ts';

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
    const { token, username } = requireToken('GitLab', credential, target);
    requireVerifiable(token, username, target);
    return validateToken(await createGitLabApi(token, target), username);
  },
};

/** The web root: of gitlab.com, or of a server, which may have a sub-path (`https://h/gitlab`). */
function webUrl(url: URL): URL {
  const [root = ''] = `${url.pathname}/`.split('/api/v4/');
  return cloudRoot(url) ?? new URL(baseOf(new URL(`${url.origin}${root}`)));
}

/** The REST base of a GitLab: `/api/v4` below the web address. */
function apiUrl(url: URL): URL {
  return new URL(`${baseOf(webUrl(url))}/api/v4`);
}
