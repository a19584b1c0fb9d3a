import { createClient, type Verdict } from '../client.ts';
import { type Credential, type Provider, type Target, usualRechecksMs } from '../provider.ts';
import { checkHost } from '../provider-errors.ts';
import { baseOf, cloudOf, cloudRoot } from '../urls.ts';
import { validateApp } from './app.ts';
import { appVerdict, tokenVerdict } from './github-verdict.ts';
import { resolveInstallation } from './installation.ts';
import { createGitHubApi, type GitHubApi } from './octokit.ts';
import { newTokenPage } from './scopes.ts';
import { validateToken } from './token.ts';

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
    const api = await createApi(credential, target);
    return credential.kind === 'token' ? validateToken(api) : validateApp(api);
  },
  async resolveInstallation(credential, selector, target, app) {
    if (credential.kind !== 'githubApp') throw new TypeError('Only a GitHub App has installations.');
    return resolveInstallation(await createApi(credential, target), selector, app);
  },
};

function createApi(credential: Credential, target: Target): Promise<GitHubApi> {
  const verdict: Verdict =
    credential.kind === 'token'
      ? (answer, question) => tokenVerdict(answer, question, credential.token)
      : (answer, question) => appVerdict(answer, question, credential.appId);
  const newTokenAt =
    credential.kind === 'token' && `at ${newTokenPage(baseOf(target.webUrl), credential.token)}`;
  const product = { name: 'GitHub', verdict, ...(newTokenAt && { newTokenAt }) } as const;
  return createGitHubApi(credential, createClient(product, target));
}

/** The web root: of github.com, of a GHE.com subdomain (data residency), or of an Enterprise Server, which has no sub-path. */
function webUrl(url: URL): URL {
  const root = cloudRoot(url);
  if (root !== undefined) return root;
  return isDataResidency(url)
    ? new URL(`https://${url.hostname.replace(/^api\./, '')}`)
    : new URL(url.origin);
}

function isDataResidency({ hostname }: URL): boolean {
  return hostname.endsWith('.ghe.com');
}

/**
 * The REST base of a GitHub web address: `api.github.com`, `api.SUB.ghe.com` (data residency), or `/api/v3` of an
 * Enterprise Server, which has no sub-path. Two different hosts never share a base, so a credential of an
 * Enterprise Server can't leave for api.github.com (https://github.com/external-secrets/external-secrets/issues/5661).
 */
function apiUrl(url: URL): URL {
  if (cloudOf(url) === 'GitHub') return new URL('https://api.github.com');
  const root = webUrl(url);
  return new URL(isDataResidency(root) ? `https://api.${root.hostname}` : `${root.origin}/api/v3`);
}
