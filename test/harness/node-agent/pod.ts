import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isNotFound } from '../../../src/kube/errors.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import type { NodeApi } from './api.ts';
import { type ContainerState, runContainer } from './container.ts';
import { environmentOf, expand, type PodFacts } from './environment.ts';
import { type Container, type PodSpec, parsePodSpec } from './pod-spec.ts';
import { type Enter, inSandbox } from './sandbox.ts';
import { makeVolumes, readData } from './volumes.ts';

/** What an image has in it, as far as a container needs it. */
export interface Image {
  entrypoint: readonly string[];
  env: Readonly<Record<string, string>>;
  workingDir?: string;
  /**
   * Runs a command among the files of the image. Without it, it runs among those of the machine, as the agent's user.
   */
  enter?: Enter;
}

/** What a Pod is run with. */
export interface PodOptions {
  api: NodeApi;
  pod: KubeObject;
  nodeName: string;
  podIP: string;
  /** The image of that reference; undefined when there is none to pull. */
  imageOf: (reference: string) => Image | undefined;
  /** What the kubelet passes to each container about the API server. */
  serviceEnv: Readonly<Record<string, string>>;
  /** Gets what the containers write. */
  output: (chunk: Buffer) => void;
}

/** Runs a Pod until the signal aborts, then takes it off the API server. Never rejects. */
export async function runPod(options: PodOptions, signal: AbortSignal): Promise<void> {
  const { api, pod, output } = options;
  const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
  const folder = await mkdtemp(join(tmpdir(), 'pod-'));
  try {
    await runIn(folder, path, options, signal);
  } catch (error) {
    if (!signal.aborted) output(Buffer.from(`node agent: ${error instanceof Error ? error.message : ''}\n`));
  }
  await rm(folder, { recursive: true, force: true });
  const body = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
  // It may have been force-deleted, or its test and the API server may have finished.
  await api.delete(path, body).catch(() => {});
}

async function runIn(folder: string, path: string, options: PodOptions, signal: AbortSignal): Promise<void> {
  const { api, pod, podIP } = options;
  const spec = parsePodSpec(pod['spec']);
  const facts = factsOf(options, spec);
  const states = new Map<string, ContainerState>();
  let writing = Promise.resolve();
  const write = (): void => {
    const status = statusOf(spec, states, podIP);
    writing = writing.then(() => api.merge(`${path}/status`, { status }).then(noop, unlessGone));
  };
  write();
  await untilMade(() => makeVolumes(spec.volumes, join(folder, 'volumes'), { api, facts }), options, signal);
  const prepare = (container: Container) => prepareContainer(container, spec, folder, facts, options);
  await Promise.all(
    spec.containers.map((container) =>
      runContainer(
        {
          container,
          prepare: () => prepare(container),
          podIP,
          graceMs: spec.terminationGracePeriodSeconds * 1000,
          output: options.output,
          onChange(state) {
            states.set(container.name, state);
            write();
          },
        },
        signal,
      ),
    ),
  );
  await writing;
}

const noop = (): void => {};

function unlessGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

/** A volume waits for its Secret, as a kubelet has it. */
async function untilMade(
  make: () => Promise<void>,
  { output }: PodOptions,
  signal: AbortSignal,
): Promise<void> {
  for (let told = false; ; told = true) {
    try {
      return await make();
    } catch (error) {
      signal.throwIfAborted();
      if (!told) output(Buffer.from(`node agent: ${error instanceof Error ? error.message : ''}\n`));
      await sleep(200, undefined, { signal });
    }
  }
}

async function prepareContainer(
  container: Container,
  spec: PodSpec,
  folder: string,
  facts: PodFacts,
  { api, imageOf, serviceEnv }: PodOptions,
): Promise<{ argv: string[]; env: Record<string, string>; cwd?: string }> {
  const image = imageOf(container.image);
  if (!image) throw new Error(`There is no image ${container.image}.`);
  const lookup = async (kind: 'secret' | 'configMap', name: string, key: string) =>
    (await readData(kind, name, { api, facts }).catch(() => new Map<string, Buffer>())).get(key)?.toString();
  const env = await environmentOf(container, { ...image.env, ...serviceEnv }, facts, lookup);
  const words = [...(container.command ?? image.entrypoint), ...container.args];
  const mounts = container.volumeMounts.map(({ name, mountPath, readOnly }) => ({
    source: join(folder, 'volumes', name),
    target: mountPath,
    readOnly,
  }));
  const own = join(folder, 'containers', container.name);
  await mkdir(own, { recursive: true });
  const { enter = inSandbox } = image;
  const argv = await enter(
    words.map((word) => expand(word, env)),
    {
      mounts,
      readOnlyRoot: container.securityContext.readOnlyRootFilesystem,
      ...userOf(container, spec),
      variables: Object.keys(env),
    },
    own,
  );
  const cwd = container.workingDir ?? image.workingDir;
  return { argv, env, ...(cwd !== undefined && { cwd }) };
}

function userOf(container: Container, spec: PodSpec): { user?: string } {
  const { runAsUser, runAsGroup } = { ...spec.securityContext, ...container.securityContext };
  if (runAsUser === undefined) return {};
  return { user: runAsGroup === undefined ? `${runAsUser}` : `${runAsUser}:${runAsGroup}` };
}

function factsOf({ pod, nodeName, podIP }: PodOptions, { serviceAccountName }: PodSpec): PodFacts {
  const { name, namespace = '', uid, labels = {}, annotations = {} } = pod.metadata;
  return {
    name,
    namespace,
    uid,
    labels,
    annotations,
    nodeName,
    serviceAccountName,
    podIP,
    hostIP: '127.0.0.1',
  };
}

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ */
function statusOf(spec: PodSpec, states: ReadonlyMap<string, ContainerState>, podIP: string): object {
  const all = spec.containers.map(({ name, image }) => {
    const state = states.get(name);
    const last = state?.lastExitCode;
    return {
      name,
      image,
      imageID: image,
      ready: state?.ready ?? false,
      started: state?.started ?? false,
      restartCount: state?.restarts ?? 0,
      state: state?.running
        ? { running: {} }
        : { waiting: { reason: state?.waiting ?? 'ContainerCreating' } },
      ...(last !== undefined && { lastState: { terminated: { exitCode: last, reason: 'Error' } } }),
    };
  });
  const ready = all.every((each) => each.ready) ? 'True' : 'False';
  return {
    phase: all.some((each) => 'running' in each.state) ? 'Running' : 'Pending',
    hostIP: '127.0.0.1',
    podIP,
    podIPs: [{ ip: podIP }],
    containerStatuses: all,
    conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
      type,
      status: type.endsWith('Ready') ? ready : 'True',
      // A Deployment counts a Pod as available only if this says since when.
      lastTransitionTime: new Date().toISOString(),
    })),
  };
}
