import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { KubeClient } from '../../src/kube/client.ts';
import { loadKubeConnection } from '../../src/kube/kube-config.ts';
import { createKubeClient } from '../../src/kube/rest-client.ts';
import { chartFolder, helm } from '../harness/helm.ts';
import { kubectl } from '../harness/kubectl.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';

/** The operator's account, with what the chart grants it and nothing else. */
export interface ServiceAccount {
  token: string;
  roles: readonly Role[];
  /** Speaks to the API server with the account's rights. */
  client: KubeClient;
  /** Applies what the chart renders for other values to the same account. */
  grant(values: object): Promise<void>;
  /** Takes away what it may do in a namespace. */
  revoke(namespace: string): Promise<void>;
}

const roleSchema = z.object({
  kind: z.enum(['Role', 'ClusterRole']),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
  rules: z.array(
    z.looseObject({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      verbs: z.array(z.string()),
    }),
  ),
});

/** A Role or ClusterRole as the chart has it. */
export type Role = z.output<typeof roleSchema>;

/**
 * Applies the account, roles and bindings that the chart renders for these values. They go when the test ends.
 */
export async function createServiceAccount(system: string, values: object): Promise<ServiceAccount> {
  const kubeconfig = kubeconfigPath();
  const run = async (args: string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await kubectl(args, { kubeconfig, ...(input && { input }) });
    if (code !== 0) throw new Error(`kubectl failed: ${stderr}`);
    return stdout;
  };
  const name = `operator-${randomUUID().slice(0, 8)}`;
  const grant = async (granted: object): Promise<string> => {
    const manifests = await render(name, system, granted);
    onTestFinished(() => run(['delete', '--ignore-not-found', '-f', '-'], manifests).then(() => {}));
    await run(['apply', '-f', '-'], manifests);
    return manifests;
  };
  const manifests = await grant(values);
  const token = (await run(['create', 'token', name, '--namespace', system])).trim();
  const client = await clientOf(kubeconfig, token);
  onTestFinished(() => client.close());
  const roles = parseAllDocuments(manifests)
    .map((document) => roleSchema.safeParse(document.toJS()).data)
    .filter((role) => role !== undefined);
  return {
    token,
    roles,
    client,
    grant: async (granted) => void (await grant(granted)),
    revoke: async (namespace) =>
      void (await run(['delete', 'rolebindings', '--all', '--namespace', namespace])),
  };
}

async function render(name: string, system: string, values: object): Promise<string> {
  const { code, stdout, stderr } = await helm([
    'template',
    name,
    chartFolder,
    `--namespace=${system}`,
    `--set=fullnameOverride=${name}`,
    '--show-only=templates/rbac.yaml',
    '--show-only=templates/serviceaccount.yaml',
    ...Object.entries(values).flatMap(([key, value]) => ['--set-json', `${key}=${JSON.stringify(value)}`]),
  ]);
  if (code !== 0) throw new Error(`helm failed: ${stderr}`);
  return stdout;
}

async function clientOf(kubeconfig: string, token: string): Promise<KubeClient> {
  const admin = await loadKubeConnection({ kubeconfig });
  const { ca } = (await admin.credentials()).tls;
  const own = { headers: { authorization: `Bearer ${token}` }, tls: { ...(ca !== undefined && { ca }) } };
  const credentials = () => Promise.resolve(own);
  const connection = { server: admin.server, credentials, refresh: credentials };
  return createKubeClient({ connection, userAgent: 'codemie-git-operator-tests' });
}
