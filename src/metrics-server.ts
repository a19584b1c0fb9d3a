import { loadKubeConnection } from './kube/kube-config.ts';
import { errorFields, type Log } from './kube/log.ts';
import { createKubeClient } from './kube/rest-client.ts';
import { authenticate, mayGet } from './kube/token-review.ts';
import type { Exposition } from './observability/exposition.ts';
import { metricsHandler } from './observability/http-handlers.ts';
import { listen } from './observability/listen.ts';
import { createMetricsAccess, type MetricsAccess } from './observability/metrics-access.ts';
import {
  followServingCertificate,
  readServingCertificate,
  type ServingCertificate,
} from './observability/serving-certificate.ts';
import { operatorName } from './operator-deps.ts';
import type { Settings } from './settings.ts';

/** Options for {@link startMetricsServer}. */
export interface MetricsServerOptions {
  settings: Settings;
  exposition: Exposition;
  log: Log;
  /** Epoch milliseconds. */
  now: () => number;
}

/** The server of `/metrics`, which is up. */
export interface MetricsServer {
  /** `host:port`. */
  address: string;
  close(): Promise<void>;
}

/**
 * Serves `/metrics` as the settings say: to everyone, or to those whom the API server lets GET `/metrics`. Tokens
 * travel encrypted only, so that with authentication there is TLS, by a mounted certificate or one made for this process.
 *
 * @throws Error when a certificate was named and can't be used; KubeConfigError when no API server is known to ask
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { settings, exposition, log, now } = options;
  const reviewer = settings.metricsAuth === 'kubernetes' ? await createReviewer(options) : undefined;
  const { metricsCertFile: certFile, metricsKeyFile: keyFile } = settings;
  const files = certFile !== undefined && keyFile !== undefined ? { certFile, keyFile } : undefined;
  const certificate = files ? await readServingCertificate(files) : reviewer && (await selfSigned(now()));
  const handler = metricsHandler({
    contentType: exposition.registry.contentType,
    text: exposition.text,
    ...(reviewer && { access: reviewer.access }),
  });
  const server = await listen(handler, settings.metricsAddress, certificate);
  const unfollow =
    files &&
    certificate &&
    followServingCertificate(files, certificate, {
      onChange: (next) => {
        server.setCertificate(next);
        log.info({}, 'Serving metrics with a new certificate');
      },
      onFailure: (error) =>
        log.warn(errorFields(error), 'The certificate for metrics could not be read again'),
    });
  return {
    address: server.address,
    async close() {
      unfollow?.();
      await Promise.all([server.close(), reviewer?.close()]);
    },
  };
}

/** Loaded only where it is needed, with all that belongs to certificates. */
async function selfSigned(nowMs: number): Promise<ServingCertificate> {
  const { makeSelfSigned } = await import('./observability/self-signed.ts');
  return await makeSelfSigned(operatorName, nowMs);
}

/** A separate client: replicas on standby serve metrics, too, and the operator's own client must not write there. */
async function createReviewer({
  settings,
  log,
  now,
}: MetricsServerOptions): Promise<{ access: MetricsAccess; close(): Promise<void> }> {
  const { kubeconfig, context, inCluster } = settings;
  const client = createKubeClient({
    connection: await loadKubeConnection({
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(context !== undefined && { context }),
      ...(inCluster && { inCluster }),
    }),
    userAgent: operatorName,
  });
  let failing = false;
  const access = createMetricsAccess({
    now,
    async review(token, signal) {
      const user = await authenticate(client, token, signal);
      const allowed = user && (await mayGet(client, user, '/metrics', signal));
      failing = false;
      if (!user) return 'unauthenticated';
      return allowed ? 'allowed' : 'forbidden';
    },
    onFailure(error) {
      if (!failing)
        log.warn(errorFields(error), 'Access to metrics can not be checked, so that all reads are rejected');
      failing = true;
    },
  });
  return { access, close: () => client.close() };
}
