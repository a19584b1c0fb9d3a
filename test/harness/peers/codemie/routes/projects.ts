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
/** `USER_PROJECT_LIMIT`, as shipped. */
const projectLimit = 3;

/**
 * `/v1/projects`. Lookups here are exact and case-sensitive, and what the caller lacks permission to see does not
 * exist.
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

  /** In CodeMie's order: the name, the description, the limit, whether it is there already. */
  function requireCreatable(user: CodeMieUser, name: string, description: string): void {
    requireName(name);
    if (description.trim() === '') {
      throw applicationError(400, 'Project description is required');
    }
    if (description.trim().length > 500) {
      throw applicationError(400, 'Project description cannot exceed 500 characters');
    }
    const count = directory
      .projects()
      .filter(({ createdBy, projectType }) => createdBy === user.id && projectType === 'shared').length;
    if (!user.isAdmin && count >= projectLimit) {
      throw applicationError(
        403,
        `Project creation limit reached (${count}/${projectLimit}). Contact administrator to increase your limit.`,
      );
    }
    const existing = directory.projects().find((project) => project.name.toLowerCase() === name);
    if (existing !== undefined) {
      throw applicationError(
        409,
        `Project '${existing.name}' already exists. Please choose a different name.`,
      );
    }
  }

  /** In CodeMie's default mode the identity provider has the projects, and these routes are off. */
  function requireUserManagement(): void {
    if (!backend.userManagement) {
      throw applicationError(400, 'User management not enabled');
    }
  }

  return [
    {
      method: 'GET',
      path: '/v1/projects',
      handle(request) {
        const user = authentication.authenticate(request);
        requireUserManagement();
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
        requireUserManagement();
        requireCreatable(user, name, description);
        const project = directory.addProject(name, { description: description.trim(), createdBy: user.id });
        user.projects.set(name, true);
        return { status: 201, body: { ...shown(project), enforce_member_spend_limits: false } };
      },
    },
    {
      method: 'GET',
      path: '/v1/projects/{name}',
      handle(request) {
        const user = authentication.authenticate(request);
        requireUserManagement();
        return { status: 200, body: shown(visibleProject(request, user)) };
      },
    },
    {
      method: 'DELETE',
      path: '/v1/projects/{name}',
      handle(request) {
        const user = authentication.authenticate(request);
        requireUserManagement();
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
        const search = (request.query.get('search') ?? '').toLowerCase();
        const applications = directory
          .projects()
          .filter(({ name }) => name.toLowerCase().includes(search))
          .map(({ name }) => ({ name, display_name: null }));
        return { status: 200, body: { applications } };
      },
    },
  ];
}

function requireName(name: string): void {
  if (name.length < 3) {
    throw applicationError(400, 'Project name must be at least 3 characters');
  }
  if (name.length > 100) {
    throw applicationError(400, 'Project name cannot exceed 100 characters');
  }
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(name)) {
    throw applicationError(
      400,
      'Invalid project name. Must be 3-100 lowercase alphanumeric characters (underscore/hyphen allowed), ' +
        'cannot contain uppercase letters, cannot start with special character, and cannot use reserved names ' +
        `(${[...reservedNames].join(', ')})`,
    );
  }
  if (reservedNames.has(name)) {
    throw applicationError(400, `Project name '${name}' is reserved and cannot be used`);
  }
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
