import { z } from 'zod';
import { bounds } from '../lib/bounds.ts';

/** Who CodeMie takes us for. */
export interface Account {
  userId: string;
  name: string;
  isAdmin: boolean;
  isMaintainer: boolean;
  /** Projects of which the login is a member. */
  projects: ReadonlySet<string>;
  /** Projects of which the login is an administrator. */
  adminProjects: ReadonlySet<string>;
}

/** The beginning, as a separate text: a slice would keep all of it in memory. */
const cut = (text: string): string => Buffer.from(text.slice(0, 200)).toString();

/** Shown in status, so control characters and great lengths are cut. */
const shown = z.string().transform((text) => cut(text).replaceAll(/\p{Cc}/gu, ' '));

/** Whole names of projects only: no manifest can name one that is longer than CodeMie's own limit. */
const projectNames = (maxProjects: number) =>
  z
    .array(z.string())
    .nullish()
    .transform(
      (names) =>
        new Set(
          (names ?? []).filter((name) => name.length <= bounds.account.nameChars).slice(0, maxProjects),
        ),
    );

/** The answer of `GET /v1/user`, of which so many projects are kept. */
export const accountAnswer = (maxProjects: number) =>
  z
    .object({
      user_id: shown,
      name: shown.nullish(),
      username: shown.nullish(),
      applications: projectNames(maxProjects),
      applications_admin: projectNames(maxProjects),
      is_admin: z.boolean().nullish(),
      is_maintainer: z.boolean().nullish(),
    })
    .transform(
      (user): Account => ({
        userId: user.user_id,
        name: user.name || user.username || user.user_id,
        isAdmin: user.is_admin ?? false,
        isMaintainer: user.is_maintainer ?? false,
        projects: user.applications,
        adminProjects: user.applications_admin,
      }),
    );

/**
 * Whether the login may write project integrations of a project. CodeMie's own rule; it has to be asked before a create,
 * because the create of an administrator creates a project that does not exist. Names are compared exactly.
 */
export function mayWriteProject(account: Account, project: string): boolean {
  return account.isAdmin || account.isMaintainer || account.adminProjects.has(project);
}
