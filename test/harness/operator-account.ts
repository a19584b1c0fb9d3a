import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { kubectl } from './kubectl.ts';

/** A service account `operator`, without rights, and how a process signs in with it. */
export interface OperatorAccount {
  /** Names the file of the token, as a Pod has its token in one. */
  kubeconfigPath: string;
  /** Puts another token into that file. */
  renewToken(): Promise<void>;
  remove(): Promise<void>;
}

const kubeconfigSchema = z.looseObject({ users: z.array(z.looseObject({ name: z.string() })) });

/**
 * Creates the account in a namespace.
 *
 * @param kubeconfig of the API server, by the way that the operator is to take
 * @param administrators a kubeconfig that may create accounts and tokens
 */
export async function createOperatorAccount(
  kubeconfig: string,
  administrators: string,
  namespace: string,
): Promise<OperatorAccount> {
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await kubectl([...args, '--namespace', namespace], {
      kubeconfig: administrators,
    });
    if (code !== 0) throw new Error(`kubectl ${args[0]}: ${stderr.trim()}`);
    return stdout.trim();
  };
  const folder = await mkdtemp(join(tmpdir(), 'operator-account-'));
  const [kubeconfigPath, tokenFile] = [join(folder, 'kubeconfig'), join(folder, 'token')];
  const renewToken = async (): Promise<void> =>
    writeFile(tokenFile, await run('create', 'token', 'operator', '--duration=24h'), { mode: 0o600 });
  await run('create', 'serviceaccount', 'operator');
  await renewToken();
  const admin = kubeconfigSchema.parse(JSON.parse(await readFile(kubeconfig, 'utf8')));
  const users = admin.users.map(({ name }) => ({ name, user: { tokenFile } }));
  await writeFile(kubeconfigPath, JSON.stringify({ ...admin, users }), { mode: 0o600 });
  return { kubeconfigPath, renewToken, remove: () => rm(folder, { recursive: true }) };
}
