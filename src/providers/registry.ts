import { azureDevOps } from './azure-devops/azure-devops.ts';
import { bitbucket } from './bitbucket/bitbucket.ts';
import { github } from './github/github.ts';
import { gitlab } from './gitlab/gitlab.ts';
import { identified } from './identified.ts';
import type { Provider, ProviderName } from './provider.ts';

/** Every provider there is. A new one is a folder and a line here; a forgotten line doesn't compile. */
export const providers = {
  GitHub: identified(github),
  GitLab: identified(gitlab),
  Bitbucket: identified(bitbucket),
  AzureDevOps: identified(azureDevOps),
} satisfies Record<ProviderName, Provider>;
