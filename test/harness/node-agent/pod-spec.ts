import { z } from 'zod';

/** The parts of a Pod that the agent heeds. https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
export type PodSpec = z.output<typeof podSpec>;
export type Container = PodSpec['containers'][number];
export type Volume = PodSpec['volumes'][number];
export type Probe = z.output<typeof probe>;

const keyRef = z.object({ name: z.string(), key: z.string(), optional: z.boolean().default(false) });
const fieldRef = z.object({ fieldPath: z.string() });
const items = z.array(z.object({ key: z.string(), path: z.string() })).optional();

const probe = z.object({
  httpGet: z.object({ path: z.string().default('/'), port: z.union([z.number(), z.string()]) }),
  periodSeconds: z.number().default(10),
  timeoutSeconds: z.number().default(1),
  failureThreshold: z.number().default(3),
});

const environmentVariable = z.object({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .strictObject({
      fieldRef: fieldRef.optional(),
      secretKeyRef: keyRef.optional(),
      configMapKeyRef: keyRef.optional(),
    })
    .optional(),
});

const identity = { runAsUser: z.int().optional(), runAsGroup: z.int().optional() };

const container = z.object({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).default([]),
  workingDir: z.string().optional(),
  env: z.array(environmentVariable).default([]),
  ports: z.array(z.object({ name: z.string().optional(), containerPort: z.number() })).default([]),
  volumeMounts: z
    .array(z.object({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().default(false) }))
    .default([]),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  securityContext: z.object({ ...identity, readOnlyRootFilesystem: z.boolean().default(false) }).prefault({}),
});

const projection = z.strictObject({
  serviceAccountToken: z
    .object({
      path: z.string(),
      expirationSeconds: z.number().default(3600),
      audience: z.string().optional(),
    })
    .optional(),
  configMap: z.object({ name: z.string(), items }).optional(),
  secret: z.object({ name: z.string(), items }).optional(),
  downwardAPI: z.object({ items: z.array(z.object({ path: z.string(), fieldRef })) }).optional(),
});

const volume = z.strictObject({
  name: z.string(),
  projected: z.object({ sources: z.array(projection) }).optional(),
  configMap: z.object({ name: z.string(), items }).optional(),
  secret: z.object({ secretName: z.string(), items }).optional(),
  emptyDir: z.looseObject({}).optional(),
});

const podSpec = z.object({
  nodeName: z.string().optional(),
  serviceAccountName: z.string().default('default'),
  terminationGracePeriodSeconds: z.number().default(30),
  securityContext: z.object(identity).prefault({}),
  containers: z.array(container).min(1),
  volumes: z.array(volume).default([]),
});

/** Reads a Pod's spec. @throws ZodError for what this agent does not know, rather than to run it in another way */
export function parsePodSpec(spec: unknown): PodSpec {
  return podSpec.parse(spec);
}
