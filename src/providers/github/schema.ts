import { z } from 'zod';
import { shortName, shortRecord } from '../bounded.ts';

/** `GET /user`. https://docs.github.com/en/rest/users/users#get-the-authenticated-user */
export const userSchema = z.object({ id: z.int(), login: shortName });

/** `GET /repos/{owner}/{repo}`: enough to know that it is one. */
export const repositorySchema = z.object({ id: z.int(), full_name: z.string() });

/** A user or an organization has a login, an enterprise a slug. */
const ownerSchema = z
  .union([
    z.object({ login: shortName, type: z.string().max(100).default('User') }),
    z.object({ slug: shortName }),
  ])
  .transform((owner) =>
    'login' in owner
      ? { account: owner.login, accountType: owner.type }
      : { account: owner.slug, accountType: 'Enterprise' },
  );

/** `GET /app`. https://docs.github.com/en/rest/apps/apps#get-the-authenticated-app */
export const appSchema = z.object({
  id: z.int(),
  slug: shortName,
  owner: ownerSchema,
  permissions: shortRecord,
});

/** One installation. https://docs.github.com/en/rest/apps/apps#get-an-installation-for-the-authenticated-app */
export const installationSchema = z.object({
  id: z.int(),
  // Null by GitHub's own description of its API.
  account: ownerSchema.nullish(),
  repository_selection: z.enum(['all', 'selected']),
  permissions: shortRecord,
  suspended_at: z.iso.datetime({ offset: true }).nullish(),
});

/** A failure of any endpoint. The message is for matching only and goes nowhere. */
export const failureSchema = z.object({ message: z.string() });
