import { parseArgs } from 'node:util';
import { heading, print } from './demo/terminal.ts';

const usage = `Usage: npm run demo [-- OPTIONS]

Shows what the operator does, on this machine alone: it starts a Kubernetes API server, CodeMie, an
identity provider, Git hosts and the operator, applies the manifests of examples/, and breaks and
repairs things. Takes about a minute, and more where the API server has to be fetched first.

  --keep   Leave everything up at the end, with tokens to try and keys to break things, until q
  --help   Print this

The API server comes from the first of: $KUBEBUILDER_ASSETS, an earlier build, setup-envtest, a
download of some 50 MB, K3s in Docker, a build with Go. Nothing is written outside of the cache
(~/.cache/codemie-git-operator) and temporary folders.
`;

/**
 * `npm run demo [-- --keep]`: the main job of the operator, from an empty machine to integrations in CodeMie. Ends
 * with exit code 0 when all of it happened.
 */
async function main(): Promise<void> {
  const options = {
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) return void process.stdout.write(usage);
  // Before the rest is loaded, which takes a while.
  heading('A cluster, CodeMie, the Git hosts and the operator, on this machine alone');
  const [{ setStage }, { tell }, { play }] = await Promise.all([
    import('./demo/stage.ts'),
    import('./demo/story.ts'),
    import('./demo/play.ts'),
  ]);

  const interrupt = new AbortController();
  // Stays for the whole run: npm passes on a Ctrl-C that the terminal has sent already.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interrupt.abort(new Interrupted()));
  const interrupted = new Promise<never>((_resolve, reject) => {
    interrupt.signal.addEventListener('abort', () => reject(new Interrupted()), { once: true });
  });
  interrupted.catch(() => {});
  try {
    const stage = await setStage(interrupt.signal);
    try {
      const story = tell(stage, values.keep);
      // It goes on for a moment, with commands that fail.
      story.catch(() => {});
      await Promise.race([story, interrupted]);
      if (values.keep) await play(stage, interrupt.signal);
    } finally {
      await stage.clear();
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    print();
    print('Stopped. Everything was cleaned up.');
    process.exitCode = 130;
  }
}

class Interrupted extends Error {
  override readonly message = 'Interrupted.';
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof TypeError && 'code' in error) process.stderr.write(`\n${usage}`);
  process.exitCode = 1;
}
