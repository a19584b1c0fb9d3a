import { PORT_PATTERN } from '../../src/lib/port.ts';
import { flagNames } from '../../src/settings.ts';
import { affinity, mount, selector, variableSource, volume } from './kubernetes-schemas.ts';
import { handedThrough, labelValue, list, qualifiedName, type ValueSchema } from './value.ts';

/** Flags that the chart sets from other values, or that make no sense in a Pod. */
const setByTheChart = new Set([
  'workers',
  'log-level',
  'leader-elect',
  'lease-duration',
  'cluster-name',
  'watch-namespaces',
  'cluster-connections',
  'tenant-private-networks',
  'shard-selector',
  'connections',
  'default-connection-file',
  'ca-file',
  'metrics-auth',
  'metrics-cert-file',
  'metrics-key-file',
  'operator-namespace',
  'pod-name',
]);

const address = `([A-Za-z0-9.-]*|\\[[0-9a-f:.]+\\]):${PORT_PATTERN}`;

/** What a flag takes, where that is easily said. */
const flagValues: Record<string, string> = {
  'metrics-address': address,
  'probe-address': address,
  // Up to 10m, which is easily said of one unit only.
  'refusal-window': '(([0-9]|10)m|[0-9]m[0-5]?[0-9]s|([0-9]{1,2}|[1-5][0-9]{2}|600)s)',
  'traces-endpoint': `https?://([^\\s@/:\\[\\]]+|\\[[0-9A-Fa-f:.]+\\])(:${PORT_PATTERN})?(/[^\\s@]*)?`,
  'traces-sample-ratio': '(0(\\.[0-9]+)?|1(\\.0+)?)',
};

const anyFlag = flagNames
  .filter((name) => !setByTheChart.has(name))
  .map((name) => `${name}=${flagValues[name] ?? '.+'}`)
  .join('|');

const anyObject: ValueSchema = { type: 'object' };
const labelKey: ValueSchema = { type: 'string', pattern: qualifiedName };

/** An amount of a resource: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/. */
const amounts: ValueSchema = {
  type: 'object',
  additionalProperties: false,
  patternProperties: {
    '^(cpu|memory|ephemeral-storage|hugepages-[0-9]+[KMGT]i|[a-z0-9.-]+/[A-Za-z0-9._-]+)$': {
      type: ['string', 'integer'],
      minimum: 0,
      pattern: '^[0-9]+(\\.[0-9]*)?([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$',
    },
  },
};

const variable: ValueSchema = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', pattern: '^[-._a-zA-Z][-._a-zA-Z0-9]*$' },
    value: { type: 'string' },
    valueFrom: variableSource,
  },
  not: { required: ['value', 'valueFrom'] },
};

const toleration: ValueSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    key: labelKey,
    operator: { type: 'string', enum: ['Exists', 'Equal', 'Lt', 'Gt'] },
    value: labelValue,
    effect: { type: 'string', enum: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] },
    tolerationSeconds: { type: 'integer' },
  },
  allOf: [
    // Without a key it is for every taint.
    {
      anyOf: [
        { required: ['key'] },
        { required: ['operator'], properties: { operator: { enum: ['Exists'] } } },
      ],
    },
    {
      anyOf: [
        { not: { required: ['value'] } },
        { properties: { operator: { enum: ['Equal', 'Lt', 'Gt'] } } },
      ],
    },
    {
      anyOf: [
        { not: { required: ['tolerationSeconds'] } },
        { required: ['effect'], properties: { effect: { enum: ['NoExecute'] } } },
      ],
    },
  ],
};

const spreadConstraint: ValueSchema = {
  type: 'object',
  required: ['maxSkew', 'topologyKey', 'whenUnsatisfiable'],
  additionalProperties: false,
  properties: {
    maxSkew: { type: 'integer', minimum: 1 },
    topologyKey: labelKey,
    whenUnsatisfiable: { type: 'string', enum: ['DoNotSchedule', 'ScheduleAnyway'] },
    labelSelector: selector,
    matchLabelKeys: { type: 'array', items: labelKey, uniqueItems: true },
    minDomains: { type: 'integer', minimum: 1 },
    nodeAffinityPolicy: { type: 'string', enum: ['Honor', 'Ignore'] },
    nodeTaintsPolicy: { type: 'string', enum: ['Honor', 'Ignore'] },
  },
  anyOf: [
    { not: { required: ['minDomains'] } },
    { properties: { whenUnsatisfiable: { enum: ['DoNotSchedule'] } } },
  ],
};

/**
 * The values that are parts of a Pod. What the API server would refuse is refused by the chart, as far as it is easily
 * said.
 */
export const podValues = {
  extraArgs: list(
    'Further flags of the operator, such as --refusal-window=2m. Those that the chart sets have separate values.',
    { type: 'string', pattern: `^--(${anyFlag})$` },
  ),
  extraEnv: list('Further environment variables of the container.', variable),
  extraVolumes: list('Further volumes of the Pods.', volume),
  extraVolumeMounts: list('Further mounts of the container.', mount),
  resources: {
    ...handedThrough('Resources of the container. 10,000 integrations need less than 250 MB of memory.', {
      requests: { cpu: '50m', memory: '128Mi' },
      limits: { memory: '512Mi' },
    }),
    additionalProperties: false,
    properties: { requests: amounts, limits: amounts, claims: { type: 'array', items: anyObject } },
  },
  tolerations: list('Taints that the Pods tolerate.', toleration),
  affinity: {
    ...handedThrough('Affinity of the Pods.'),
    additionalProperties: false,
    properties: affinity,
  },
  topologySpreadConstraints: list(
    'How the Pods spread. A constraint without labelSelector gets that of its Deployment.',
    spreadConstraint,
    [
      { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
      { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
    ],
  ),
} satisfies Record<string, ValueSchema>;
