import type { Resource } from '../kube/object.ts';

const core = (plural: string, kind: string, namespaced: boolean): Resource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

/** Credentials and certificates. Watched without content; the content is read when needed. */
export const secrets = core('secrets', 'Secret', true);
/** Certificates of private authorities. Watched without content. */
export const configMaps = core('configmaps', 'ConfigMap', true);
/** Labels for access rules, and whether one is being torn down. */
export const namespaces = core('namespaces', 'Namespace', false);
