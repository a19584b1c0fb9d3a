import { asked, isSuccess } from '../answer.ts';
import { bearer } from '../authorization.ts';
import { notTheApi, refused } from '../failures.ts';
import type { Credential, CredentialReport, Target } from '../provider.ts';
import { createGet, type Get, partsOf } from './client.ts';
import { serverFailure, userOf } from './failures.ts';
import { propertiesSchema, serverRepositorySchema } from './schema.ts';

/**
 * Proves an HTTP access token by the header `X-AUSERNAME` of `application-properties`, which answers 200 to everybody. A
 * token of a project or repository may have no user; then a listed private repository proves it. The server tells neither
 * permissions nor the end of a token.
 * https://confluence.atlassian.com/bitbucketserver/http-access-tokens-939515499.html
 */
export async function validateDataCenter(
  credential: Extract<Credential, { kind: 'token' }>,
  target: Target,
): Promise<CredentialReport> {
  // Always Bearer: tokens of projects and repositories are refused with a user name.
  const get = createGet(bearer(credential.token), target);
  const answer = await get('application-properties');
  const subject = asked(target, { kind: 'credential' });
  if (!isSuccess(answer)) throw serverFailure(answer, subject);
  if (!propertiesSchema.safeParse(answer.body).success) throw notTheApi('Bitbucket', answer, subject);
  let isProven = userOf(answer) !== undefined;
  for (const repository of target.repositories) {
    const { isPublic } = await readRepository(get, repository, target);
    isProven ||= !isPublic;
  }
  if (!isProven) {
    throw refused(
      subject,
      'The server does not know its user; for the token of a project or repository, list a private one under validation.repositories.',
    );
  }
  const account = userOf(answer);
  return {
    kind: 'HTTPAccessToken',
    ...(account === undefined ? {} : { account }),
    permissions: 'NotReported',
    missing: [],
  };
}

async function readRepository(get: Get, repository: string, target: Target): Promise<{ isPublic: boolean }> {
  const { owner, slug } = partsOf(repository);
  const answer = await get(`projects/${owner}/repos/${slug}`);
  const subject = asked(target, { kind: 'repository', repository });
  if (!isSuccess(answer)) throw serverFailure(answer, subject);
  const parsed = serverRepositorySchema.safeParse(answer.body);
  if (!parsed.success) throw notTheApi('Bitbucket', answer, subject);
  return { isPublic: parsed.data.public };
}
