import { azureDevOps } from './azure-devops/azure-devops.ts';
import { bitbucket } from './bitbucket/bitbucket.ts';
import { github } from './github/github.ts';
import { gitlab } from './gitlab/gitlab.ts';
import type { Provider, ProviderName } from './provider.ts';

/** Every provider there is. A new one is a folder and a line here; a forgotten line doesn't compile. */
export const providers = {
  GitHub: github,
  GitLab: gitlab,
  Bitbucket: bitbucket,
  AzureDevOps: azureDevOps,
} satisfies Record<ProviderName, Provider>;
