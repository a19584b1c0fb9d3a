import type { Answer } from './answer.ts';
import type { ProviderName } from './provider.ts';

/** How servers of one product are known, whoever asks. */
interface Signature {
  provider: ProviderName;
  /** A header that only this product sends, on refusals too. */
  header: string;
  /** A path below the web address that the product's API answers to everybody, if only by a refusal. */
  path: string;
}

/** Of every product. */
export const signatures: readonly Signature[] = [
  { provider: 'GitHub', header: 'x-github-request-id', path: 'api/v3/meta' },
  { provider: 'GitLab', header: 'x-gitlab-meta', path: 'api/v4/version' },
  { provider: 'Bitbucket', header: 'x-arequestid', path: 'rest/api/latest/application-properties' },
  { provider: 'AzureDevOps', header: 'x-tfs-processid', path: '_apis/connectionData' },
];

/** Whose answer it is, if it says so. */
export function signedBy(answer: Pick<Answer, 'header'>): ProviderName | undefined {
  return signatures.find(({ header }) => answer.header(header) !== undefined)?.provider;
}
