import { z } from 'zod';
import { shortList, shortName } from '../bounded.ts';

/**
 * Cloud, `GET /2.0/user`. A username is missing for accounts that hide it.
 * https://developer.atlassian.com/cloud/bitbucket/rest/api-group-users/#api-user-get
 */
export const userSchema = z.object({
  type: z.string(),
  uuid: z.string(),
  username: shortName.optional(),
  nickname: shortName.optional(),
});

/** Cloud, `GET /2.0/repositories/{workspace}/{slug}`: enough to know that it is one. */
export const cloudRepositorySchema = z.object({ type: z.literal('repository'), full_name: z.string() });

/**
 * Cloud, a failure. `detail` is a text or, for missing scopes, an object; the texts are for matching only and go nowhere.
 * https://github.com/atlassian-api/atlassian-python-api/issues/1260
 */
export const cloudFailureSchema = z.object({
  error: z.object({
    message: z.string().catch(''),
    detail: z.object({ granted: shortList, required: shortList }).optional().catch(undefined),
  }),
});

/** Data Center, `GET application-properties`. https://developer.atlassian.com/server/bitbucket/rest/ */
export const propertiesSchema = z.object({ version: z.string(), displayName: z.string() });

/** Data Center, `GET projects/{key}/repos/{slug}`: enough to know that it is one, and whether anybody may read it. */
export const serverRepositorySchema = z.object({
  slug: z.string(),
  project: z.object({ key: z.string() }),
  public: z.boolean().catch(false),
});

/** Data Center, a failure. The class name of the exception is stable, the message is not. */
export const serverFailureSchema = z.object({
  errors: z.array(z.object({ exceptionName: z.string().nullish() })),
});
