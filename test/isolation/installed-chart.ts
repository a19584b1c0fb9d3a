import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { chartFolder, helm } from '../harness/helm.ts';
import { kubectl } from '../harness/kubectl.ts';

/** What the chart gives the cluster and the operator's container. */
export interface InstalledChart {
  /** Flags of the container, as the chart writes them. */
  args: string[];
  /** The container's memory limit, in MiB. */
  memoryLimitMiB: number;
  /** Name of the operator's ServiceAccount. */
  serviceAccount: string;
  /** Deletes the cluster-scoped and namespaced objects again. */
  uninstall(): Promise<void>;
}

export interface ChartOptions {
  /** An administrator's kubeconfig. */
  kubeconfig: string;
  /** The operator's namespace. */
  system: string;
  /** Values besides the chart's defaults. */
  values: Record<string, unknown>;
}

/** The chart's objects that give rights or refuse what users write. */
const applied = new Set([
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
]);

/**
 * Applies the accounts, roles and admission policies that the real Helm renders from the chart, and returns how the
 * Deployment would start the operator. The CRDs are those that the control plane has already.
 */
export async function installChart({ kubeconfig, system, values }: ChartOptions): Promise<InstalledChart> {
  const manifests = await render(system, values);
  const documents = parseAllDocuments(manifests)
    .map((document) => manifestSchema.parse(document.toJS() ?? { kind: '' }))
    .filter(({ kind }) => kind !== '');
  const list = {
    apiVersion: 'v1',
    kind: 'List',
    items: documents.filter(({ kind }) => applied.has(kind)),
  };
  const input = JSON.stringify(list);
  await succeed(kubeconfig, ['apply', '-f', '-'], input);
  await aggregate(kubeconfig);
  const deployment = deploymentSchema.parse(documents.find(({ kind }) => kind === 'Deployment'));
  const { serviceAccountName, containers } = deployment.spec.template.spec;
  const [container] = containers;
  return {
    args: container.args,
    memoryLimitMiB: Number(container.resources.limits.memory.slice(0, -2)),
    serviceAccount: serviceAccountName,
    uninstall: () => succeed(kubeconfig, ['delete', '--ignore-not-found', '-f', '-'], input).then(() => {}),
  };
}

const manifestSchema = z.looseObject({ kind: z.string() });
const deploymentSchema = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        serviceAccountName: z.string(),
        containers: z.tuple([
          z.object({
            args: z.array(z.string()),
            resources: z.object({ limits: z.object({ memory: z.string().regex(/^\d+Mi$/) }) }),
          }),
        ]),
      }),
    }),
  }),
});

async function render(system: string, values: Record<string, unknown>): Promise<string> {
  const { code, stdout, stderr } = await helm([
    'template',
    system,
    chartFolder,
    `--namespace=${system}`,
    '--set=crds.install=false',
    `--set=fullnameOverride=${system}`,
    ...Object.entries(values).flatMap(([key, value]) => ['--set-json', `${key}=${JSON.stringify(value)}`]),
  ]);
  if (code !== 0) throw new Error(`helm failed: ${stderr}`);
  return stdout;
}

/**
 * Fills the roles view, edit and admin, as the controller manager does in a cluster that has one: the API server alone
 * leaves them empty.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
 */
async function aggregate(kubeconfig: string): Promise<void> {
  for (const role of ['view', 'edit', 'admin']) {
    const label = `rbac.authorization.k8s.io/aggregate-to-${role}=true`;
    const found = await succeed(kubeconfig, ['get', 'clusterroles', '-l', label, '-o', 'json']);
    const { items } = rolesSchema.parse(JSON.parse(found));
    const rules = items.flatMap((item) => item.rules ?? []);
    await succeed(kubeconfig, [
      'patch',
      'clusterrole',
      role,
      '--type=merge',
      '-p',
      JSON.stringify({ rules }),
    ]);
  }
}

const rolesSchema = z.object({ items: z.array(z.object({ rules: z.array(z.unknown()).nullish() })) });

/** Runs kubectl as the administrator. @throws Error with what it wrote, when it fails */
export async function succeed(kubeconfig: string, args: string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await kubectl(args, { kubeconfig, ...(input && { input }) });
  if (code !== 0) throw new Error(`kubectl ${args[0]} failed: ${stderr.slice(0, 2_000)}`);
  return stdout;
}

/** What the kubelet mounts into a Pod, and the environment that leads there. */
export async function serverOf(kubeconfig: string): Promise<{ host: string; port: string; ca: string }> {
  const config = kubeconfigSchema.parse(parseAllDocuments(await readFile(kubeconfig, 'utf8'))[0]?.toJS());
  const { cluster } = config.clusters[0];
  const { hostname, port } = new URL(cluster.server);
  const ca = Buffer.from(cluster['certificate-authority-data'], 'base64').toString('utf8');
  return { host: hostname, port, ca };
}

const kubeconfigSchema = z.object({
  clusters: z.tuple([
    z.object({ cluster: z.object({ server: z.url(), 'certificate-authority-data': z.base64() }) }),
  ]),
});
