import { applicationError, schemaError } from '../api-error.ts';
import type { Backend } from '../backend.ts';
import { jsonBody } from '../http.ts';
import { hasFullAccess } from '../permissions.ts';
import type { Route } from '../router.ts';
import type { SettingRow } from '../setting.ts';

/**
 * `/v1/settings/transfer`: how a setting known by its id changes its project under a client. Internal
 * aliases stay behind.
 */
export function transferRoutes(backend: Backend): Route[] {
  const { store, directory } = backend;
  return [
    {
      method: 'POST',
      path: '/v1/settings/transfer',
      handle(request) {
        const body = jsonBody(request);
        const user = backend.authentication.authenticate(request);
        if (!hasFullAccess(user)) {
          throw applicationError(
            403,
            'Access denied',
            'This action requires administrator or maintainer privileges.',
          );
        }
        const { source, target, mode } = parseTransfer(body);
        for (const [role, name] of [['Source', source] as const, ['Target', target] as const]) {
          if (directory.project(name) === undefined) {
            throw applicationError(
              404,
              'Project not found',
              `${role} project '${name}' does not exist.`,
              'Check the project name and try again.',
            );
          }
        }
        const rows = store
          .rows()
          .filter((row) => row.project_name === source && !row.alias.startsWith('__internal__'));
        refuseConflicts(rows, store.rows(), target);
        const moved = rows.map((row) => (mode === 'move' ? moveTo(row) : copyTo(row)));

        function moveTo(row: SettingRow): SettingRow {
          row.project_name = target;
          store.touch(row);
          return row;
        }

        function copyTo(row: SettingRow): SettingRow {
          return store.insert({
            ...row,
            project_name: target,
            credential_values: structuredClone(row.credential_values),
          });
        }

        return {
          status: 200,
          body: {
            message: `Transferred ${moved.length} integration(s) from '${source}' to '${target}'.`,
            source_project_name: source,
            target_project_name: target,
            mode,
            transferred_count: moved.length,
            transferred: moved.map(({ id, alias, credential_type }) => ({ id, alias, credential_type })),
            skipped_count: 0,
            skipped: [],
          },
        };
      },
    },
  ];
}

function refuseConflicts(rows: readonly SettingRow[], all: readonly SettingRow[], target: string): void {
  const taken = new Set(all.filter((row) => row.project_name === target).map((row) => row.alias));
  const conflicts = rows.map((row) => row.alias).filter((alias) => taken.has(alias));
  if (conflicts.length > 0) {
    throw applicationError(
      409,
      'Alias conflict in target project',
      `Target project '${target}' already has integrations with these aliases: ${conflicts.join(', ')}.`,
      'Rename them first.',
    );
  }
}

function parseTransfer(body: unknown): { source: string; target: string; mode: 'move' | 'copy' } {
  const fields: Record<string, unknown> = typeof body === 'object' && body !== null ? { ...body } : {};
  const { source_project_name: source, target_project_name: target, mode } = fields;
  if (typeof source !== 'string' || typeof target !== 'string' || (mode !== 'move' && mode !== 'copy')) {
    throw schemaError([{ type: 'missing', loc: ['body'], msg: 'Field required', input: body }]);
  }
  return { source, target, mode };
}
