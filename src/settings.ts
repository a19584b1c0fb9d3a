import { parseArgs } from 'node:util';
import { z } from 'zod';
import { durationMs, isDuration } from './api/duration-text.ts';
import { type LabelSelector, parseLabelSelector } from './lib/label-selector.ts';
import { hasPortOrNone, isPort } from './lib/port.ts';
import { checkNoProxy, ProxySettingError, type ProxySettings, readProxyUrl } from './net/proxy.ts';

/** Where a server of ours listens. An empty host means every address, port 0 a free one. */
const address = z
  .string()
  .regex(/^(\[[0-9a-f:.]+\]|[a-zA-Z0-9.-]*):[^:]*$/, 'must be HOST:PORT or :PORT')
  .transform((text) => {
    const colon = text.lastIndexOf(':');
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: text.slice(colon + 1) };
  })
  .refine(({ port }) => port === '0' || isPort(port), 'must have a port from 1 to 65535, or 0 for a free one')
  .transform(({ host, port }) => ({ host, port: Number(port) }));

const yesOrNo = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');

/** Milliseconds. Shorter leases are lost by a pause of the machine; Leases are kept in whole seconds. */
const leaseDuration = z
  .string()
  .default('15s')
  .refine(isDuration, { message: 'must be a duration such as 15s', abort: true })
  .transform(durationMs)
  .refine((ms) => ms >= 3_000 && ms <= 3_600_000, 'must be 3s to 1h');

/** Milliseconds. */
const refusalWindow = z
  .string()
  .default('90s')
  .refine(isDuration, { message: 'must be a duration such as 90s', abort: true })
  .transform(durationMs)
  .refine((ms) => ms <= 600_000, 'must be 0s to 10m');

/** Names of namespaces: DNS labels, each once. */
const namespaceNames = z
  .string()
  .transform((text) => [...new Set(text.split(',').map((name) => name.trim()))].toSorted())
  .refine(
    (names) => names.every((name) => name.length <= 63 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)),
    {
      message: 'must be names of namespaces, such as team-a,team-b',
    },
  );

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text) || !hasPortOrNone(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
}

const labelSelector = z.string().transform((text, context): LabelSelector => {
  try {
    return parseLabelSelector(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

/**
 * Every setting: its flag is the key in kebab-case (`--metrics-address`), its environment variable the key in
 * capitals after `CODEMIE_OPERATOR_` (`CODEMIE_OPERATOR_METRICS_ADDRESS`). A flag wins over the environment.
 */
const settingsSchema = z.strictObject({
  kubeconfig: z
    .string()
    .optional()
    .describe('Path of a kubeconfig. Default: KUBECONFIG, else the service account.'),
  serviceAccountDirectory: z
    .string()
    .optional()
    .describe(
      'Folder with token, ca.crt and namespace of the service account. Default: where the kubelet mounts it.',
    ),
  context: z.string().optional().describe('Context of the kubeconfig. Default: its current one.'),
  operatorNamespace: z
    .string()
    .default('codemie-system')
    .describe(
      'Namespace of this operator: Secrets of ClusterCodeMieConnections are read here. Default: codemie-system.',
    ),
  clusterName: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,63}$/, 'must be 1-63 letters, digits, dots, dashes or underscores')
    .optional()
    .describe('Name of this cluster in owner marks. Default: the UID of the namespace kube-system.'),
  watchNamespaces: namespaceNames
    .optional()
    .describe(
      'Names of the namespaces to work in, with commas between them; needs rights in these only, and --cluster-name. Default: all of them.',
    ),
  clusterConnections: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .describe(
      'Whether to follow ClusterCodeMieConnections, which at most one operator of a cluster may: true or false. Default: true without --watch-namespaces, else false.',
    ),
  workers: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .default(4)
    .describe('Reconciles at the same time per kind. Default: 4.'),
  metricsAddress: address.prefault(':8080').describe('Where /metrics is served. Default: :8080.'),
  metricsAuth: z
    .enum(['none', 'kubernetes'])
    .default('none')
    .describe(
      'Who may read /metrics. none: anyone who can reach the port. kubernetes: bearers of a token that the API server lets GET /metrics, over TLS. Default: none.',
    ),
  metricsCertFile: z
    .string()
    .optional()
    .describe(
      'PEM file of the certificate for /metrics, read again when it changes. Default: none; with --metrics-auth=kubernetes, one that exists in memory only.',
    ),
  metricsKeyFile: z.string().optional().describe('PEM file of the private key of that certificate.'),
  probeAddress: address.prefault(':8081').describe('Where /healthz and /readyz are served. Default: :8081.'),
  caFile: z
    .string()
    .optional()
    .describe('PEM file of certificate authorities to trust besides the system roots.'),
  defaultConnectionFile: z
    .string()
    .optional()
    .describe(
      'YAML file with the spec of the ClusterCodeMieConnection default, which the operator then makes and keeps so. Read at the start. Default: none.',
    ),
  leaderElect: yesOrNo.describe(
    'Whether to work only while holding a Lease in its namespace, so that several replicas can be on standby: true or false. Default: false.',
  ),
  leaseDuration: leaseDuration.describe(
    'How long other replicas wait for a leader that is silent: 3s to 1h. It stops working itself after two thirds. Default: 15s.',
  ),
  shardSelector: labelSelector
    .optional()
    .describe('Label selector of the GitIntegrations to work on. Default: all of them.'),
  connections: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .describe(
      'Whether to reconcile connections, which exactly one shard must do: true or false. Default: true without --shard-selector, else false.',
    ),
  refusalWindow: refusalWindow.describe(
    'How long to recheck with a Git provider that rejects a credential without a reason, before the credential is reported as rejected: 0s to 10m. Default: 90s.',
  ),
  tenantPrivateNetworks: yesOrNo.describe(
    'Whether a CodeMieConnection of a namespace may allow private addresses: true or false. Default: false.',
  ),
  podName: z
    .string()
    .default('operator')
    .describe('Name of this process in Leases and events. Default: POD_NAME, else operator.'),
  tracesEndpoint: z
    .string()
    .refine(isPlainUrl, 'must be an http or https URL without user name, with a port from 1 to 65535 or none')
    .optional()
    .describe(
      'Where traces are sent, as OTLP over HTTP: the whole URL. Default: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, else OTEL_EXPORTER_OTLP_ENDPOINT with v1/traces, else nowhere.',
    ),
  tracesSampleRatio: z.coerce
    .number('must be a number from 0 to 1, and OTEL_TRACES_SAMPLER the name of a sampler')
    .min(0)
    .max(1)
    .default(1)
    .describe('Share of passes that are traced, 0 to 1. Default: OTEL_TRACES_SAMPLER, else 1.'),
  serviceName: z
    .string()
    .default('codemie-git-operator')
    .describe('Name of this process in traces. Default: OTEL_SERVICE_NAME, else codemie-git-operator.'),
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least level that is logged. Default: info.'),
});

/** The settings of one process. */
export type Settings = z.output<typeof settingsSchema> & {
  connections: boolean;
  clusterConnections: boolean;
  proxy: ProxySettings;
  /** Where the API server is as seen from a Pod; absent elsewhere. */
  inCluster?: { host: string; port: string; directory?: string };
};

/** Settings that can't be used. The message is for the person at the terminal. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Reads flags and environment once, at start. Nothing else in the program reads them.
 *
 * @throws SettingsError naming the flag and what it must be; values are not repeated, they may be secret
 */
export function readSettings(args: string[], env: NodeJS.ProcessEnv): Settings {
  const keys = Object.keys(settingsSchema.shape);
  const options = Object.fromEntries(keys.map((key) => [kebab(key), { type: 'string' as const }]));
  const flags = parseFlags(args, options);
  const given = keys.map((key) => [
    key,
    flags[kebab(key)] ?? nonEmpty(env[variable(key)]) ?? conventional(key, env),
  ]);
  const parsed = settingsSchema.safeParse(
    Object.fromEntries(given.filter(([, value]) => value !== undefined)),
  );
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new SettingsError(`--${kebab(String(issue?.path[0]))}: ${issue?.message ?? 'is not valid'}.`);
  }
  const host = nonEmpty(env['KUBERNETES_SERVICE_HOST']);
  const { serviceAccountDirectory: directory } = parsed.data;
  const inCluster = host && {
    host,
    port: env['KUBERNETES_SERVICE_PORT'] ?? '443',
    ...(directory !== undefined && { directory }),
  };
  const { watchNamespaces, clusterName, shardSelector } = parsed.data;
  if (watchNamespaces && clusterName === undefined)
    throw new SettingsError(
      '--cluster-name: must be set with --watch-namespaces, which leaves no right to look the name up.',
    );
  const { connections = shardSelector === undefined, clusterConnections = !watchNamespaces } = parsed.data;
  if (parsed.data.defaultConnectionFile !== undefined && !clusterConnections)
    throw new SettingsError(
      '--default-connection-file: holds a ClusterCodeMieConnection, which is followed only with --cluster-connections=true.',
    );
  const { metricsCertFile, metricsKeyFile } = parsed.data;
  if ((metricsCertFile === undefined) !== (metricsKeyFile === undefined))
    throw new SettingsError('--metrics-cert-file: goes with --metrics-key-file; set both or neither.');
  return {
    ...parsed.data,
    connections,
    clusterConnections,
    proxy: readProxy(env),
    ...(inCluster && { inCluster }),
  };
}

/** The name of every flag, without dashes. */
export const flagNames: readonly string[] = Object.keys(settingsSchema.shape).map(kebab);

/** The text of `--help`. */
export function settingsHelp(): string {
  const lines = Object.entries(settingsSchema.shape).map(
    ([key, schema]) => `  --${kebab(key).padEnd(20)} ${schema.description ?? ''}`,
  );
  return `codemie-git-operator\n\n${lines.join('\n')}\n`;
}

function parseFlags(
  args: string[],
  options: Record<string, { type: 'string' }>,
): Record<string, string | undefined> {
  try {
    return z.record(z.string(), z.string().optional()).parse(parseArgs({ args, options }).values);
  } catch (error) {
    const sentence = error instanceof Error ? error.message.split('. ')[0] : 'The flags cannot be read';
    throw new SettingsError(`${sentence}. See --help.`, { cause: error });
  }
}

/** Variables that other programs agree on, and the names that the downward API is given in our manifests. */
function conventional(key: string, env: NodeJS.ProcessEnv): string | undefined {
  if (key === 'kubeconfig') return nonEmpty(env['KUBECONFIG']);
  if (key === 'podName') return nonEmpty(env['POD_NAME']);
  if (key === 'operatorNamespace') return nonEmpty(env['POD_NAMESPACE']);
  if (key === 'tracesEndpoint') return tracesEndpoint(env);
  if (key === 'tracesSampleRatio') return tracesSampleRatio(env);
  if (key === 'serviceName') return nonEmpty(env['OTEL_SERVICE_NAME']);
  return undefined;
}

/** https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp */
function tracesEndpoint(env: NodeJS.ProcessEnv): string | undefined {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none')
    return undefined;
  const base = nonEmpty(env['OTEL_EXPORTER_OTLP_ENDPOINT']);
  return (
    nonEmpty(env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) ?? (base && `${base.replace(/\/$/, '')}/v1/traces`)
  );
}

/** Every trace begins here, so it does not matter what a sampler would do with a parent. */
function tracesSampleRatio(env: NodeJS.ProcessEnv): string | undefined {
  const sampler = nonEmpty(env['OTEL_TRACES_SAMPLER'])?.replace(/^parentbased_/, '');
  if (sampler === 'always_on') return '1';
  if (sampler === 'always_off') return '0';
  return sampler === 'traceidratio' ? (nonEmpty(env['OTEL_TRACES_SAMPLER_ARG']) ?? '1') : sampler;
}

/**
 * The proxy variables that HTTP clients honour by convention, in capitals or small letters. `ALL_PROXY` is not one of
 * them, as in Go programs.
 *
 * @throws SettingsError that names the variable, and not its value
 */
export function readProxy(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const read = <T>(name: string, parse: (text: string) => T): T | undefined => {
    const given = [name, name.toLowerCase()].find((each) => nonEmpty(env[each]?.trim()) !== undefined);
    try {
      return given === undefined ? undefined : parse(env[given] ?? '');
    } catch (error) {
      if (!(error instanceof ProxySettingError)) throw error;
      // The value may hold a password, and so may the cause of the error.
      throw new SettingsError(`${given} ${error.message}.`);
    }
  };
  const httpsProxy = read('HTTPS_PROXY', readProxyUrl);
  const httpProxy = read('HTTP_PROXY', readProxyUrl);
  const noProxy = read('NO_PROXY', (text) => {
    checkNoProxy(text);
    return text;
  });
  return { ...(httpsProxy && { httpsProxy }), ...(httpProxy && { httpProxy }), ...(noProxy && { noProxy }) };
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function variable(key: string): string {
  return `CODEMIE_OPERATOR_${kebab(key).replaceAll('-', '_').toUpperCase()}`;
}
