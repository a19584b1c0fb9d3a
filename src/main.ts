import { readFile } from 'node:fs/promises';
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import {
  DefaultConnectionError,
  parseDefaultConnection,
} from './controllers/codemie-connection/default-connection.ts';
import { KubeConfigError } from './kube/errors.ts';
import { errorFields, type Log } from './kube/log.ts';
import { durations } from './lib/durations.ts';
import { startMetricsServer } from './metrics-server.ts';
import { CaBundleError } from './net/ca-bundle.ts';
import { createExposition } from './observability/exposition.ts';
import { probeHandler } from './observability/http-handlers.ts';
import { ListenError, listen } from './observability/listen.ts';
import { createLog } from './observability/log.ts';
import { noTracing, type Tracing } from './observability/tracing.ts';
import { createOperator, type Operator } from './operator.ts';
import { readSettings, type Settings, SettingsError, settingsHelp } from './settings.ts';

/** Longest time from the signal to the end. The kubelet kills after 30 s by default. */
const stopWithinMs = durations.operator.stopMs;

/** Node gives up each of several addresses of a name but the last after 250 ms, less than a handshake on a slow way takes. */
const addressAttemptMs = durations.operator.addressAttemptMs;

/**
 * The process: settings, log, signals, probes, exit code. What the operator is made of is in `operator.ts`.
 */
async function main(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(settingsHelp());
    return 0;
  }
  const settings = readSettings(args, env);
  setDefaultAutoSelectFamilyAttemptTimeout(addressAttemptMs);
  const ca = settings.caFile === undefined ? [] : [await readFile(settings.caFile, 'utf8')];
  const tracing = await startTracing(settings, ca, () => log);
  const log: Log = createLog(settings.logLevel, { fields: tracing.logFields });
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      log.info({ signal }, 'Stopping');
      setTimeout(() => process.exit(1), stopWithinMs).unref();
      stop.abort(new Error(`The process got ${signal}.`));
    });

  const exposition = createExposition();
  const defaultConnection =
    settings.defaultConnectionFile === undefined
      ? undefined
      : parseDefaultConnection(await readFile(settings.defaultConnectionFile, 'utf8'));
  let operator: Operator | undefined;
  // Before the operator: it may have to wait for its permissions, alive and not ready.
  const health = { alive: () => operator?.alive() ?? true, ready: () => operator?.ready() ?? false };
  const probes = await listen(probeHandler(health), settings.probeAddress);
  log.info({ address: probes.address }, 'Serving probes');
  const metrics = await startMetricsServer({ settings, exposition, log, now: Date.now });
  log.info({ address: metrics.address }, 'Serving metrics');
  try {
    operator = await createOperator({
      settings,
      ca,
      defaultConnection,
      exposition,
      tracing,
      log,
      now: Date.now,
      signal: stop.signal,
    });
    await operator.run(stop.signal);
  } catch (error) {
    // Asked to stop while it was waiting for its permissions.
    if (operator !== undefined || !stop.signal.aborted) throw error;
  } finally {
    await Promise.all([probes.close(), metrics.close(), tracing.stop()]);
  }
  log.info({}, 'Stopped');
  return 0;
}

/** Without an endpoint nothing of OpenTelemetry is loaded. */
async function startTracing(settings: Settings, ca: readonly string[], log: () => Log): Promise<Tracing> {
  const { tracesEndpoint: endpoint } = settings;
  if (endpoint === undefined) return noTracing;
  const { createOtlpTracing } = await import('./observability/otlp-tracing.ts');
  const onTrouble = (error: unknown): void => log().warn(errorFields(error), 'Traces could not be sent');
  return createOtlpTracing({ settings, endpoint, ca, now: Date.now, onTrouble });
}

try {
  process.exitCode = await main(process.argv.slice(2), process.env);
} catch (error) {
  const plain =
    error instanceof SettingsError ||
    error instanceof DefaultConnectionError ||
    error instanceof KubeConfigError ||
    error instanceof CaBundleError ||
    error instanceof ListenError;
  if (plain) process.stderr.write(`${error.message}\n`);
  else createLog('info').error(errorFields(error), 'The operator failed');
  process.exit(1);
}
