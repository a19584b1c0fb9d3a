import tab from '@bomb.sh/tab/commander';
import { Command, CommanderError, Option } from 'commander';
import { gitIntegrations } from '../api/group.ts';
import { addCheck, addCreate, addImport, addOrphans } from './credential-commands.ts';
import { clusterOptions, collect, type Does, duration, type Flags, oneOf } from './flags.ts';
import { CliError, exitCodes, type Io, type OutputFormat, outputFormats } from './io.ts';
import { kindOfWord } from './kind-names.ts';
import { type LintFormat, type LintRule, lintFormats, lintRules } from './lint/finding.ts';

/** What a run of the program came to. */
export interface Run {
  exitCode: number;
}

/** The reason of an abort: what stopped the command, and how it exits then. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
  readonly exitCode: number;

  /** @param exitCode one of {@link exitCodes} */
  constructor(exitCode: number) {
    super('The command was stopped.');
    this.exitCode = exitCode;
  }
}

/**
 * Runs a command line and writes why it failed, if it did. The reason of an abort of `io.signal` is a {@link Stopped}.
 *
 * @param as `isPlugin`: kubectl runs it, which its help says
 * @returns one of {@link exitCodes}
 */
export async function runProgram(
  args: readonly string[],
  io: Io,
  as: { version: string; isPlugin: boolean },
): Promise<number> {
  const run: Run = { exitCode: exitCodes.ok };
  const program = createProgram(io, as.version, run);
  if (as.isPlugin) program.name('kubectl codemie');
  try {
    if (args.length === 0) {
      program.outputHelp();
      return exitCodes.ok;
    }
    if (args[0] === 'complete') {
      const { completeFromOutside } = await import('./completion.ts');
      if (await completeFromOutside(args.slice(args[1] === '--' ? 2 : 1), io)) return exitCodes.ok;
    }
    await program.parseAsync([...args], { from: 'user' });
    return run.exitCode;
  } catch (error) {
    return report(error, io);
  }
}

function report(error: unknown, io: Io): number {
  // Commander has printed what it has to say, help and the version among it.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.failed;
  const reason: unknown = io.signal.reason;
  if (reason instanceof Stopped) return reason.exitCode;
  if (error instanceof CliError) {
    io.err(`Error: ${error.message}`);
    return error.exitCode;
  }
  // The message of an error that is not ours may quote what it was about, such as a Secret.
  const name = error instanceof Error ? error.name : typeof error;
  const where =
    error instanceof Error ? (error.stack ?? '').split('\n').find((line) => line.includes(' at ')) : '';
  io.err(`Error: The command failed (${name}${where ?? ''}). This is a bug; please report it.`);
  return exitCodes.failed;
}

/**
 * The command line. Each command loads what it needs when it runs, so that help and completion answer at once.
 *
 * @param run gets the exit code of the command that ran
 */
export function createProgram(io: Io, version: string, run: Run): Command {
  const program = new Command('codemie-git')
    .description('Checks, explains and imports the Git integrations of CodeMie.')
    .version(version, '-V, --version')
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text.trimEnd()) })
    .showHelpAfterError('(see --help)')
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  codemie-git lint manifests/                 check manifests before the merge
  codemie-git check github --namespace team-a validate a credential now
  codemie-git explain github --namespace team-a
  codemie-git import > integrations.yaml      declare what was made by hand

kubectl finds the program too, as kubectl codemie. Exit codes: 0 yes, 1 no, 2 the command could not do its work.`,
    );
  const does = (work: () => Promise<number> | number) => async () => {
    run.exitCode = await work();
  };
  addLint(program, io, version, does);
  addGet(program, io, does);
  addExplain(program, io, does);
  addCheck(program, io, does);
  addImport(program, io, does);
  addOrphans(program, io, does);
  addCreate(program, io, does);
  addActions(program, io, does);
  addCompletion(program, io);
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}

/** The library writes scripts and suggestions itself, for bash, zsh, fish and PowerShell. */
function addCompletion(program: Command, io: Io): void {
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);
  const descriptions = commands.map((command) => command.description());
  // It suggests commands with their descriptions, for which a line of a terminal is too short.
  for (const command of commands) command.description(command.summary());
  tab(program, { completionCommandName: 'completion' });
  for (const [index, command] of commands.entries()) command.description(descriptions[index] ?? '');
  program.commands
    .find((command) => command.name() === 'completion')
    ?.description('Prints a script that completes commands, flags, namespaces and names for a shell.')
    .summary('print a completion script for a shell')
    // Its script for bash completes no files, which the answer leaves to bash.
    .hook('postAction', (_program, { processedArgs }) => {
      if (processedArgs[0] === 'bash') io.out('complete -o default -F __codemie_git_complete codemie-git\n');
    });
}

function addLint(program: Command, io: Io, version: string, does: Does): void {
  const ruleNames = Object.keys(lintRules).filter((name): name is LintRule => name in lintRules);
  program
    .command('lint')
    .summary('check manifests without a cluster')
    .description(
      'Checks manifests without a cluster: the CRDs, their rules, Secrets in the same files, and what the manifests say about each other. Reads files, folders, and standard input as -.',
    )
    .argument('<path...>', 'files, folders, or - for standard input')
    .addOption(
      new Option('-o, --output <format>', 'how findings are printed').choices(lintFormats).default('human'),
    )
    .option('-n, --namespace <name>', 'namespace of manifests that name none', 'default')
    .option(
      '--operator-namespace <name>',
      'where the Secrets of ClusterCodeMieConnections are',
      'codemie-system',
    )
    .option('--ignore <rule>', 'leave a rule out; may be repeated', collect(oneOf(ruleNames)))
    .addOption(
      new Option('--fail-on <severity>', 'from which severity on the exit code is 1')
        .choices(['error', 'warning'])
        .default('error'),
    )
    .addHelpText(
      'after',
      `
Examples:
  codemie-git lint integrations.yaml
  kubectl kustomize overlays/prod | codemie-git lint -
  helm template charts/team | codemie-git lint - --output sarif > lint.sarif`,
    )
    .action(
      async (
        paths: string[],
        flags: {
          output: LintFormat;
          namespace: string;
          operatorNamespace: string;
          ignore?: LintRule[];
          failOn: 'error' | 'warning';
        },
      ) => {
        const { lint } = await import('./lint/lint.ts');
        const { output: format, ignore = [], ...rest } = flags;
        await does(() => lint(paths, { ...rest, format, ignore }, io, version))();
      },
    );
}

function addGet(program: Command, io: Io, does: Does): void {
  clusterOptions(
    program
      .command('get')
      .summary('show integrations or connections as a table')
      .description('Shows integrations, or connections, as a table that fits 100 columns.')
      .argument('[name...]', 'names; a kind such as connections may go first'),
  )
    .option('-A, --all-namespaces', 'of all namespaces', false)
    .addOption(
      new Option('-o, --output <format>', 'how objects are printed').choices(outputFormats).default('table'),
    )
    .option('-w, --watch', 'go on and show what changes', false)
    .option('--wait', "wait until all are Ready; exit code 1 if one can't become so", false)
    .option('--timeout <duration>', 'how long to wait', duration, 300_000)
    .addHelpText(
      'after',
      `
Examples:
  codemie-git get --all-namespaces
  codemie-git get connections --output wide
  codemie-git get github --namespace team-a --wait --timeout 2m`,
    )
    .action(
      async (
        words: string[],
        flags: Flags & {
          allNamespaces: boolean;
          output: OutputFormat;
          watch: boolean;
          wait: boolean;
          timeout: number;
        },
      ) => {
        const [{ get }, { withCluster }] = await Promise.all([import('./get.ts'), import('./cluster.ts')]);
        const { resource, names } = splitWords(words);
        const { allNamespaces, output, watch, timeout } = flags;
        if (allNamespaces && names.length > 0)
          throw new CliError("A name can't be looked for in all namespaces.", 'Give its --namespace.');
        const waitMs = flags.wait ? timeout : undefined;
        const options = { resource, names, allNamespaces, output, watch, waitMs };
        await does(() => withCluster(flags, io, (cluster) => get(options, cluster, io)))();
      },
    );
}

/** Words as kubectl takes them: `NAME…`, `KIND NAME…` or `KIND/NAME…`, of one kind. */
function splitWords(words: readonly string[]) {
  const [first = '', ...rest] = words;
  const resource = kindOfWord(first);
  if (resource) return { resource, names: rest };
  const pairs = words.map((word) => word.split('/', 2));
  const kinds = new Set(
    pairs.map(([kind = '', name]) => (name === undefined ? gitIntegrations : kindOfWord(kind))),
  );
  const [only] = kinds;
  if (words.length > 0 && (kinds.size > 1 || !only))
    throw new CliError(
      'The names are of no kind, or of several.',
      'Write KIND NAME, such as connections default.',
    );
  return { resource: only ?? gitIntegrations, names: pairs.map(([kind = '', name]) => name ?? kind) };
}

/** The names of GitIntegrations, the only kind that a command works on. */
function integrationsOf(words: readonly string[]): string[] {
  const { resource, names } = splitWords(words);
  if (resource === gitIntegrations) return names;
  throw new CliError(
    `This works on GitIntegrations, not on a ${resource.kind}.`,
    'Give names of GitIntegrations.',
  );
}

function addExplain(program: Command, io: Io, does: Does): void {
  clusterOptions(
    program
      .command('explain')
      .summary('say why an integration is not Ready, and what to do')
      .description(
        'Says step by step why an integration is not Ready, what to do, and when the operator retries. Exits with 1 while it is not Ready.',
      )
      .argument('<name>', 'name of a GitIntegration'),
  ).action(async (name: string, flags: Flags) => {
    const [{ explain }, { withCluster }] = await Promise.all([
      import('./explain.ts'),
      import('./cluster.ts'),
    ]);
    await does(() => withCluster(flags, io, (cluster) => explain(name, cluster, io)))();
  });
}

function addActions(program: Command, io: Io, does: Does): void {
  const named = (name: string, summary: string) =>
    clusterOptions(
      program
        .command(name)
        .summary(summary)
        .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`),
    ).argument('<name...>', 'names of GitIntegrations');
  named('reconcile', 'ask the operator to check now, and wait for its answer')
    .option('--no-wait', 'do not wait for the answer')
    .action(async (words: string[], flags: Flags & { wait: boolean }) => {
      const [{ reconcile }, { withCluster }] = await Promise.all([
        import('./actions.ts'),
        import('./cluster.ts'),
      ]);
      const { resource, names } = splitWords(words);
      await does(() =>
        withCluster(flags, io, (cluster) => reconcile(resource, names, flags.wait, cluster, io)),
      )();
    });
  for (const [name, suspend, summary] of [
    ['suspend', true, 'have the operator leave integrations as they are'],
    ['resume', false, 'have the operator work on integrations again'],
  ] as const)
    named(name, summary).action(async (words: string[], flags: Flags) => {
      const names = integrationsOf(words);
      const [{ setSuspended }, { withCluster }] = await Promise.all([
        import('./actions.ts'),
        import('./cluster.ts'),
      ]);
      await does(() => withCluster(flags, io, (cluster) => setSuspended(names, suspend, cluster, io)))();
    });
  named('release', 'let deleted integrations go without touching CodeMie').action(
    async (words: string[], flags: Flags) => {
      const names = integrationsOf(words);
      const [{ release }, { withCluster }] = await Promise.all([
        import('./actions.ts'),
        import('./cluster.ts'),
      ]);
      await does(() => withCluster(flags, io, (cluster) => release(names, cluster, io)))();
    },
  );
}
