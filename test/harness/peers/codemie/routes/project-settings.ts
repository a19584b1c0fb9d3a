import { crash } from '../api-error.ts';
import { asUnprocessable, type Backend } from '../backend.ts';
import type { CodeMieUser } from '../directory.ts';
import { hasFullAccess, isProjectAdmin, requireProjectAdmin, requireProjectWrite } from '../permissions.ts';
import type { Route } from '../router.ts';
import type { SettingRow } from '../setting.ts';
import { listSettings } from './list-settings.ts';
import { existing, idOf, notFound, readSettingRequest } from './setting-request.ts';

/**
 * `/v1/settings/project`. There is no read by id. The order of the checks shows: JSON (500), sign-in (401),
 * schema (422), rules for Git (422), then on POST rights (403) and on PUT the id (422) and rights (401).
 *
 * Source: routers/project_settings.py of codemie-ai/codemie at 2a481c2, run.
 */
export function projectSettingsRoutes(backend: Backend): Route[] {
  const { store, authentication, writes } = backend;

  function visibleTo(user: CodeMieUser): SettingRow[] {
    backend.touchDatabase();
    return store
      .rows()
      .filter(
        (row) =>
          row.setting_type === 'project' && (hasFullAccess(user) || isProjectAdmin(user, row.project_name)),
      );
  }

  return [
    {
      method: 'GET',
      path: '/v1/settings/project/users',
      handle(request) {
        const creators = visibleTo(authentication.authenticate(request)).flatMap(
          (row) => row.created_by ?? [],
        );
        const byId = new Map(creators.map((creator) => [creator.id, creator]));
        return { status: 200, body: [...byId.values()] };
      },
    },
    {
      method: 'GET',
      path: '/v1/settings/project',
      handle: (request) => listSettings(request, visibleTo(authentication.authenticate(request))),
    },
    {
      method: 'POST',
      path: '/v1/settings/project',
      async handle(request) {
        const { user, setting } = readSettingRequest(backend, request);
        requireProjectAdmin(user, setting.project_name);
        await asUnprocessable('Cannot create specified setting', 'create', () => {
          backend.touchDatabase();
          return writes.create(setting, 'project', user);
        });
        return { status: 200, body: { message: 'Specified credentials saved' } };
      },
    },
    {
      method: 'PUT',
      path: '/v1/settings/project/{id}',
      async handle(request) {
        const { user, setting } = readSettingRequest(backend, request);
        await asUnprocessable('Cannot update specified setting', 'update', () => {
          backend.touchDatabase();
          const row = existing(store.byId(idOf(request)), request);
          requireProjectWrite(user, row);
          writes.update(row, setting, 'project', user);
        });
        return { status: 200, body: { message: 'Specified credentials updated' } };
      },
    },
    {
      method: 'DELETE',
      path: '/v1/settings/project/{id}',
      handle(request) {
        const user = authentication.authenticate(request);
        backend.touchDatabase();
        const row = store.byId(idOf(request));
        if (row === undefined) {
          throw crash(`KeyError: ${notFound(request)}`);
        }
        requireProjectAdmin(user, row.project_name);
        store.remove(row.id);
        return { status: 200, body: { message: 'Specified credential removed' } };
      },
    },
  ];
}
