import { NetError } from '../net/net-error.ts';
import { azureDevOps } from './azure-devops/azure-devops.ts';
import { bitbucket } from './bitbucket/bitbucket.ts';
import { github } from './github/github.ts';
import { gitlab } from './gitlab/gitlab.ts';
import { type Provider, ProviderError, type ProviderName, type Target } from './provider.ts';
import { wrongProvider } from './provider-errors.ts';
import { senderOf, signatures } from './signatures.ts';
import { baseOf, cloudOf } from './urls.ts';

/** Every provider there is. A new one is a folder and a line here; a forgotten line doesn't compile. */
export const providers = {
  GitHub: identified(github),
  GitLab: identified(gitlab),
  Bitbucket: identified(bitbucket),
  AzureDevOps: identified(azureDevOps),
} satisfies Record<ProviderName, Provider>;

/**
 * The same provider, which says what a server is that does not answer as this one's would. Beyond its API a server is
 * mostly silent about its product: it shows its sign-in page. So the others' APIs are asked, without the credential, and
 * only in that case.
 */
function identified(provider: Provider): Provider {
  return {
    ...provider,
    async validate(credential, target) {
      try {
        return await provider.validate(credential, target);
      } catch (error) {
        if (!(error instanceof ProviderError) || !error.isStrange) throw error;
        const found = await identify(provider.name, target);
        throw found === undefined ? error : wrongProvider(provider.name, found, target.webUrl.host);
      }
    },
  };
}

/** The product at the web address, if it is another one of ours. What the clouds are, their names say. */
async function identify(declared: ProviderName, target: Target): Promise<ProviderName | undefined> {
  if (cloudOf(target.webUrl) !== undefined) return undefined;
  for (const { provider, path } of signatures) {
    if (provider === declared) continue;
    try {
      const url = `${baseOf(target.webUrl)}/${path}`;
      const { headers } = await target.http.request({ url, accept: 'any', signal: target.signal });
      if (senderOf({ header: (name) => headers.get(name) }) === provider) return provider;
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      target.signal.throwIfAborted();
      // It answered a moment ago; a server that does not any more is not asked further.
      if (!error.requestSent || error.kind === 'Timeout') return undefined;
    }
  }
  return undefined;
}
