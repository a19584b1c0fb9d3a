import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { rulesOf } from '../../scripts/generate/roles.ts';
import type { Resource } from '../../src/kube/object.ts';
import { type Cluster, kinds } from '../harness/cluster.ts';
import { deadline } from '../harness/pace.ts';

const core = { group: '', version: 'v1', namespaced: true };
const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true };
const serviceAccounts: Resource = { ...core, plural: 'serviceaccounts', kind: 'ServiceAccount' };
const roles: Resource = { ...rbac, plural: 'roles', kind: 'Role' };
const roleBindings: Resource = { ...rbac, plural: 'rolebindings', kind: 'RoleBinding' };

/** A service account with the rights that an operator needs in namespaces by name, and nothing else. */
export interface ServiceAccount {
  /** A kubeconfig that names the token's file, as a Pod has its token in one. */
  kubeconfigPath: string;
  /** Gives out a token that holds until it is revoked. */
  newToken(): Promise<IssuedToken>;
  /** Writes a token where the operator reads it. */
  use(token: IssuedToken): Promise<void>;
  /** Gives the rights in a namespace, or takes them away. */
  grant(namespace: string): Promise<void>;
  revoke(namespace: string): Promise<void>;
  /** Removes the files. */
  close(): Promise<void>;
}

/** A token, bound to an object that it goes with. */
export interface IssuedToken {
  text: string;
  /** Waits until the API server refuses it. */
  revoke(): Promise<void>;
}

/**
 * Creates a service account in the operator's namespace.
 *
 * @param kubeconfig of the API server, by whatever way the operator is to reach it
 */
export async function createServiceAccount(
  cluster: Cluster,
  kubeconfig: string,
  system: string,
): Promise<ServiceAccount> {
  const folder = await mkdtemp(join(tmpdir(), 'service-account-'));
  const [kubeconfigPath, tokenFile] = [join(folder, 'kubeconfig'), join(folder, 'token')];
  const admin = kubeconfigSchema.parse(JSON.parse(await readFile(kubeconfig, 'utf8')));
  const users = admin.users.map(({ name }) => ({ name, user: { tokenFile } }));
  await writeFile(kubeconfigPath, JSON.stringify({ ...admin, users }), { mode: 0o600 });
  await cluster.create(serviceAccounts, { metadata: { name: 'operator', namespace: system } });
  const { watched, own } = rulesOf({ ...installation, watchNamespaces: ['any'] });

  async function grant(namespace: string, rules: object[]): Promise<void> {
    const metadata = { name: 'operator', namespace };
    const roleRef = { apiGroup: roles.group, kind: 'Role', name: 'operator' };
    const subjects = [{ kind: 'ServiceAccount', name: 'operator', namespace: system }];
    if (!(await cluster.get(roles, `${namespace}/operator`)))
      await cluster.create(roles, { metadata, rules });
    await cluster.create(roleBindings, { metadata, roleRef, subjects });
  }
  await grant(system, own);

  return {
    kubeconfigPath,
    async newToken() {
      const name = `session-${randomUUID().slice(0, 8)}`;
      const session = await cluster.createSecret(`${system}/${name}`, {});
      const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name, uid: session.metadata.uid };
      const answer = await cluster.client.ask(
        { ...core, plural: `namespaces/${system}/serviceaccounts/operator/token`, kind: 'TokenRequest' },
        { apiVersion: 'authentication.k8s.io/v1', spec: { boundObjectRef } },
        deadline(10_000),
      );
      const text = tokenSchema.parse(answer).status.token;
      return {
        text,
        async revoke() {
          await cluster.delete(kinds.secret, `${system}/${name}`);
          // The API server takes a token's word for some seconds after it has looked.
          await cluster.waitFor('the token to be refused', async () => !(await isGood(cluster, text)));
        },
      };
    },
    use: ({ text }) => writeFile(tokenFile, text),
    grant: (namespace) => grant(namespace, watched),
    revoke: (namespace) => cluster.delete(roleBindings, `${namespace}/operator`),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Asks the API server whether it knows who sends that token. */
async function isGood({ client }: Cluster, token: string): Promise<boolean> {
  const review = { apiVersion: 'authentication.k8s.io/v1', spec: { token } };
  const resource = { ...core, plural: 'tokenreviews', kind: 'TokenReview', group: 'authentication.k8s.io' };
  const answer = await client.ask(resource, review, deadline(10_000));
  return reviewSchema.parse(answer).status.authenticated === true;
}

/** The operator of {@link createServiceAccount} as its settings make it. */
const installation = { clusterConnections: false, clusterName: 'faults', leaderElect: true };

const kubeconfigSchema = z.looseObject({ users: z.array(z.looseObject({ name: z.string() })) });
const tokenSchema = z.object({ status: z.object({ token: z.string() }) });
const reviewSchema = z.object({ status: z.object({ authenticated: z.boolean().optional() }) });
