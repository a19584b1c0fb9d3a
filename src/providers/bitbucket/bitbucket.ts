import { type Provider, usualRechecksMs } from '../provider.ts';
import { requireToken } from '../provider-errors.ts';
import { baseBefore, baseOf, cloudOf, cloudRoot } from '../urls.ts';
import { cloudKinds, validateCloud } from './cloud.ts';
import { validateDataCenter } from './data-center.ts';

/** Bitbucket: Cloud, or Data Center at any other host. Two products with one name and little in common. */
export const bitbucket: Provider = {
  name: 'Bitbucket',
  defaultUrl: 'https://bitbucket.org',
  webUrl,
  apiUrl,
  // Data Center asks for a CAPTCHA after a few failed logins, which then keeps out the person as well.
  recheckAfterMs: (url) => (isCloud(url) ? usualRechecksMs : usualRechecksMs.slice(-1)),
  kinds: [...cloudKinds, 'HTTPAccessToken'],
  async validate(credential, target) {
    const token = requireToken('Bitbucket', credential, target);
    return isCloud(target.webUrl) ? validateCloud(token, target) : validateDataCenter(token, target);
  },
};

/** Whether a web address is Bitbucket Cloud. Any other host is a Data Center. */
function isCloud(webUrl: URL): boolean {
  return cloudOf(webUrl) === 'Bitbucket';
}

/** What a Data Center has below its root. */
const pages = ['rest', 'scm', 'projects', 'users', 'plugins'];

/** The web root: of the cloud, or of a Data Center, which may have a context path (`https://h/bitbucket`). */
function webUrl(url: URL): URL {
  return cloudRoot(url) ?? pages.reduce((base, page) => new URL(baseBefore(base, page)), url);
}

/**
 * The REST base: `api.bitbucket.org/2.0`, or `/rest/api/latest` below a Data Center's address. Without `/2.0` the cloud
 * answers 403 to a good token (https://github.com/avivsinai/bitbucket-cli/issues/70).
 */
function apiUrl(url: URL): URL {
  if (isCloud(url)) return new URL('https://api.bitbucket.org/2.0');
  return new URL(`${baseOf(webUrl(url))}/rest/api/latest`);
}
