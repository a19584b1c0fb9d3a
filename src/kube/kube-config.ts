import { access, readFile } from 'node:fs/promises';
import { delimiter, dirname, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import type { Clock } from '../lib/clock.ts';
import { orAbort, startDeadline } from '../lib/deadline.ts';
import { durations } from '../lib/durations.ts';
import { hasPortOrNone } from '../lib/port.ts';
import { cacheCredentials, type KubeConnection, type KubeCredentials } from './connection.ts';
import { KubeConfigError } from './errors.ts';
import { type InClusterOptions, loadInClusterConnection } from './in-cluster.ts';

/** Where {@link loadKubeConnection} looks for an API server. */
export interface KubeConnectionOptions {
  /** Path of a kubeconfig, or several joined as in `KUBECONFIG`. Wins over `inCluster`. */
  kubeconfig?: string;
  /** Context of the kubeconfig. Default: its `current-context`. */
  context?: string;
  /** Set when `KUBERNETES_SERVICE_HOST` is. */
  inCluster?: InClusterOptions;
  clock?: Clock;
}

/** A credential plugin gets this long. client-node itself would wait forever. */
const pluginTimeoutMs = durations.kube.credentialPluginMs;

/**
 * Finds the API server. Unlike client-node's `loadFromDefault`, it never falls back to
 * `http://localhost:8080`, and a kubeconfig that lies about in a container is not picked up by chance.
 *
 * @throws KubeConfigError when nothing says where the API server is, or what says so can't be used
 */
export async function loadKubeConnection(options: KubeConnectionOptions): Promise<KubeConnection> {
  const { kubeconfig, context, inCluster, clock } = options;
  if (kubeconfig !== undefined) return loadKubeconfigConnection(kubeconfig, context, clock);
  if (inCluster !== undefined) return loadInClusterConnection(inCluster, clock);
  throw new KubeConfigError(
    'There is no Kubernetes API server to connect to.',
    'Run in a Pod with a service account, or name a kubeconfig.',
  );
}

async function loadKubeconfigConnection(
  paths: string,
  context: string | undefined,
  clock: Clock | undefined,
): Promise<KubeConnection> {
  let config = await readKubeconfig(paths, context);
  const cluster = config.getCurrentCluster();
  const server = URL.parse(cluster?.server ?? '');
  const isServer = server !== null && ['https:', 'http:'].includes(server.protocol);
  if (cluster === null || !isServer || !hasPortOrNone(cluster.server)) {
    throw new KubeConfigError(
      `The context "${config.getCurrentContext()}" of the kubeconfig names no usable cluster.`,
      'Check its cluster entry and the server URL in it.',
    );
  }
  if (server.protocol === 'http:' && !cluster.skipTLSVerify) {
    throw new KubeConfigError(
      'The kubeconfig reaches the API server without TLS.',
      'Use an https URL, or set insecure-skip-tls-verify if that is meant.',
    );
  }
  const proxyUrl = cluster.proxyUrl;
  if (proxyUrl !== undefined && !(/^https?:\/\//.test(proxyUrl) && hasPortOrNone(proxyUrl))) {
    throw new KubeConfigError("The kubeconfig's proxy-url is not supported.", 'Use an http or https proxy.');
  }
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace;
  return {
    server,
    ...(namespace === undefined ? {} : { namespace }),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
    ...cacheCredentials(async (fresh) => {
      // client-node keeps the answer of a credential plugin, and a token-file, for the life of the object.
      if (fresh) config = await readKubeconfig(paths, context);
      return credentialsOf(config);
    }, clock),
  };
}

async function readKubeconfig(paths: string, context?: string): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  const found = await existing(paths.split(delimiter).filter((path) => path !== ''));
  if (found.length === 0) {
    throw new KubeConfigError(`There is no kubeconfig at ${paths}.`, 'Check the path.');
  }
  for (const [index, path] of found.entries()) {
    const next = index === 0 ? config : new KubeConfig();
    try {
      const folder = dirname(path);
      next.loadFromString(await withTokenFiles(await readFile(path, 'utf8'), folder));
      next.makePathsAbsolute(folder);
      if (index > 0) config.mergeConfig(next, true);
    } catch {
      // No cause: the YAML parser quotes the lines around the fault, and they hold credentials.
      throw new KubeConfigError(
        `The kubeconfig ${path} can't be read.`,
        'Check it with kubectl config view.',
      );
    }
  }
  if (context !== undefined) config.setCurrentContext(context);
  if (config.getContextObject(config.getCurrentContext()) === null) {
    throw new KubeConfigError(
      `The kubeconfig has no context "${config.getCurrentContext()}".`,
      'List the contexts with kubectl config get-contexts.',
    );
  }
  return config;
}

const usersSchema = z.looseObject({
  users: z.array(z.looseObject({ user: z.looseObject({ tokenFile: z.string().optional() }).nullish() })),
});

/**
 * Gives `tokenFile`, by which kubectl and client-go read a token, the name that client-node has for it. Otherwise the
 * user would be anonymous, without an error.
 */
async function withTokenFiles(text: string, folder: string): Promise<string> {
  if (!text.includes('tokenFile')) return text;
  const { parse } = await import('yaml');
  const config = usersSchema.parse(parse(text));
  for (const { user } of config.users)
    if (user?.tokenFile !== undefined) user['token-file'] = resolve(folder, user.tokenFile);
  return JSON.stringify(config);
}

async function existing(paths: string[]): Promise<string[]> {
  const checked = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => [path],
        () => [],
      ),
    ),
  );
  return checked.flat();
}

/** Options that client-node fills in; the part of `https.RequestOptions` that it sets. */
interface AppliedOptions {
  headers?: Record<string, string>;
  auth?: string;
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
  rejectUnauthorized?: boolean;
}

async function credentialsOf(config: KubeConfig): Promise<KubeCredentials> {
  const options: AppliedOptions = {};
  await withPluginDeadline(config.applyToHTTPSOptions(options));
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {}))
    headers[name.toLowerCase()] = value.trim();
  if (options.auth !== undefined) {
    headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  }
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return {
    headers,
    tls: {
      ...(ca === undefined ? {} : { ca: ca.toString() }),
      ...(cert === undefined ? {} : { cert: cert.toString() }),
      ...(key === undefined ? {} : { key: key.toString() }),
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    },
  };
}

/** Fails when the plugin does not answer in time. Its own message is dropped: it is free text of a program. */
async function withPluginDeadline(applied: Promise<void>): Promise<void> {
  const failure = new KubeConfigError(
    "The kubeconfig's user gives no credentials.",
    'Check its token, certificate files or credential plugin with kubectl auth whoami.',
  );
  const deadline = startDeadline(pluginTimeoutMs, { reason: () => failure });
  try {
    await orAbort(applied, deadline.signal);
  } catch {
    throw failure;
  } finally {
    deadline.stop();
  }
}
