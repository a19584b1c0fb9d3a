import { isExpired } from './authentication.ts';
import type { AccessLevel, Project, Token, User } from './state.ts';

/** `GET /personal_access_tokens/self`: https://docs.gitlab.com/api/personal_access_tokens/ */
export function tokenBody(token: Token, user: User, nowMs: number): Record<string, unknown> {
  return {
    id: token.id,
    name: token.name,
    description: null,
    revoked: token.revoked,
    created_at: new Date(token.createdAtMs).toISOString(),
    scopes: token.scopes,
    user_id: user.id,
    last_used_at: new Date(nowMs).toISOString(),
    active: !token.revoked && !isExpired(token, nowMs),
    expires_at: token.expiresOn,
    // The route does not fill `granular_scopes`: https://gitlab.com/gitlab-org/gitlab/-/issues/634390
    granular: token.permissions !== undefined,
  };
}

/** `GET /user`: https://docs.gitlab.com/api/users/ */
export function userBody(webUrl: string, user: User): Record<string, unknown> {
  return {
    id: user.id,
    username: user.username,
    name: user.username,
    state: 'active',
    locked: false,
    avatar_url: null,
    web_url: `${webUrl}/${user.username}`,
    bot: user.bot,
    created_at: '2020-01-01T00:00:00.000Z',
  };
}

/** `GET /projects/:id`: https://docs.gitlab.com/api/projects/; `permissions` only for those who are signed in. */
export function projectBody(
  webUrl: string,
  project: Project,
  token: Token | undefined,
): Record<string, unknown> {
  const name = project.path.split('/').at(-1);
  return {
    id: project.id,
    name,
    path: name,
    path_with_namespace: project.path,
    visibility: project.visibility,
    archived: project.archived,
    default_branch: 'main',
    web_url: `${webUrl}/${project.path}`,
    http_url_to_repo: `${webUrl}/${project.path}.git`,
    ...(token === undefined
      ? {}
      : {
          permissions: {
            project_access: access(project.projectMembers.get(token.username)),
            group_access: access(project.groupMembers.get(token.username)),
          },
        }),
  };
}

function access(level: AccessLevel | undefined): Record<string, number> | null {
  return level === undefined ? null : { access_level: level, notification_level: 3 };
}
