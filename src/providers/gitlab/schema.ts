import { z } from 'zod';
import { shortList, shortName } from '../bounded.ts';

/**
 * `GET /personal_access_tokens/self`. `granular` came with fine-grained tokens (GitLab 18.10).
 * https://docs.gitlab.com/api/personal_access_tokens/#self-inform
 */
export const tokenSchema = z.object({
  id: z.int(),
  user_id: z.int(),
  scopes: shortList,
  revoked: z.boolean(),
  active: z.boolean(),
  /** A date. The token dies as it begins, in UTC. */
  expires_at: z.iso.date().nullish(),
  granular: z.boolean().nullish(),
});

/** `GET /user`. https://docs.gitlab.com/api/users/#retrieve-the-current-user */
export const userSchema = z.object({
  id: z.int(),
  username: shortName,
  bot: z.boolean().nullish(),
});

/** `GET /projects/:id`: enough to know that it is one. */
export const projectSchema = z.object({ id: z.int(), path_with_namespace: z.string() });

/**
 * A failure: of the OAuth layer (`error`, `error_description`) or of an endpoint (`message`, of any shape). The texts are
 * for matching only and go nowhere.
 */
export const failureSchema = z.object({
  error: z.string().catch(''),
  error_description: z.string().catch(''),
  message: z.string().catch(''),
});
