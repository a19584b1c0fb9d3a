import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeClient } from '../kube/client.ts';
import { isNotFound, KubeConfigError, KubeStatusError, KubeTransportError } from '../kube/errors.ts';
import { loadKubeConnection } from '../kube/kube-config.ts';
import type { KubeObject, Resource } from '../kube/object.ts';
import { createKubeClient } from '../kube/rest-client.ts';
import { ownMember } from '../lib/names.ts';
import { CliError, type Io, printable } from './io.ts';

/** The flags by which kubectl finds a cluster, under the same names. */
export interface ClusterFlags {
  kubeconfig?: string;
  context?: string;
  namespace?: string;
}

/** A cluster that a command works with. */
export interface Cluster {
  client: KubeClient;
  /** `--namespace`, else that of the context, else `default`. */
  namespace: string;
}

/** How this program is called in user agents and as a field manager. */
export const cliName = 'codemie-git';

/**
 * Connects to the cluster of the flags, runs the work, and closes all connections.
 *
 * @throws CliError with one sentence where the cluster can't be reached or refuses
 */
export async function withCluster<T>(
  flags: ClusterFlags,
  io: Io,
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  try {
    const connection = await loadKubeConnection(await findCluster(flags, io.env));
    const client = createKubeClient({ connection, userAgent: cliName });
    try {
      return await work({ client, namespace: given(flags.namespace) ?? connection.namespace ?? 'default' });
    } finally {
      await client.close();
    }
  } catch (error) {
    throw explainFailure(error);
  }
}

async function findCluster(flags: ClusterFlags, env: Io['env']) {
  const host = given(env['KUBERNETES_SERVICE_HOST']);
  const path = given(flags.kubeconfig) ?? given(env['KUBECONFIG']) ?? (await homeConfig(env));
  const context = given(flags.context);
  if (path !== undefined) return { kubeconfig: path, ...(context !== undefined && { context }) };
  if (context !== undefined)
    throw new CliError(
      `There is no context "${printable(context)}", because there is no kubeconfig.`,
      host === undefined
        ? 'Set KUBECONFIG, or name one with --kubeconfig.'
        : 'Leave out --context to use the service account of this Pod, or name a --kubeconfig.',
    );
  if (host !== undefined) return { inCluster: { host, port: env['KUBERNETES_SERVICE_PORT'] ?? '443' } };
  throw new CliError('There is no kubeconfig.', 'Set KUBECONFIG, or name one with --kubeconfig.');
}

/** A value that is empty counts as absent, as for kubectl. */
export function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

/** `~/.kube/config` where it is there. */
async function homeConfig(env: Io['env']): Promise<string | undefined> {
  const home = env['HOME'] ?? env['USERPROFILE'];
  if (home === undefined) return undefined;
  const path = join(home, '.kube', 'config');
  return access(path).then(
    () => path,
    () => undefined,
  );
}

function explainFailure(error: unknown): unknown {
  if (error instanceof KubeConfigError) return new CliError(error.message, '');
  if (error instanceof KubeTransportError)
    return new CliError(error.message, 'Check the server of the kubeconfig and the network path to it.');
  if (!(error instanceof KubeStatusError)) return error;
  const hints: Record<number, string> = {
    401: 'Sign in again, or choose another --context.',
    403: 'Ask for the permission, or choose another --context.',
    // Without its CRD a kind is a path that the API server does not know, for which it gives no reason.
    404: error.reason === '' ? installCrds : 'It was deleted in the meantime.',
    422: 'The object breaks a rule of its CRD: correct it with kubectl edit.',
  };
  return new CliError(error.message, ownMember(hints, String(error.code)) ?? 'Try again.');
}

const installCrds =
  'Check that the CRDs of the operator are installed: kubectl get crd gitintegrations.codemie.ai';

/** The key of an object of a kind. */
export function keyIn(resource: Resource, namespace: string, name: string): string {
  return resource.namespaced ? `${namespace}/${name}` : name;
}

/** @throws CliError when the object does not exist */
export async function getObject(
  cluster: Cluster,
  resource: Resource,
  name: string,
  signal: AbortSignal,
): Promise<KubeObject> {
  const { client, namespace } = cluster;
  const object = await client.get(resource, keyIn(resource, namespace, name), signal);
  if (object) return object;
  if (!(await isServed(cluster, resource, name, signal)))
    throw new CliError(`The cluster has no kind ${resource.kind}.`, installCrds);
  const where = resource.namespaced ? ` in namespace "${printable(namespace)}"` : '';
  throw new CliError(
    `There is no ${resource.kind} "${printable(name)}"${where}.`,
    `List them with ${cliName} get ${resource.plural}${resource.namespaced ? ' --all-namespaces' : ''}.`,
  );
}

/** Whether the API server has a kind of ours; true where it does not say. */
async function isServed(
  { client, namespace }: Cluster,
  resource: Resource,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const scope = resource.namespaced ? { namespace } : {};
  const fieldSelector = `metadata.name=${name}`;
  // It answers a list of nothing where the kind exists. Of a single object it says the same 404 in both cases.
  return client.list(resource, { ...scope, fieldSelector, metadataOnly: true, signal }).then(
    () => true,
    (error: unknown) => !isNotFound(error),
  );
}
