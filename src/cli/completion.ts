import completion from '@bomb.sh/tab';
import { gitIntegrations, providerNames } from '../api/group.ts';
import { namespaces } from '../kube/object.ts';
import { withCluster } from './cluster.ts';
import type { Io } from './io.ts';
import { kindOfWord } from './kind-names.ts';
import { lintRules } from './lint/finding.ts';

/** A shell waits for the answer while the user has a finger on the key. */
const timeoutMs = 2000;

/** Commands whose arguments are names of objects in the cluster. */
const withNames: ReadonlySet<string> = new Set([
  'get',
  'explain',
  'check',
  'reconcile',
  'suspend',
  'resume',
  'release',
]);

/** The value of a flag among typed words, in the forms `--flag value`, `--flag=value` and `-f value`. */
function flagOf(words: readonly string[], long: string, short?: string): string | undefined {
  const at = words.findIndex((word) => word === long || (short !== undefined && word === short));
  if (at >= 0) return words[at + 1];
  return words.find((word) => word.startsWith(`${long}=`))?.slice(long.length + 1);
}

/** Flags whose value is a file, which shells complete best. */
const fileFlags: ReadonlySet<string> = new Set([
  '--filename',
  '-f',
  '--ca-file',
  '--kubeconfig',
  '--private-key-file',
  '--token-file',
]);

/** Flags whose value is one of a few words that the library does not know, because their case does not matter. */
const wordsOfFlags: Readonly<Record<string, readonly string[]>> = {
  provider: providerNames,
  ignore: Object.keys(lintRules),
};

/** The directive of Cobra's protocol by which a shell completes files. */
const shellCompletesFiles = ':0\n';

/**
 * Answers where the library has no answer: files, and names from the cluster, which it suggests afterwards. Without a
 * cluster that answers in time there are no names: the user who presses TAB is in the middle of a line, where a message
 * would be in the way.
 *
 * @param words what was typed after the program's name, the word to complete last
 * @returns whether the answer is complete
 */
export async function completeFromOutside(words: readonly string[], io: Io): Promise<boolean> {
  const [word = '', before = '', name = ''] = [words.at(-1), words.at(-2), words[0]];
  if (wantsFile(name, before, word)) {
    io.out(shellCompletesFiles);
    return true;
  }
  const command = completion.commands.get(name === 'create' ? `${name} ${words[1]}` : name);
  if (!command || words.length < 2) return false;
  for (const [flag, values] of Object.entries(wordsOfFlags)) {
    const option = command.options.get(flag);
    // Of import it takes HOST=NAME.
    if (option && name !== 'import')
      option.handler = (complete) => values.forEach((each) => complete(each, ''));
  }
  const wantsNamespace = before === '--namespace' || before === '-n' || word.startsWith('--namespace=');
  if (!wantsNamespace && (!withNames.has(name) || before === '--context' || word.startsWith('-')))
    return false;
  const names = await namesInCluster(words.slice(0, -1), wantsNamespace, io);
  const target = wantsNamespace ? command.options.get('namespace') : [...command.arguments.values()].at(-1);
  if (target)
    target.handler = (complete) => {
      for (const each of names) complete(each, '');
    };
  return false;
}

function wantsFile(command: string, before: string, word: string): boolean {
  if (fileFlags.has(before)) return true;
  const [flag = '', ...value] = word.split('=');
  if (value.length > 0) return fileFlags.has(flag);
  return command === 'lint' && before !== '' && !before.startsWith('-') && !word.startsWith('-');
}

async function namesInCluster(typed: readonly string[], wantsNamespace: boolean, io: Io): Promise<string[]> {
  const flags = {
    kubeconfig: flagOf(typed, '--kubeconfig'),
    context: flagOf(typed, '--context'),
    namespace: flagOf(typed, '--namespace', '-n'),
  };
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(timeoutMs)]);
  try {
    return await withCluster(given, io, async ({ client, namespace }) => {
      const kind = typed.slice(1).map(kindOfWord).find(Boolean) ?? gitIntegrations;
      const resource = wantsNamespace ? namespaces : kind;
      const scope = resource.namespaced ? { namespace } : {};
      const { items } = await client.list(resource, { ...scope, metadataOnly: true, signal });
      return items.map(({ metadata }) => metadata.name).toSorted();
    });
  } catch {
    return [];
  }
}
