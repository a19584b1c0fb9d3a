import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { startBuiltOperator } from '../built-operator.ts';
import { type Cluster, connectCluster, kinds } from '../harness/cluster.ts';
import { findLeaks } from '../harness/leaks.ts';
import type { OperatorOptions, OperatorProcess } from '../harness/operator-process.ts';
import { newPrivateKey } from '../harness/private-key.ts';
import { longMessages } from '../harness/sentences.ts';
import { clientCredentials, startWorld, type World, type WorldOptions } from '../harness/world.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';

export { clientCredentials };

/** What a test of the whole operator works with. */
export interface Suite {
  world: World;
  cluster: Cluster;
  /** The running process; tests that end it put another one here. */
  operator: OperatorProcess;
  /** The operator's namespace. It holds the Secret `login` with the key `clientSecret`. */
  system: string;
  /** A new secret text. After the last test nothing of it may stand anywhere it does not belong. */
  secret(prefix: string): string;
  /** A new RSA key as GitHub hands it out, guarded like {@link Suite.secret}. */
  privateKey(): string;
  /** Further texts, by name, that are searched for secrets after the last test. */
  searched: Map<string, () => string>;
  /** Starts another operator, with the settings of the first by default. */
  start(options?: Partial<OperatorOptions>): Promise<OperatorProcess>;
  /** Makes a namespace with a CodeMieConnection `own` to the world's CodeMie, which reads the Secret `login`. */
  team(labels?: Record<string, string>): Promise<string>;
}

export interface SuiteOptions extends WorldOptions {
  /** Whether `operator` runs from the beginning. Default true. */
  running?: boolean;
}

/**
 * Gives a test file its own world and its own operator. A case that fails in the middle leaves nothing broken to the
 * next: faults end, and an operator that has exited is started again. When the file is through, everything that the
 * operator wrote is searched for every secret of the file: its output, its metrics, events, statuses.
 */
export function useSuite({ running = true, ...options }: SuiteOptions = {}): Suite {
  const guarded = new Set<string>();
  const started: OperatorProcess[] = [];
  const changesOf = new Map<OperatorProcess, Partial<OperatorOptions>>();
  const secret = (prefix: string): string => {
    const text = `${prefix}canary${randomUUID().replaceAll('-', '')}`;
    guarded.add(text);
    return text;
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the rest is filled in before the first test
  const suite = { secret, privateKey: () => newPrivateKey(guarded), searched: new Map() } as Suite;

  suite.start = async (changes = {}) => {
    const operator = await startBuiltOperator({
      kubeconfig: kubeconfigPath(),
      env: suite.world.operatorEnv,
      args: ['--operator-namespace', suite.system, '--cluster-name', suite.system],
      ...changes,
    });
    started.push(operator);
    changesOf.set(operator, changes);
    return operator;
  };
  suite.team = (labels) => makeTeam(suite, labels);

  beforeAll(async () => {
    const clientSecret = secret('client');
    suite.world = await startWorld({ ...options, clientSecret });
    suite.cluster = await connectCluster(kubeconfigPath());
    suite.system = await suite.cluster.createNamespace('system');
    await suite.cluster.createSecret(`${suite.system}/login`, { clientSecret });
    if (running) suite.operator = await suite.start();
  });

  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    suite.world.calm();
    const { operator } = suite;
    if (operator && (await hasExited(operator))) suite.operator = await suite.start(changesOf.get(operator));
  });

  afterAll(async () => {
    try {
      if (started.length === 0) return;
      await expectNoSecrets(suite, started, guarded);
      const long = await longMessages(suite.cluster, 'codemie.ai/codemie-git-operator');
      expect(long, 'messages of more than two sentences').toEqual([]);
    } finally {
      // An operator that goes on would reconcile what the next file creates.
      for (const operator of started) await operator.stop();
      await suite.cluster?.clearNamespaces();
      await suite.cluster?.close();
      await suite.world?.close();
    }
  });
  return suite;
}

async function hasExited({ exited }: OperatorProcess): Promise<boolean> {
  return await Promise.race([exited.then(() => true), setImmediate(false)]);
}

async function makeTeam({ cluster, world }: Suite, labels?: Record<string, string>): Promise<string> {
  const namespace = await cluster.createNamespace('team', labels);
  await cluster.createSecret(`${namespace}/login`, { clientSecret: world.clientSecret });
  await cluster.create(kinds.connection, {
    metadata: { name: 'own', namespace },
    spec: { url: world.codemie.url, auth: clientCredentials(world, 'login') },
  });
  return namespace;
}

/** Expects no secret in anything that operators wrote, nor in the texts besides; see {@link findLeaks}. */
export async function expectNoSecrets(
  { cluster, searched }: Pick<Suite, 'cluster' | 'searched'>,
  operators: readonly OperatorProcess[],
  guarded: ReadonlySet<string>,
): Promise<void> {
  expect(await findLeaks(cluster, searched, operators, guarded), 'places that hold a secret').toEqual([]);
}
