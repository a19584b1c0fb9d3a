import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Exit, type ManagedProcess, startProcess } from './control-plane/processes.ts';
import { answersOk } from './control-plane/service.ts';
import { deadline, startPatience } from './pace.ts';

export interface OperatorOptions {
  /** The path of a kubeconfig. Without one it has to find a service account. */
  kubeconfig?: string;
  /** Its environment besides PATH and HOME, e.g. HTTPS_PROXY. Nothing else is inherited. */
  env?: Record<string, string>;
  /** Flags besides the kubeconfig and the two addresses. */
  args?: string[];
  /** The program. Default: the sources of this checkout. */
  entryPoint?: string;
  /** Flags of node itself. */
  nodeArgs?: readonly string[];
  /** The path of a module that node loads before the operator. */
  preload?: string;
  /** Resolve as soon as it is started, for operators that aren't meant to live until they are ready. */
  waitUntilReady?: boolean;
}

/** The operator as users run it: a separate process, seen from outside only. */
export interface OperatorProcess {
  pid: number;
  exited: Promise<Exit>;
  /** Whether it has not exited. */
  running(): boolean;
  /** Everything it has written to stdout and stderr so far. */
  output(): string;
  /** Where it serves /metrics, as `host:port`. Throws when it does not yet. */
  metricsAddress(): string;
  /** What it answers on /metrics. */
  metrics(): Promise<string>;
  /** Whether it answers 200 on /readyz. */
  isReady(): Promise<boolean>;
  /** Whether it answers 200 on /healthz. */
  isAlive(): Promise<boolean>;
  /** SIGTERM, and SIGKILL if it takes longer than 30 seconds. Resolves when it has exited. */
  stop(): Promise<Exit>;
  /** SIGKILL. Resolves when it has exited. */
  kill(): Promise<Exit>;
}

const sources = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const compiled = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'compiled');
const readyTimeoutMs = 60_000;
const stopGraceMs = 30_000;

/**
 * Starts the operator and waits until /readyz says that it is ready. Throws, with what it wrote, when it ends
 * before that or takes longer than a minute on a quiet machine.
 */
export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  const { kubeconfig, env = {}, args = [], preload, waitUntilReady = true } = options;
  const { entryPoint = sources, nodeArgs = [] } = options;
  const chunks: Buffer[] = [];
  const output = (): string => Buffer.concat(chunks).toString('utf8');
  const metricsAddress = (): string => {
    const address = findAddress(output(), 'Serving metrics');
    if (address === undefined) throw new Error('The operator does not serve metrics yet.');
    return address;
  };
  const started = await startProcess({
    name: 'operator',
    command: process.execPath,
    args: [
      ...nodeArgs,
      ...(preload === undefined ? [] : ['--import', preload]),
      entryPoint,
      ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
      '--metrics-address=127.0.0.1:0',
      '--probe-address=127.0.0.1:0',
      ...args,
    ],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      // Processes that are started by the dozen need not compile everything again.
      NODE_COMPILE_CACHE: compiled,
      ...env,
    },
    output: (chunk) => chunks.push(chunk),
  });
  if (waitUntilReady) await untilReady(started, output);
  return {
    pid: started.pid,
    exited: started.exited,
    running: () => started.running(),
    output,
    stop: () => started.stop(stopGraceMs),
    kill: started.kill,
    isReady: () => answers(output(), '/readyz'),
    isAlive: () => answers(output(), '/healthz'),
    metricsAddress,
    async metrics() {
      const response = await fetch(`http://${metricsAddress()}/metrics`, {
        signal: deadline(5_000),
      });
      return await response.text();
    },
  };
}

async function untilReady(operator: ManagedProcess, output: () => string): Promise<void> {
  const isOver = startPatience(readyTimeoutMs);
  while (!(await answers(output(), '/readyz'))) {
    if (!operator.running()) {
      throw new Error(`The operator ended before it was ready. It wrote:\n${output()}`);
    }
    if (isOver()) {
      await operator.kill();
      throw new Error(
        `The operator was not ready within ${readyTimeoutMs / 1_000} s. It wrote:\n${output()}`,
      );
    }
    await sleep(50);
  }
}

async function answers(output: string, path: string): Promise<boolean> {
  const address = findAddress(output, 'Serving probes');
  return address !== undefined && (await answersOk(`http://${address}${path}`));
}

/** The field `address` of the log line with that message. The operator picks free ports. */
function findAddress(output: string, message: string): string | undefined {
  const line = output.split('\n').find((each) => each.startsWith('{') && each.includes(`"${message}"`));
  if (line === undefined) return undefined;
  return z.object({ address: z.string() }).parse(JSON.parse(line)).address;
}
