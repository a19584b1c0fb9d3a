import { checkHost, noApps } from '../failures.ts';
import { type Provider, usualRechecksMs } from '../provider.ts';
import { cloudKinds, validateCloud } from './cloud.ts';
import { validateDataCenter } from './data-center.ts';
import { apiUrl, isCloud, webUrl } from './urls.ts';

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
    checkHost('Bitbucket', target.webUrl);
    if (credential.kind !== 'token') throw noApps('Bitbucket');
    return isCloud(target.webUrl)
      ? validateCloud(credential, target)
      : validateDataCenter(credential, target);
  },
};
