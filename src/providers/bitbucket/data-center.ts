import { z } from 'zod';
import { bearer, createClient } from '../client.ts';
import type { Credential, CredentialReport, Target } from '../provider.ts';
import { refused } from '../provider-errors.ts';
import { baseOf } from '../urls.ts';
import { serverTokensPage, serverVerdict, userOf } from './bitbucket-verdict.ts';

/**
 * Validates an HTTP access token by the header `X-AUSERNAME` of `application-properties`, which answers 200 to every client. A
 * token of a project or repository may have no user; then a listed private repository does. The server reports neither
 * permissions nor the expiry of a token.
 * https://confluence.atlassian.com/bitbucketserver/http-access-tokens-939515499.html
 */
export async function validateDataCenter(
  credential: Extract<Credential, { kind: 'token' }>,
  target: Target,
): Promise<CredentialReport> {
  const client = createClient(
    {
      name: 'Bitbucket',
      // Always Bearer: tokens of projects and repositories are refused with a user name.
      headers: { authorization: bearer(credential.token) },
      newTokenAt: `at ${serverTokensPage(baseOf(target.webUrl))}`,
      verdict: serverVerdict,
    },
    target,
  );
  const answer = await client.get('application-properties');
  client.parse(answer, propertiesSchema);
  const account = userOf(answer);
  let isValidated = account !== undefined;
  for (const repository of target.repositories) {
    const [key = '', slug = ''] = repository.split('/').map(encodeURIComponent);
    const found = await client.get(`projects/${key}/repos/${slug}`);
    const { public: isPublic } = client.parse(found, repositorySchema, { kind: 'repository', repository });
    isValidated ||= !isPublic;
  }
  if (!isValidated) {
    throw refused(
      client.contextOf(),
      'The server does not know its user; for the token of a project or repository, list a private one under validation.repositories.',
    );
  }
  return {
    kind: 'HTTPAccessToken',
    ...(account === undefined ? {} : { account }),
    permissions: 'NotReported',
    missing: [],
  };
}

/** Data Center, `GET application-properties`. https://developer.atlassian.com/server/bitbucket/rest/ */
const propertiesSchema = z.object({ version: z.string(), displayName: z.string() });

/** Data Center, `GET projects/{key}/repos/{slug}`: enough to know that it is one, and whether anybody may read it. */
const repositorySchema = z.object({
  slug: z.string(),
  project: z.object({ key: z.string() }),
  public: z.boolean().catch(false),
});
