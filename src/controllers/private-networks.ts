import type { KubeObject } from '../kube/object.ts';

/**
 * Whether requests for a connection may go to private addresses. What is inside of the cluster's network is the
 * administrator's: a tenant's own connection opens it only where the installation says so, or a manifest would
 * be enough to reach every internal server through the operator.
 *
 * @param tenantPrivateNetworks the setting of the installation
 */
export function mayReachPrivateNetworks(
  connection: KubeObject,
  asked: boolean,
  tenantPrivateNetworks: boolean,
): boolean {
  const ofCluster = connection.metadata.namespace === undefined;
  return asked && (ofCluster || tenantPrivateNetworks);
}
