import { CHART_FOLDER, type GeneratedFile } from '../api/crd/generated-files.ts';
import { chartRoles } from './chart-template.ts';
import { permissionsPage } from './reference.ts';

/** The files that are made from the list of permissions. */
export function accessFiles(): GeneratedFile[] {
  return [
    { path: 'docs/permissions.md', content: permissionsPage() },
    { path: `${CHART_FOLDER}/templates/rbac.yaml`, content: chartRoles() },
  ];
}
