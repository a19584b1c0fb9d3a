import { type Command, Option } from 'commander';
import { type ProviderName, providerNames } from '../api/group.ts';
import {
  clusterOptions,
  collect,
  connectionFlags,
  connectionOptions,
  type Does,
  type Flags,
  oneOf,
  positiveInteger,
  productOf,
} from './flags.ts';
import { type Io, type OutputFormat, outputFormats } from './io.ts';

/** The flags of `check`. */
export interface CheckFlags extends Flags {
  filename?: string;
  project: boolean;
  output: 'human' | 'json';
  provider?: ProviderName;
  url?: string;
  apiUrl?: string;
  tokenEnv?: string;
  tokenFile?: string;
  username?: string;
  appId?: number;
  privateKeyEnv?: string;
  privateKeyFile?: string;
  installationId?: number;
  repository?: string[];
  operatorNamespace: string;
  clusterName?: string;
  caFile?: string;
}

/** Adds `check`. */
export function addCheck(program: Command, io: Io, does: Does): void {
  clusterOptions(
    program
      .command('check')
      .summary('validate a credential now, against its provider')
      .description(
        'Validates a credential now, by the steps of the operator: of a GitIntegration in the cluster, of a file, or of environment variables and files. A secret value is never a flag, because other users of a machine can read those.',
      )
      .argument('[name]', 'name of a GitIntegration in the cluster'),
  )
    .option('-f, --filename <file>', 'GitIntegrations of a file; - for standard input')
    .option('--project', 'also ask CodeMie what registering it would do; nothing is written', false)
    .addOption(
      new Option('-o, --output <format>', 'how it is printed').choices(['human', 'json']).default('human'),
    )
    .option('--provider <name>', providerNames.join(', '), oneOf(providerNames))
    .option('--url <url>', 'web URL of a self-managed server')
    .option('--api-url <url>', "API URL, where it can't be derived from the web URL")
    .option('--token-env <variable>', 'environment variable that holds a token')
    .option('--token-file <file>', 'file that holds a token; - for standard input')
    .option('--username <name>', 'user name that goes with the token')
    .option('--app-id <number>', 'App ID of a GitHub App', positiveInteger)
    .option('--private-key-env <variable>', 'environment variable that holds the private key of the App')
    .option('--private-key-file <file>', 'file that holds the private key of the App')
    .option('--installation-id <number>', 'installation of the App', positiveInteger)
    .option('--repository <path>', 'repository that has to be reachable; may be repeated', collect(String))
    .option('--operator-namespace <name>', 'where the operator and its Secrets are', 'codemie-system')
    .option('--cluster-name <name>', 'the --cluster-name of the operator, where it has one')
    .option('--ca-file <path>', 'PEM file of authorities to trust in addition')
    .addHelpText(
      'after',
      `
Examples:
  codemie-git check github --namespace team-a
  codemie-git check --filename integration.yaml
  codemie-git check --provider GitHub --token-env GITHUB_TOKEN
  codemie-git check --provider GitHub --app-id 123456 --private-key-file key.pem`,
    )
    .action(async (name: string | undefined, flags: CheckFlags) => {
      const { runCheck } = await import('./check.ts');
      await does(() => runCheck(name, flags, io))();
    });
}

/** Adds `import`. */
export function addImport(program: Command, io: Io, does: Does): void {
  connectionOptions(
    clusterOptions(
      program
        .command('import')
        .summary('declare integrations that exist in CodeMie')
        .description(
          'Prints integrations that were made by hand in CodeMie as manifests that adopt them. Their ids stay, so data sources go on working. CodeMie never shows a secret: those go into Secrets, which are listed at the end. --check exits with 1 while there is an integration that no operator manages.',
        ),
    ),
  )
    .option(
      '-f, --filename <file>',
      'read CodemieProjectSettings of KubeRocketCI from a file instead; may be repeated',
      collect(String),
    )
    .option('--project <name>', 'only of this project; may be repeated', collect(String))
    .option(
      '--provider <host=name>',
      'which product a self-managed host is; may be repeated',
      collect(productOf),
    )
    .option('--check', 'say what adopting them would change, and print no manifests', false)
    .addHelpText(
      'after',
      `
Examples:
  codemie-git import --namespace team-a --project demo > integrations.yaml
  codemie-git import --provider git.example.com=GitLab --check`,
    )
    .action(async (flags: ImportFlags) => {
      const { runImport } = await import('./import.ts');
      await does(() => runImport(flags, io))();
    });
}

/** The flags of `import`. */
export interface ImportFlags extends Flags {
  connection: string;
  namespaced: boolean;
  operatorNamespace: string;
  caFile?: string;
  filename?: string[];
  project?: string[];
  provider?: [string, ProviderName][];
  check: boolean;
}

/** Adds `orphans`. */
export function addOrphans(program: Command, io: Io, does: Does): void {
  connectionOptions(
    clusterOptions(
      program
        .command('orphans')
        .summary('list what this cluster left behind in CodeMie')
        .description(
          'Lists integrations in CodeMie that carry the mark of this cluster and whose GitIntegration is gone. Exits with 1 if there are any.',
        ),
    ),
  )
    .option('--cluster-name <name>', 'the --cluster-name of the operator; by default the UID of kube-system')
    .option('--delete', 'delete them, after asking', false)
    .option('-y, --yes', 'do not ask', false)
    .addOption(
      new Option('-o, --output <format>', 'how they are printed; name prints their ids in CodeMie')
        .choices(outputFormats)
        .default('table'),
    )
    .addHelpText(
      'after',
      `
Examples:
  codemie-git orphans
  codemie-git orphans --delete
  codemie-git orphans --cluster-name prod --output json`,
    )
    .action(
      async (
        flags: Flags & {
          connection: string;
          namespaced: boolean;
          operatorNamespace: string;
          caFile?: string;
          clusterName?: string;
          delete: boolean;
          yes: boolean;
          output: OutputFormat;
        },
      ) => {
        const [{ orphans }, { withCluster }, { withCodeMie, clusterNameOf }] = await Promise.all([
          import('./orphans.ts'),
          import('./cluster.ts'),
          import('./codemie.ts'),
        ]);
        await does(() =>
          withCluster(flags, io, async (cluster) => {
            const clusterName = await clusterNameOf(flags.clusterName, cluster, io);
            return withCodeMie(connectionFlags(flags), cluster, io, (signedIn) =>
              orphans({ ...flags, clusterName }, signedIn, cluster, io),
            );
          }),
        )();
      },
    );
}

/** Adds `create`. */
export function addCreate(program: Command, io: Io, does: Does): void {
  const create = program
    .command('create')
    .summary('print a manifest, and where its credential is created')
    .description(
      'Prints a manifest to standard output, and to standard error the page where its credential is created and the command that stores it.',
    )
    .addHelpText(
      'after',
      `
Examples:
  codemie-git create token github --provider GitHub --project demo --namespace team-a > github.yaml
  codemie-git create app github --project demo --organization acme > github.yaml`,
    );
  const common = (command: Command) =>
    command
      .argument('<name>', 'name of the GitIntegration')
      .requiredOption('--project <name>', 'CodeMie project of the repositories')
      .option('-n, --namespace <name>', 'namespace', 'default')
      .option('--url <url>', 'web URL of a self-managed server')
      .option('--alias <name>', 'name of the integration in CodeMie; by default that of the object')
      .option('--connection <name>', 'ClusterCodeMieConnection, if it is not default')
      .option('--secret <name>', 'name of the Secret; by default that of the object');
  common(create.command('token').summary('for an access token'))
    .requiredOption('--provider <name>', providerNames.join(', '), oneOf(providerNames))
    .option('--username <name>', 'user name that goes with the token')
    .action(async (name: string, flags: TokenFlags) => {
      const { createToken } = await import('./create.ts');
      await does(() => createToken({ ...flags, name }, io))();
    });
  common(create.command('app').summary('for a GitHub App'))
    .option('--app-id <number>', 'App ID, if the App exists', positiveInteger)
    .option('--organization <name>', 'organization that will own the App')
    .action(async (name: string, flags: AppFlags) => {
      const { createApp } = await import('./create.ts');
      await does(() => createApp({ ...flags, name }, io))();
    });
  for (const command of create.commands) command.copyInheritedSettings(program);
}

interface ManifestFlags {
  project: string;
  namespace: string;
  url?: string;
  alias?: string;
  connection?: string;
  secret?: string;
}

interface TokenFlags extends ManifestFlags {
  provider: ProviderName;
  username?: string;
}

interface AppFlags extends ManifestFlags {
  appId?: number;
  organization?: string;
}
