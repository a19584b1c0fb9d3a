import type { ApiResponse } from '../api-error.ts';
import type { Backend } from '../backend.ts';
import type { CodeMieUser } from '../directory.ts';
import type { ApiRequest } from '../http.ts';
import type { Route } from '../router.ts';

/** Who am I: `/v1/user`, and the same as `/v1/profile`. */
export function accountRoutes({ authentication }: Backend): Route[] {
  const handle = (request: ApiRequest): ApiResponse => ({
    status: 200,
    body: profile(authentication.authenticate(request)),
  });
  return [
    { method: 'GET', path: '/v1/user', handle },
    { method: 'GET', path: '/v1/profile', handle },
  ];
}

/** A user as CodeMie describes one. */
export function profile(user: CodeMieUser): object {
  const projects = [...user.projects];
  return {
    user_id: user.id,
    name: user.name,
    username: user.username,
    email: user.email,
    projects: projects.map(([name, isAdmin]) => ({ name, display_name: null, is_project_admin: isAdmin })),
    project_limit: 3,
    picture: '',
    knowledge_bases: [],
    user_type: 'regular',
    applications: projects.map(([name]) => name),
    applications_admin: projects.filter(([, isAdmin]) => isAdmin).map(([name]) => name),
    is_admin: user.isAdmin,
    is_maintainer: user.isMaintainer,
  };
}
