import { z } from 'zod';
import { bounds } from '../lib/bounds.ts';
import {
  fieldsOf,
  isNull,
  type JsonSlice,
  jsonElements,
  parseFields,
  parseSlice,
  wholeSlice,
} from '../lib/json-bytes.ts';

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

const userSchema = z.object({
  user_id: shown,
  name: shown.nullish(),
  username: shown.nullish(),
  is_admin: z.boolean().nullish(),
  is_maintainer: z.boolean().nullish(),
});

/** No value but those of the lists is longer. */
const maxValueChars = 1_000;
/** Each character may be escaped, as in `\u0061`. */
const maxNameBytes = 6 * bounds.account.nameChars + 2;

/**
 * Reads the answer of `GET /v1/user`. Of a login with 10,000 projects it has a megabyte, most of which describes them and
 * is skipped.
 *
 * @param maxProjects that are kept, of those where it is a member and of those that it administers
 * @throws z.ZodError or JsonFault for another shape
 */
export function readAccount(bytes: Uint8Array, maxProjects: number): Account {
  const { applications, applications_admin, ...fields } = fieldsOf(bytes, wholeSlice(bytes), [
    'user_id',
    'name',
    'username',
    'is_admin',
    'is_maintainer',
    'applications',
    'applications_admin',
  ]);
  const user = userSchema.parse(parseFields(bytes, fields, maxValueChars));
  return {
    userId: user.user_id,
    name: user.name || user.username || user.user_id,
    isAdmin: user.is_admin ?? false,
    isMaintainer: user.is_maintainer ?? false,
    projects: projectNames(bytes, applications, maxProjects),
    adminProjects: projectNames(bytes, applications_admin, maxProjects),
  };
}

/** Whole names of projects only: no manifest can name one that is longer than CodeMie's own limit. */
function projectNames(
  bytes: Uint8Array,
  list: JsonSlice | undefined,
  maxProjects: number,
): ReadonlySet<string> {
  const names = new Set<string>();
  if (!list || isNull(bytes, list)) return names;
  for (const slice of jsonElements(bytes, list)) {
    if (names.size === maxProjects) break;
    if (slice.end - slice.start > maxNameBytes) continue;
    const name = z.string().parse(parseSlice(bytes, slice));
    if (name.length <= bounds.account.nameChars) names.add(name);
  }
  return names;
}

/**
 * Whether the login may write project integrations of a project. CodeMie's own rule; it has to be asked before a create,
 * because the create of an administrator creates a project that does not exist. Names are compared exactly.
 */
export function mayWriteProject(account: Account, project: string): boolean {
  return account.isAdmin || account.isMaintainer || account.adminProjects.has(project);
}
