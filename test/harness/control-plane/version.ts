/**
 * The Kubernetes version of the test control plane, whatever its source. `go/go.mod` requires the same one
 * (a test compares them).
 */
export const kubernetesVersion = 'v1.36.3';

/** The K3s image of that version. Image tags write `-` where K3s versions have `+`. */
export const k3sImage = `rancher/k3s:${kubernetesVersion}-k3s1`;
