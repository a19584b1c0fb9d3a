import { applicationError, schemaError } from '../api-error.ts';
import type { Backend } from '../backend.ts';
import type { CodeMieProject, CodeMieUser } from '../directory.ts';
import { type ApiRequest, jsonBody } from '../http.ts';
import { hasFullAccess, isProjectAdmin } from '../permissions.ts';
import type { Route } from '../router.ts';

const reservedNames = new Set([
  'admin',
  'system',
  'root',
  'api',
  'null',
  'undefined',
  'default',
  'test',
  'demo',
]);
const projectLimit = 3;

/**
 * `/v1/projects`. Lookups here are exact and case-sensitive, and what one may not see does not exist.
 *
 * Source: routers/projects.py of codemie-ai/codemie at 2a481c2, run. The members, counters and cost centres of the
 * real answers are left out, and so is PATCH.
 */
export function projectsRoutes(backend: Backend): Route[] {
  const { directory, authentication, store } = backend;

  function isVisible(project: CodeMieProject, user: CodeMieUser): boolean {
    return hasFullAccess(user) || user.projects.has(project.name);
  }

  function visibleProject(request: ApiRequest, user: CodeMieUser): CodeMieProject {
    const project = directory.project(request.params['name'] ?? '');
    if (project === undefined || !isVisible(project, user)) {
      throw applicationError(404, 'Project not found');
    }
    return project;
  }

  function requireNewName(name: string): void {
    if (!/^[a-z0-9][a-z0-9_-]{2,99}$/.test(name) || reservedNames.has(name)) {
      throw applicationError(
        400,
        'Invalid project name. Must be 3-100 lowercase alphanumeric characters (underscore/hyphen allowed), ' +
          'cannot contain uppercase letters, cannot start with special character, and cannot use reserved names ' +
          `(${[...reservedNames].join(', ')})`,
      );
    }
    if (directory.projects().some((project) => project.name.toLowerCase() === name)) {
      throw applicationError(409, `Project '${name}' already exists. Please choose a different name.`);
    }
  }

  return [
    {
      method: 'GET',
      path: '/v1/projects',
      handle(request) {
        const user = authentication.authenticate(request);
        const search = (request.query.get('search') ?? '').toLowerCase();
        const page = Number(request.query.get('page') ?? 0);
        const perPage = Number(request.query.get('per_page') ?? 20);
        const all = directory
          .projects()
          .filter((project) => isVisible(project, user) && project.name.toLowerCase().includes(search));
        return {
          status: 200,
          body: {
            data: all.slice(page * perPage, (page + 1) * perPage).map(shown),
            pagination: { total: all.length, page, per_page: perPage },
          },
        };
      },
    },
    {
      method: 'POST',
      path: '/v1/projects',
      handle(request) {
        const body = jsonBody(request);
        const user = authentication.authenticate(request);
        const { name, description } = parseProject(body);
        requireNewName(name);
        const own = directory
          .projects()
          .filter((project) => project.createdBy === user.id && project.projectType === 'shared');
        if (!hasFullAccess(user) && own.length >= projectLimit) {
          throw applicationError(403, `Project limit of ${projectLimit} reached`);
        }
        const project = directory.addProject(name, { description, createdBy: user.id });
        user.projects.set(name, true);
        return { status: 201, body: { ...shown(project), enforce_member_spend_limits: false } };
      },
    },
    {
      method: 'GET',
      path: '/v1/projects/{name}',
      handle: (request) => ({
        status: 200,
        body: shown(visibleProject(request, authentication.authenticate(request))),
      }),
    },
    {
      method: 'DELETE',
      path: '/v1/projects/{name}',
      handle(request) {
        const user = authentication.authenticate(request);
        const { name } = visibleProject(request, user);
        if (!hasFullAccess(user) && !isProjectAdmin(user, name)) {
          throw applicationError(404, 'Project not found');
        }
        const count = store.rows().filter((row) => row.project_name === name).length;
        if (count > 0) {
          throw applicationError(
            409,
            `Project '${name}' cannot be deleted because it has assigned resources`,
            `{'integrations_count': ${count}}`,
          );
        }
        directory.removeProject(name);
        return { status: 200, body: { message: `Project '${name}' deleted successfully`, name } };
      },
    },
    {
      method: 'GET',
      path: '/v1/admin/applications',
      handle(request) {
        if (!hasFullAccess(authentication.authenticate(request))) {
          throw applicationError(
            403,
            'Access denied',
            'This action requires administrator or maintainer privileges.',
          );
        }
        return { status: 200, body: directory.projects().map((project) => project.name) };
      },
    },
  ];
}

function shown(project: CodeMieProject): object {
  return {
    name: project.name,
    display_name: null,
    description: project.description,
    project_type: project.projectType,
    created_by: project.createdBy,
    created_at: project.createdAt,
    cost_center_id: null,
    cost_center_name: null,
  };
}

function parseProject(body: unknown): { name: string; description: string } {
  const fields: Record<string, unknown> = typeof body === 'object' && body !== null ? { ...body } : {};
  const { name, description } = fields;
  if (typeof name !== 'string' || typeof description !== 'string') {
    const field = typeof name === 'string' ? 'description' : 'name';
    throw schemaError([{ type: 'missing', loc: ['body', field], msg: 'Field required', input: body }]);
  }
  return { name, description };
}
