import { chartRoles } from './chart-roles.ts';
import { CHART_FOLDER, type GeneratedFile } from './crd-files.ts';
import { permissionsPage } from './permissions-page.ts';

/** The files that are made from the list of permissions. */
export function accessFiles(): GeneratedFile[] {
  return [
    { path: 'docs/permissions.md', content: permissionsPage() },
    { path: `${CHART_FOLDER}/templates/rbac.yaml`, content: chartRoles() },
  ];
}
