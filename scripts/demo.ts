import { parseArgs } from 'node:util';
import { setStage } from './demo/stage.ts';
import { tell } from './demo/story.ts';
import { heading, print } from './demo/terminal.ts';

/**
 * `npm run demo [-- --keep]`: the main job of the operator, from an empty machine to integrations in CodeMie. Ends
 * with exit code 0 when all of it happened. With `--keep` everything stays up for trying by hand, until Ctrl-C.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
  const interrupt = new AbortController();
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        interrupt.abort(new Error('Interrupted.'));
        resolve();
      });
  });
  heading('Start a cluster, the servers around it, and the operator');
  const stage = await setStage(interrupt.signal);
  try {
    await tell(stage);
    if (values.keep) {
      heading('Everything stays up until Ctrl-C');
      print(`export KUBECONFIG=${stage.kubeconfig}`);
      print('kubectl get gitintegrations --all-namespaces --watch');
      await interrupted;
    }
  } finally {
    await stage.clear();
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
