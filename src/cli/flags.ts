import { type Command, InvalidArgumentError } from 'commander';
import { durationMs, isDuration } from '../api/duration-text.ts';
import { type ProviderName, providerNames } from '../api/group.ts';
import type { ClusterFlags } from './cluster.ts';
import type { ConnectionFlags } from './codemie.ts';

/** Turns the work of a command into what commander runs, which keeps its exit code. */
export type Does = (work: () => Promise<number> | number) => () => Promise<void>;

/** The flags of every command that reads a cluster. */
export type Flags = ClusterFlags;

/** The options by which kubectl finds a cluster. */
export function clusterOptions(command: Command): Command {
  return command
    .option('-n, --namespace <name>', 'namespace; by default that of the context')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--kubeconfig <path>', 'kubeconfig; by default KUBECONFIG, else ~/.kube/config');
}

/** The options that choose how a command signs in to CodeMie. */
export function connectionOptions(command: Command): Command {
  return command
    .option('--connection <name>', 'ClusterCodeMieConnection to sign in with', 'default')
    .option('--namespaced', 'take a CodeMieConnection of the namespace instead', false)
    .option('--operator-namespace <name>', 'where the operator and its Secrets are', 'codemie-system')
    .option('--ca-file <path>', 'PEM file of authorities to trust in addition');
}

/** What `withCodeMie` takes, from the flags of a command. */
export function connectionFlags(flags: {
  connection: string;
  namespaced: boolean;
  operatorNamespace: string;
  caFile?: string;
}): ConnectionFlags {
  const { connection, namespaced, operatorNamespace, caFile } = flags;
  return {
    connection,
    ofNamespace: namespaced,
    operatorNamespace,
    ...(caFile !== undefined && { caFile }),
  };
}

/** An option that may be repeated. */
export function collect<T>(parse: (text: string) => T): (text: string, before: T[] | undefined) => T[] {
  return (text, before) => [...(before ?? []), parse(text)];
}

/** An option that takes one of these words, in any case. */
export function oneOf<T extends string>(names: readonly T[]): (text: string) => T {
  return (text) => {
    const found = names.find((name) => name.toLowerCase() === text.toLowerCase());
    if (found === undefined) throw new InvalidArgumentError(`Use one of ${names.join(', ')}.`);
    return found;
  };
}

/** An option that takes a duration, in milliseconds. */
export function duration(text: string): number {
  if (!isDuration(text)) throw new InvalidArgumentError('Use a duration such as 5m or 1h30m.');
  return durationMs(text);
}

/** An option that takes a number from 1 on. */
export function positiveInteger(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('Use a number, such as 123456.');
  return number;
}

/** An option `HOST=PROVIDER`. */
export function productOf(text: string): [string, ProviderName] {
  const [host = '', name = ''] = text.split('=', 2);
  if (host === '') throw new InvalidArgumentError('Use HOST=NAME, such as git.example.com=GitLab.');
  return [host.toLowerCase(), oneOf(providerNames)(name)];
}
