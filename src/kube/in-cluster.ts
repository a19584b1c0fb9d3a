import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { isPort } from '../lib/port.ts';
import { cacheCredentials, type KubeConnection } from './connection.ts';
import { KubeConfigError } from './errors.ts';

/** How a Pod reaches its API server. */
export interface InClusterOptions {
  /** `KUBERNETES_SERVICE_HOST`. */
  host: string;
  /** `KUBERNETES_SERVICE_PORT`. */
  port: string;
  /** Folder with `token`, `ca.crt` and `namespace`. Default: where kubelet mounts the service account. */
  directory?: string;
}

const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The connection of a Pod's service account. Token and CA are read again every minute, since kubelet rotates
 * both in place. https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
 *
 * This path needs nothing of client-node, whose import alone costs about 50 MB of memory.
 *
 * @throws KubeConfigError when the files are not there, or host and port are none
 */
export async function loadInClusterConnection(
  options: InClusterOptions,
  clock?: Clock,
): Promise<KubeConnection> {
  const directory = options.directory ?? serviceAccountDirectory;
  const host = isIPv6(options.host) ? `[${options.host}]` : options.host;
  const server = URL.parse(`https://${host}:${options.port}`);
  if (server === null || !isPort(options.port)) {
    throw new KubeConfigError(
      'The environment names no usable API server.',
      'KUBERNETES_SERVICE_HOST must be a host and KUBERNETES_SERVICE_PORT a port from 1 to 65535, as the kubelet sets them.',
    );
  }
  const cached = cacheCredentials(
    async () => ({
      headers: { authorization: `Bearer ${await readText(join(directory, 'token'))}` },
      tls: { ca: await readText(join(directory, 'ca.crt')) },
    }),
    clock,
  );
  await cached.credentials();
  const namespace = await readText(join(directory, 'namespace')).catch(() => '');
  return {
    server,
    ...(namespace === '' ? {} : { namespace }),
    ...cached,
  };
}

async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new KubeConfigError(
      `The service account file ${path} can't be read.`,
      'Check automountServiceAccountToken of the Pod and its ServiceAccount.',
      { cause },
    );
  }
}
