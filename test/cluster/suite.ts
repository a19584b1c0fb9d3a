import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect } from 'vitest';
import { startBuiltOperator } from '../built-operator.ts';
import { type Cluster, connectCluster, kinds } from '../harness/cluster.ts';
import type { OperatorOptions, OperatorProcess } from '../harness/operator-process.ts';
import { operatorClientId, startWorld, type World, type WorldOptions } from '../harness/world.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';

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
  /** Starts another operator, with the settings of the first unless told otherwise. */
  start(options?: Partial<OperatorOptions>): Promise<OperatorProcess>;
  /** Makes a namespace with a CodeMieConnection `own` to the world's CodeMie, which reads the Secret `login`. */
  team(labels?: Record<string, string>): Promise<string>;
}

export interface SuiteOptions extends WorldOptions {
  /** Whether `operator` runs from the beginning. Default true. */
  running?: boolean;
}

/**
 * Gives a test file its own world and its own operator. When the file is through, everything that the operator
 * wrote is searched for every secret of the file: its output, its metrics, events, statuses.
 */
export function useSuite({ running = true, ...options }: SuiteOptions = {}): Suite {
  const guarded = new Set<string>();
  const started: OperatorProcess[] = [];
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

  afterAll(async () => {
    if (started.length > 0) await expectNoSecrets(suite, started, guarded);
    for (const operator of started) await operator.stop();
    await suite.cluster?.clearNamespaces();
    await suite.cluster?.close();
    await suite.world?.close();
  });
  return suite;
}

function newPrivateKey(guarded: Set<string>): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  for (const line of pem.split('\n').slice(1, -2)) guarded.add(line);
  return pem;
}

/** The login of a connection of the world. */
export function clientCredentials(world: World, secretName: string) {
  return {
    clientCredentials: {
      tokenURL: world.oidc.tokenUrl,
      clientID: operatorClientId,
      clientSecretRef: { name: secretName },
    },
  };
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

/** Searches everything that operators wrote, and the texts besides, for secrets in the forms that they travel in. */
export async function expectNoSecrets(
  { cluster, searched }: Pick<Suite, 'cluster' | 'searched'>,
  operators: readonly OperatorProcess[],
  guarded: ReadonlySet<string>,
): Promise<void> {
  const places: [string, string][] = operators.map((operator) => ['output', operator.output()]);
  for (const operator of operators) places.push(['metrics', await operator.metrics().catch(() => '')]);
  for (const [place, content] of searched) places.push([place, content()]);
  const signal = AbortSignal.timeout(30_000);
  for (const kind of [kinds.event, kinds.integration, kinds.connection, kinds.clusterConnection])
    places.push([kind.plural, JSON.stringify((await cluster.client.list(kind, { signal })).items)]);
  for (const text of guarded) {
    const forms = [text, Buffer.from(text).toString('base64').replace(/=+$/, ''), encodeURIComponent(text)];
    for (const [place, content] of places)
      expect(
        forms.some((form) => content.includes(form)),
        `a secret in ${place}`,
      ).toBe(false);
  }
}
