import { applicationError } from './api-error.ts';
import type { CodeMieUser } from './directory.ts';
import type { SettingRow } from './setting.ts';

/** Administrators and maintainers may do everything but touch another user's personal settings as such. */
export function hasFullAccess(user: CodeMieUser): boolean {
  return user.isAdmin || user.isMaintainer;
}

export function isProjectAdmin(user: CodeMieUser, project: string | null): boolean {
  return project !== null && user.projects.get(project) === true;
}

/**
 * For POST and DELETE of a project's setting.
 *
 * @throws ApiError 403
 */
export function requireProjectAdmin(user: CodeMieUser, project: string | null): void {
  if (!hasFullAccess(user) && !isProjectAdmin(user, project)) {
    throw applicationError(
      403,
      'Access denied',
      `You do not have sufficient permissions to access the project '${project ?? 'None'}'.`,
      'This action requires application admin privileges. If you believe you should have access, ' +
        'please contact your system administrator or the project owner.',
    );
  }
}

/**
 * For POST of a personal setting: membership is enough.
 *
 * @throws ApiError 403
 */
export function requireProjectAccess(user: CodeMieUser, project: string | null): void {
  if (project !== null && project !== '' && !hasFullAccess(user) && !user.projects.has(project)) {
    throw applicationError(
      403,
      'Access denied',
      `You do not have permission to access the project '${project}'.`,
      'If you believe you should have access to this project, ' +
        'please contact your system administrator or the project owner.',
    );
  }
}

/**
 * For PUT on the path of projects: the creator may, even when no longer project administrator.
 *
 * @throws ApiError 401, and not 403
 */
export function requireProjectWrite(user: CodeMieUser, row: SettingRow): void {
  if (!hasFullAccess(user) && !isProjectAdmin(user, row.project_name) && row.user_id !== user.id) {
    throw accessDenied('write');
  }
}

/**
 * For PUT and DELETE on the path of users: the owner only, no administrator.
 *
 * @throws ApiError 401, and not 403
 */
export function requireOwner(user: CodeMieUser, row: SettingRow, action: 'write' | 'delete'): void {
  if (row.user_id !== user.id) {
    throw accessDenied(action);
  }
}

function accessDenied(action: 'write' | 'delete') {
  return applicationError(
    401,
    'Access denied',
    `You do not have the necessary permissions to ${action} this entity.`,
    'Please ensure you have the correct role or permissions assigned to your account. ' +
      'If you believe this is an error, contact your system administrator.',
  );
}
