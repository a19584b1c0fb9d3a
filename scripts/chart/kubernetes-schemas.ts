import {
  dnsLabel,
  givenDataKey,
  givenName,
  labelValue,
  port,
  qualifiedName,
  type ValueSchema,
} from './value.ts';

/*
 * The parts of Kubernetes' kinds that values hand through, as far as administrators write them: so that a wrong one is
 * refused with the name of the value, and not later with a path in an object that they never saw.
 * https://kubernetes.io/docs/reference/kubernetes-api/
 */

const string: ValueSchema = { type: 'string' };
const flag: ValueSchema = { type: 'boolean' };
const strings: ValueSchema = { type: 'array', items: string };
const id: ValueSchema = { type: 'integer', minimum: 0, maximum: 2_147_483_647 };

/** An object with these fields and no others. */
function fields(properties: Record<string, ValueSchema>, required: string[] = []): ValueSchema {
  return { type: 'object', additionalProperties: false, properties, required };
}

const key: ValueSchema = { type: 'string', pattern: qualifiedName };

/** A LabelSelector. */
export const selector = fields({
  matchLabels: {
    type: 'object',
    patternProperties: { [qualifiedName]: labelValue },
    additionalProperties: false,
  },
  matchExpressions: {
    type: 'array',
    items: {
      ...fields({ key, operator: string, values: { type: 'array', items: labelValue } }, ['key', 'operator']),
      anyOf: [
        {
          properties: { operator: { enum: ['In', 'NotIn'] }, values: { minItems: 1 } },
          required: ['values'],
        },
        { properties: { operator: { enum: ['Exists', 'DoesNotExist'] }, values: { maxItems: 0 } } },
      ],
    },
  },
});

const octet = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
/** A block of addresses, in a regular expression. What is inside of one of IPv6 is left to the API server. */
export const cidrPattern = `((${octet}\\.){3}${octet}/([12]?[0-9]|3[0-2])|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))`;
const cidr: ValueSchema = { type: 'string', pattern: `^${cidrPattern}$` };

/** A NetworkPolicyPeer. */
export const peer: ValueSchema = {
  ...fields({
    podSelector: selector,
    namespaceSelector: selector,
    ipBlock: fields({ cidr, except: { type: 'array', items: cidr } }, ['cidr']),
  }),
  anyOf: ['podSelector', 'namespaceSelector', 'ipBlock'].map((name) => ({ required: [name] })),
  not: {
    required: ['ipBlock'],
    anyOf: [{ required: ['podSelector'] }, { required: ['namespaceSelector'] }],
  },
};

const policyPort: ValueSchema = {
  ...fields({
    // A number, or the name of a port.
    port: {
      type: ['integer', 'string'],
      minimum: 1,
      maximum: 65_535,
      pattern: '^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$',
    },
    endPort: port,
    protocol: { type: 'string', enum: ['TCP', 'UDP', 'SCTP'] },
  }),
  anyOf: [
    { not: { required: ['endPort'] } },
    { required: ['port'], properties: { port: { type: 'integer' } } },
  ],
};

/** A rule of a NetworkPolicy. */
export const policyRule = (direction: 'to' | 'from'): ValueSchema =>
  fields({
    ports: { type: 'array', items: policyPort },
    [direction]: { type: 'array', items: peer },
  });

const optionalRef = { name: givenName, key: givenDataKey, optional: flag };

/** One source of an environment variable. */
export const variableSource: ValueSchema = {
  ...fields({
    fieldRef: fields(
      {
        apiVersion: string,
        fieldPath: {
          type: 'string',
          pattern:
            "^(metadata\\.(name|namespace|uid|(labels|annotations)\\['[^']+'\\])|spec\\.(nodeName|serviceAccountName)|status\\.(hostIPs?|podIPs?))$",
        },
      },
      ['fieldPath'],
    ),
    resourceFieldRef: fields(
      { containerName: string, resource: string, divisor: { type: ['string', 'integer'] } },
      ['resource'],
    ),
    configMapKeyRef: fields(optionalRef, ['name', 'key']),
    secretKeyRef: fields(optionalRef, ['name', 'key']),
    fileKeyRef: { type: 'object' },
  }),
  minProperties: 1,
  maxProperties: 1,
};

/** https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/volume/ */
const volumeSources = [
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'gitRepo',
  'glusterfs',
  'hostPath',
  'image',
  'iscsi',
  'nfs',
  'persistentVolumeClaim',
  'photonPersistentDisk',
  'portworxVolume',
  'projected',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
];

/** A volume: a name and one source. */
export const volume: ValueSchema = {
  ...fields(
    {
      name: dnsLabel,
      ...Object.fromEntries(volumeSources.map((name) => [name, { type: 'object' } as const])),
    },
    ['name'],
  ),
  // Without a source it is an emptyDir.
  maxProperties: 2,
};

/** A path inside of a volume: relative, and not out of it. */
const inside: ValueSchema = { type: 'string', not: { pattern: '^/|(^|/)\\.\\.(/|$)' } };

/** A mount of the container. */
export const mount: ValueSchema = {
  ...fields(
    {
      name: dnsLabel,
      mountPath: { type: 'string', pattern: '^[^:]+$' },
      subPath: inside,
      subPathExpr: inside,
      readOnly: flag,
      recursiveReadOnly: { type: 'string', enum: ['Disabled', 'IfPossible', 'Enabled'] },
      mountPropagation: { type: 'string', enum: ['None', 'HostToContainer', 'Bidirectional'] },
    },
    ['name', 'mountPath'],
  ),
  not: { required: ['subPath', 'subPathExpr'] },
};

const profile = fields({
  type: { type: 'string', enum: ['RuntimeDefault', 'Unconfined', 'Localhost'] },
  localhostProfile: string,
});
const userIds = {
  // null takes a default of the chart out.
  runAsUser: orNull(id),
  runAsGroup: orNull(id),
  runAsNonRoot: orNull(flag),
  seccompProfile: orNull(profile),
  appArmorProfile: orNull(profile),
  seLinuxOptions: orNull(fields({ level: string, role: string, type: string, user: string })),
  windowsOptions: { type: ['object', 'null'] },
} satisfies Record<string, ValueSchema>;

/** The security context of Pods. */
export const podSecurity: Record<string, ValueSchema> = {
  ...userIds,
  fsGroup: orNull(id),
  fsGroupChangePolicy: orNull({ type: 'string', enum: ['Always', 'OnRootMismatch'] }),
  supplementalGroups: orNull({ type: 'array', items: id }),
  supplementalGroupsPolicy: orNull({ type: 'string', enum: ['Merge', 'Strict'] }),
  seLinuxChangePolicy: orNull({ type: 'string', enum: ['MountOption', 'Recursive'] }),
  sysctls: { type: ['array', 'null'] },
};

/** The security context of a container. */
export const containerSecurity: Record<string, ValueSchema> = {
  ...userIds,
  allowPrivilegeEscalation: orNull(flag),
  readOnlyRootFilesystem: orNull(flag),
  privileged: orNull(flag),
  procMount: orNull({ type: 'string', enum: ['Default', 'Unmasked'] }),
  capabilities: orNull(fields({ add: strings, drop: strings })),
};

function orNull({ type = 'string', enum: words, ...rest }: ValueSchema): ValueSchema {
  const types = Array.isArray(type) ? type : [type];
  return { type: [...types, 'null'], ...(words && { enum: [...words, null] }), ...rest };
}

const terms = (item: ValueSchema): ValueSchema => ({ type: 'array', items: item });
const weight: ValueSchema = { type: 'integer', minimum: 1, maximum: 100 };
const nodeRequirement: ValueSchema = fields(
  {
    key: string,
    operator: { type: 'string', enum: ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'] },
    values: strings,
  },
  ['key', 'operator'],
);
const nodeTerm = fields({ matchExpressions: terms(nodeRequirement), matchFields: terms(nodeRequirement) });
const podTerm = fields(
  {
    labelSelector: selector,
    namespaceSelector: selector,
    namespaces: strings,
    topologyKey: key,
    matchLabelKeys: strings,
    mismatchLabelKeys: strings,
  },
  ['topologyKey'],
);
const podAffinity = fields({
  requiredDuringSchedulingIgnoredDuringExecution: terms(podTerm),
  preferredDuringSchedulingIgnoredDuringExecution: terms(
    fields({ weight, podAffinityTerm: podTerm }, ['weight', 'podAffinityTerm']),
  ),
});

/** What an affinity consists of. */
export const affinity: Record<string, ValueSchema> = {
  nodeAffinity: fields({
    requiredDuringSchedulingIgnoredDuringExecution: fields(
      { nodeSelectorTerms: { ...terms(nodeTerm), minItems: 1 } },
      ['nodeSelectorTerms'],
    ),
    preferredDuringSchedulingIgnoredDuringExecution: terms(
      fields({ weight, preference: nodeTerm }, ['weight', 'preference']),
    ),
  }),
  podAffinity,
  podAntiAffinity: podAffinity,
};
