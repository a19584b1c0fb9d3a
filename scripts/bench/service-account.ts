import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { kubectl } from '../../test/harness/kubectl.ts';
import { systemNamespace } from './population.ts';

/** How the operator signs in as it does in a Pod, where it needs none of what reads a kubeconfig. */
export interface ServiceAccount {
  /** Its environment. */
  env: Record<string, string>;
  remove(): Promise<void>;
}

const kubeconfigSchema = z.object({
  clusters: z.array(
    z.object({ cluster: z.object({ server: z.url(), 'certificate-authority-data': z.base64() }) }),
  ),
});

/** Creates a service account that may do everything, and writes what the kubelet would mount. */
export async function createServiceAccount(kubeconfig: string): Promise<ServiceAccount> {
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await kubectl(args, { kubeconfig });
    if (code !== 0) throw new Error(`kubectl ${args[0]}: ${stderr.trim()}`);
    return stdout;
  };
  const account = `${systemNamespace}:operator`;
  await run('create', 'serviceaccount', 'operator', '-n', systemNamespace);
  await run(
    'create',
    'clusterrolebinding',
    'bench',
    '--clusterrole=cluster-admin',
    `--serviceaccount=${account}`,
  );
  const token = await run('create', 'token', 'operator', '-n', systemNamespace, '--duration=24h');

  const { clusters } = kubeconfigSchema.parse(parse(await readFile(kubeconfig, 'utf8')));
  const [cluster] = clusters.map((each) => each.cluster);
  if (!cluster) throw new Error('The kubeconfig has no cluster.');
  const server = new URL(cluster.server);
  const directory = await mkdtemp(join(tmpdir(), 'bench-'));
  const files = {
    token: token.trim(),
    'ca.crt': Buffer.from(cluster['certificate-authority-data'], 'base64').toString('utf8'),
    namespace: systemNamespace,
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  return {
    env: {
      KUBERNETES_SERVICE_HOST: server.hostname,
      KUBERNETES_SERVICE_PORT: server.port,
      CODEMIE_OPERATOR_SERVICE_ACCOUNT_DIRECTORY: directory,
    },
    remove: () => rm(directory, { recursive: true }),
  };
}
