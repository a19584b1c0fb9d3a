import { checkHost } from '../failures.ts';
import { type Provider, usualRechecksMs } from '../provider.ts';
import { validateApp } from './app.ts';
import { createOctokit } from './client.ts';
import { resolveInstallation } from './installation.ts';
import { validateToken } from './token.ts';
import { apiUrl, webUrl } from './urls.ts';

/** GitHub: github.com, data residency (`*.ghe.com`) and Enterprise Server; tokens and Apps. */
export const github: Provider = {
  name: 'GitHub',
  defaultUrl: 'https://github.com',
  webUrl,
  apiUrl,
  recheckAfterMs: () => usualRechecksMs,
  kinds: [
    'GitHubApp',
    'ClassicPersonalAccessToken',
    'FineGrainedPersonalAccessToken',
    'OAuthToken',
    'GitHubAppUserToken',
  ],
  async validate(credential, target) {
    checkHost('GitHub', target.webUrl);
    const octokit = await createOctokit(credential, target);
    return credential.kind === 'token'
      ? validateToken(octokit, credential.token, target)
      : validateApp(octokit, credential.appId, target);
  },
  async resolveInstallation(credential, selector, target, app) {
    if (credential.kind !== 'githubApp') throw new TypeError('Only a GitHub App has installations.');
    const octokit = await createOctokit(credential, target);
    return resolveInstallation({ octokit, appId: credential.appId, target }, selector, app);
  },
};
