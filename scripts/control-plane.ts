import { parseArgs } from 'node:util';
import { startControlPlane } from '../test/harness/control-plane/control-plane.ts';

const usage = `Usage: npm run control-plane -- --dir DIR [--kubernetes MINOR] [--keep]

Runs a Kubernetes API server without Docker until Ctrl-C, and writes DIR/kubeconfig.

  --dir DIR            A folder for its files
  --kubernetes MINOR   The minor version, such as 1.31
  --keep               Leave logs and data in DIR at the end
  --help               Print this
`;

/**
 * `npm run control-plane -- --dir DIR [--kubernetes MINOR] [--keep]`: a Kubernetes API without Docker, until Ctrl-C.
 * Writes DIR/kubeconfig; `--kubernetes 1.31` chooses the version; `--keep` leaves logs and data in DIR afterwards.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      dir: { type: 'string' },
      kubernetes: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  const { dir, kubernetes, keep } = values;
  if (dir === undefined) throw new Error(`Name a folder.\n\n${usage}`);

  const interrupt = new AbortController();
  // Stays for the whole run: npm passes on a Ctrl-C that the terminal has sent already.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupt.abort(new Error('Interrupted.')));
  }
  const controlPlane = await startControlPlane({
    dir,
    keep,
    kubernetes,
    log: print,
    signal: interrupt.signal,
  });
  print(`Ready at ${controlPlane.url}. Ctrl-C stops it.`);
  print(`export KUBECONFIG=${controlPlane.kubeconfigPath}`);
  await aborted(interrupt.signal);
  print('Stopping.');
  await controlPlane.stop();
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
