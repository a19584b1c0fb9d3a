import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { gatewayError } from '../../test/harness/peers/codemie/faults.ts';
import { editByHand, showCodeMie } from './codemie-view.ts';
import { namespace } from './kubectl.ts';
import type { Stage } from './stage.ts';
import { bad, foldCommand, good, heading, print, table } from './terminal.ts';

interface Key {
  does: string;
  act: () => void;
}

/** Leaves everything up, with tokens to try and keys to break things with, until `q` or an interrupt. */
export async function play(stage: Stage, signal: AbortSignal): Promise<void> {
  const { world, kubeconfig } = stage;
  heading('Your turn. Everything stays up until q');
  print('In another terminal:');
  print(`  export KUBECONFIG=${kubeconfig}`);
  print(`  kubectl get gitintegrations -n ${namespace} --watch`);
  print();
  print('Tokens to try in the Secret github-pat, and gitlab-pat for the last one:');
  const tokens = addTokens(stage);
  table(tokens.map(([name, token]) => [`  ${name}`, token]));
  const patch = `'{"stringData":{"token":"${tokens[0]?.[1]}"}}'`;
  const words = ['kubectl', 'patch', 'secret', 'github-pat', '-n', namespace, '-p', patch];
  print(`  ${foldCommand(words, '    ')}`);
  print();

  const keys = new Map<string, Key>([
    ['c', { does: 'show what CodeMie holds', act: () => showCodeMie(world) }],
    ['d', { does: 'CodeMie down or up', act: codeMieSwitch(stage) }],
    ['g', { does: 'GitHub down or up', act: hostSwitch(stage, 'GitHub', ['github.com', 'api.github.com']) }],
    ['l', { does: 'GitLab down or up', act: hostSwitch(stage, 'GitLab', ['gitlab.com']) }],
    ['e', { does: 'edit gitlab-pat in CodeMie, as a user would', act: () => edit(stage) }],
    ['q', { does: 'quit', act: () => {} }],
  ]);
  const help = (): void => {
    print(`Keys${process.stdin.isTTY ? '' : ', each with Enter'}:`);
    table([...keys].map(([key, { does }]) => [`  ${key}`, does]));
  };
  help();
  await readKeys(signal, (pressed) => {
    const key = keys.get(pressed);
    if (key) key.act();
    else help();
  });
}

/** Tokens that the Git hosts know, by what is special about them. */
function addTokens({ world: { github, gitlab } }: Stage): [name: string, token: string][] {
  const [works, expired, lacking] = [newToken('ghp_'), newToken('ghp_'), newToken('ghp_')];
  github.addToken({ token: works, login: 'octocat' });
  github.addToken({ token: expired, login: 'octocat' });
  github.expireToken(expired);
  github.addToken({ token: lacking, login: 'octocat', scopes: ['gist'] });
  const ofGitLab = newToken('glpat-');
  gitlab.addToken({ token: ofGitLab, username: 'ci-bot' });
  return [
    ['GitHub, good', works],
    ['GitHub, expired', expired],
    ['GitHub, without scopes', lacking],
    ['GitLab, good', ofGitLab],
  ];
}

const newToken = (prefix: string): string => prefix + randomUUID().replaceAll('-', '');

function codeMieSwitch({ world: { codemie } }: Stage): () => void {
  let isDown = false;
  return () => {
    isDown = !isDown;
    codemie.faults.decide(isDown ? () => ({ outcome: gatewayError(503, 'beforeCommit') }) : undefined);
    report('CodeMie', isDown);
  };
}

function hostSwitch({ world: { internet } }: Stage, name: string, hosts: readonly string[]): () => void {
  let isDown = false;
  return () => {
    isDown = !isDown;
    for (const host of hosts) internet.setFault(host, isDown ? { kind: 'refuse' } : undefined);
    report(name, isDown);
  };
}

function report(name: string, isDown: boolean): void {
  if (isDown) bad(`${name} is down.`);
  else good(`${name} is up.`);
}

function edit({ world }: Stage): void {
  try {
    editByHand(world, 'gitlab-pat');
    print(
      'gitlab-pat leads to another host in CodeMie now. The operator undoes that with its next comparison.',
    );
  } catch {
    bad('CodeMie has no integration of gitlab-pat.');
  }
}

/** Hands over each key until `q`, the end of the input or an interrupt. */
async function readKeys(signal: AbortSignal, press: (key: string) => void): Promise<void> {
  const { stdin } = process;
  await new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
    const take = (key: string): void => {
      if (key === 'q') resolve();
      // In raw mode Ctrl-C is a key.
      else if (key === '\u0003') process.emit('SIGINT');
      else press(key);
    };
    if (stdin.isTTY) {
      stdin.setRawMode(true).setEncoding('utf8').on('data', take).resume();
      return;
    }
    createInterface({ input: stdin })
      .on('line', (line) => take(line.trim()))
      .on('close', () => {
        // Without a keyboard it lasts until the process is asked to exit.
        if (stdin.readableEnded && !signal.aborted) print('Ctrl-C ends it.');
      });
  }).finally(() => {
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
    stdin.unref?.();
  });
}
