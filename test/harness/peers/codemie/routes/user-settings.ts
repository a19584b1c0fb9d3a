import { applicationError } from '../api-error.ts';
import { asUnprocessable, type Backend } from '../backend.ts';
import type { CodeMieUser } from '../directory.ts';
import { masked } from '../masking.ts';
import { hasFullAccess, isProjectAdmin, requireOwner, requireProjectAccess } from '../permissions.ts';
import type { Route } from '../router.ts';
import type { SettingRow } from '../setting.ts';
import { listSettings } from './list-settings.ts';
import { existing, idOf, readSettingRequest } from './setting-request.ts';

const internalPrefix = '__internal__';

/**
 * `/v1/settings/user`, the caller's own settings, and the one list that shows a plain member the settings
 * of his projects.
 *
 * Source: routers/user_settings.py of codemie-ai/codemie at 2a481c2, run.
 */
export function userSettingsRoutes(backend: Backend): Route[] {
  const { store, authentication, writes } = backend;

  function ownedBy(user: CodeMieUser): SettingRow[] {
    backend.touchDatabase();
    return store
      .rows()
      .filter(
        (row) =>
          row.setting_type === 'user' && row.user_id === user.id && !row.alias.startsWith(internalPrefix),
      );
  }

  function isAvailable(row: SettingRow, user: CodeMieUser): boolean {
    if (hasFullAccess(user)) {
      return true;
    }
    if (row.alias.startsWith(internalPrefix)) {
      return false;
    }
    const administersAny = [...user.projects.values()].includes(true);
    return administersAny ? isProjectAdmin(user, row.project_name) : user.projects.has(row.project_name);
  }

  return [
    {
      method: 'GET',
      path: '/v1/settings/user/available',
      handle(request) {
        const user = authentication.authenticate(request);
        const everything = request.query.get('scope') === 'marketplace';
        const ofProjects = store
          .rows()
          .filter((row) => row.setting_type === 'project' && (everything || isAvailable(row, user)));
        return { status: 200, body: [...ownedBy(user), ...ofProjects].map(masked) };
      },
    },
    {
      method: 'GET',
      path: '/v1/settings/user',
      handle: (request) => listSettings(request, ownedBy(authentication.authenticate(request))),
    },
    {
      method: 'POST',
      path: '/v1/settings/user',
      async handle(request) {
        const { user, setting } = readSettingRequest(backend, request);
        requireProjectAccess(user, setting.project_name);
        await asUnprocessable('Cannot create specified setting', 'create', () => {
          backend.touchDatabase();
          return writes.create(setting, 'user', user);
        });
        return { status: 200, body: { message: 'Specified credentials saved' } };
      },
    },
    {
      method: 'PUT',
      path: '/v1/settings/user/{id}',
      async handle(request) {
        const { user, setting } = readSettingRequest(backend, request);
        // CodeMie says "create" here.
        await asUnprocessable('Cannot update specified setting', 'create', () => {
          backend.touchDatabase();
          const row = existing(store.byId(idOf(request)), request);
          requireOwner(user, row, 'write');
          writes.update(row, setting, 'user', user);
        });
        return { status: 200, body: { message: 'Specified credentials updated' } };
      },
    },
    {
      method: 'DELETE',
      path: '/v1/settings/user/{id}',
      handle(request) {
        const user = authentication.authenticate(request);
        backend.touchDatabase();
        const row = store.byId(idOf(request));
        if (row === undefined) {
          throw applicationError(
            404,
            'Credential not found',
            `The credential with ID '${idOf(request)}' could not be found in the system.`,
            'Please verify the credential ID and ensure it exists.',
          );
        }
        requireOwner(user, row, 'delete');
        store.remove(row.id);
        return { status: 200, body: { message: 'Specified credential removed' } };
      },
    },
  ];
}
