import { clusterCodeMieConnections, codeMieConnections } from '../api/group.ts';
import { parseConnection } from '../api/v1alpha1/connection-spec.ts';
import { CodeMieError } from '../codemie/codemie-error.ts';
import type { Session } from '../controllers/codemie-connection/session.ts';
import { createSessionPool, InvalidConnection } from '../controllers/codemie-connection/session-pool.ts';
import { ValueFault } from '../controllers/value-reader.ts';
import { type KubeObject, namespaces } from '../kube/object.ts';
import { CaBundleError, createSharedTrust, parseCaBundle } from '../net/ca-bundle.ts';
import { createHttpClientPool, type HttpClientPool } from '../net/http-client-pool.ts';
import { readProxy, SettingsError } from '../settings.ts';
import { type Cluster, cliName, getObject } from './cluster.ts';
import { readInput, shownPath } from './input.ts';
import { CliError, type Io, printable } from './io.ts';

/** Which connection to CodeMie a command uses. */
export interface ConnectionFlags {
  /** Name of a ClusterCodeMieConnection, or of a CodeMieConnection with `ofNamespace`. */
  connection: string;
  /** Whether it is a CodeMieConnection of the namespace. */
  ofNamespace: boolean;
  /** Where the Secrets of ClusterCodeMieConnections are. */
  operatorNamespace: string;
  /** PEM file of authorities to trust in addition. */
  caFile?: string;
}

/** A CodeMie that a command has signed in to. */
export interface SignedIn {
  session: Session;
  connection: KubeObject;
  /** `spec.url` of the connection. */
  server: string;
}

const timeoutMs = 30_000;

/**
 * The HTTP clients of one command; it has to close them.
 *
 * @throws CliError for a file that holds no authorities, and for a proxy that is none
 */
export async function createClients(caFile: string | undefined, io: Io): Promise<HttpClientPool> {
  return createHttpClientPool({
    ca: caFile === undefined ? [] : await readAuthorities(caFile, io),
    trustFor: createSharedTrust(),
    proxy: proxyOf(io),
    maxBodyBytes: 8 * 1024 * 1024,
    timeoutMs,
    userAgent: cliName,
  });
}

async function readAuthorities(file: string, io: Io): Promise<string[]> {
  const text = await readInput(file, io);
  try {
    return parseCaBundle(text);
  } catch (error) {
    if (!(error instanceof CaBundleError)) throw error;
    throw new CliError(error.message, `Correct --ca-file ${shownPath(file)}.`);
  }
}

function proxyOf({ env }: Io): ReturnType<typeof readProxy> {
  try {
    return readProxy(env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new CliError(error.message, 'Correct the environment variable.');
  }
}

/**
 * Signs in as a connection of the cluster does, with the login of its Secret, and runs the work.
 *
 * @throws CliError with one sentence for what CodeMie, the login or the connection refuses
 */
export async function withCodeMie<T>(
  flags: ConnectionFlags,
  cluster: Cluster,
  io: Io,
  work: (signedIn: SignedIn) => Promise<T>,
): Promise<T> {
  const resource = flags.ofNamespace ? codeMieConnections : clusterCodeMieConnections;
  const connection = await getObject(cluster, resource, flags.connection, io.signal);
  const parsed = parseConnection(connection);
  if (!parsed.ok)
    throw new CliError(`${resource.kind} "${printable(flags.connection)}": ${parsed.error}`, '');
  const http = await createClients(flags.caFile, io);
  const sessions = createSessionPool({
    kube: cluster.client,
    http,
    operatorNamespace: flags.operatorNamespace,
    // The user who runs this may reach what the machine reaches.
    tenantPrivateNetworks: true,
    now: () => io.now(),
    busy: () => false,
  });
  try {
    const session = await sessions.open(connection, io.signal);
    return await work({ session, connection, server: parsed.value.url });
  } catch (error) {
    throw explain(error);
  } finally {
    sessions.forget(connection.metadata.uid);
    await http.close();
  }
}

function explain(error: unknown): unknown {
  if (error instanceof CodeMieError || error instanceof ValueFault || error instanceof InvalidConnection)
    return new CliError(error.message, 'hint' in error ? error.hint : '');
  return error;
}

/** The name of the cluster in owner marks: what the operator was given, else the UID of `kube-system`. */
export async function clusterNameOf(given: string | undefined, cluster: Cluster, io: Io): Promise<string> {
  if (given !== undefined) return given;
  const object = await cluster.client.get(namespaces, 'kube-system', io.signal);
  if (object) return object.metadata.uid;
  throw new CliError('The cluster has no namespace kube-system.', 'Give the --cluster-name of the operator.');
}
