import { type Clock, systemClock } from '../lib/clock.ts';
import { durations } from '../lib/durations.ts';

/** What TLS needs to reach the API server. All PEM. */
export interface TlsSettings {
  ca?: string;
  cert?: string;
  key?: string;
  /** The name to expect in the certificate, when it is not the host of the URL. */
  servername?: string;
  /** False only where a kubeconfig says `insecure-skip-tls-verify`. */
  rejectUnauthorized?: boolean;
}

/** One state of the credentials. A change creates another object, so that identity separates old from new. */
export interface KubeCredentials {
  /** Sent with each request, e.g. `Authorization`. */
  headers: Record<string, string>;
  tls: TlsSettings;
}

/** Where the API server is and how to sign in. Holds no socket. */
export interface KubeConnection {
  /** May have a path, as behind a management proxy. */
  server: URL;
  /** The namespace of the service account or of the kubeconfig's context. */
  namespace?: string;
  /** An HTTP proxy that the kubeconfig names. The environment's proxy settings never apply here. */
  proxyUrl?: string;
  /** The current credentials; read again about every minute. */
  credentials(): Promise<KubeCredentials>;
  /** Called after a 401: reads again, unless that has happened since `refused` was handed out. */
  refresh(refused: KubeCredentials): Promise<KubeCredentials>;
}

/** The path that all paths of an API server come after, `''` where it has none. */
export function basePathOf(server: URL): string {
  return server.pathname.replace(/\/$/, '');
}

/** Service account tokens and CA files are re-read this often, as client-go does. */
const maxAgeMs = durations.kube.credentialAgeMs;

/**
 * Gives credentials out of memory and reads them again when they are older than a minute. Simultaneous callers
 * share one read. While a re-read fails, the last ones that could be read stay in use: kubelet swaps the files.
 *
 * @param load reads the credentials; `fresh` is true after a 401, when no cache below may answer
 */
export function cacheCredentials(
  load: (fresh: boolean) => Promise<KubeCredentials>,
  clock: Clock = systemClock,
): Pick<KubeConnection, 'credentials' | 'refresh'> {
  let current: KubeCredentials | undefined;
  let readAt = 0;
  let reading: Promise<KubeCredentials> | undefined;

  async function read(fresh: boolean): Promise<KubeCredentials> {
    const loaded = await load(fresh);
    readAt = clock.now();
    if (current === undefined || JSON.stringify(current) !== JSON.stringify(loaded)) current = loaded;
    return current;
  }

  function readOnce(fresh: boolean): Promise<KubeCredentials> {
    reading ??= read(fresh).finally(() => {
      reading = undefined;
    });
    return reading;
  }

  return {
    async credentials() {
      if (current === undefined) return readOnce(false);
      if (clock.now() - readAt < maxAgeMs) return current;
      const last = current;
      return readOnce(false).catch(() => last);
    },
    async refresh(refused) {
      return current === undefined || current === refused ? readOnce(true) : current;
    },
  };
}
