import type { Pki } from './pki.ts';

/** The issuer of service account tokens, as in a cluster that kubeadm made. */
const serviceAccountIssuer = 'https://kubernetes.default.svc.cluster.local';

/** A store that forgets everything when the machine stops, which is fine here and faster. */
export function etcdArguments(dataFolder: string, clientUrl: string): string[] {
  return [
    `--data-dir=${dataFolder}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    // No member ever joins, so any port will do for them.
    '--listen-peer-urls=http://127.0.0.1:0',
    '--log-level=warn',
  ];
}

export interface ApiServerOptions {
  etcdUrl: string;
  port: number;
  hasControllerManager: boolean;
}

/** An API server on loopback that checks what a real one checks: RBAC, client certificates, tokens. */
export function apiServerArguments(pki: Pki, options: ApiServerOptions): string[] {
  return [
    `--etcd-servers=${options.etcdUrl}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${options.port}`,
    `--tls-cert-file=${pki.servingCert}`,
    `--tls-private-key-file=${pki.servingKey}`,
    `--client-ca-file=${pki.clientCa}`,
    '--authorization-mode=RBAC',
    `--service-account-issuer=${serviceAccountIssuer}`,
    `--service-account-key-file=${pki.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${pki.serviceAccountKey}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--allow-privileged=true',
    // The endpoints of the service `kubernetes` can't be loopback addresses, and nothing reads them here.
    '--endpoint-reconciler-type=none',
    // Nothing here creates the service accounts that this one waits for.
    ...(options.hasControllerManager ? [] : ['--disable-admission-plugins=ServiceAccount']),
  ];
}

/** All controllers a cluster has by default; the ones that need nodes find none. */
export function controllerManagerArguments(pki: Pki): string[] {
  return [
    `--kubeconfig=${pki.managerKubeconfig}`,
    '--leader-elect=false',
    // It serves nothing but its own metrics.
    '--secure-port=0',
    `--service-account-private-key-file=${pki.serviceAccountKey}`,
    `--root-ca-file=${pki.servingCa}`,
  ];
}
