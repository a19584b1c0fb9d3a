import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createInformer } from '../../../src/kube/informer.ts';
import { loadKubeConnection } from '../../../src/kube/kube-config.ts';
import { silentLog } from '../../../src/kube/log.ts';
import type { KubeObject, Resource } from '../../../src/kube/object.ts';
import { createKubeClient } from '../../../src/kube/rest-client.ts';
import { createNodeApi, type NodeApi } from './api.ts';
import { type Image, runPod } from './pod.ts';

/** One machine of the cluster. */
export interface NodeAgent {
  name: string;
  /** Everything that the containers of Pods have written whose names begin like this, oldest Pod first. */
  output(namePrefix: string): string;
  /** Ends all Pods, and takes the node off the API server. */
  stop(): Promise<void>;
}

export interface NodeAgentOptions {
  /** An administrator's kubeconfig. */
  kubeconfig: string;
  /** What there is to pull, by reference without tag and digest. */
  images: Readonly<Record<string, Image>>;
}

const pods: Resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
/** A node whose Lease is older than some 40 s counts as lost, and its Pods are evicted. */
const heartbeatMs = 10_000;

/**
 * A node without a machine: it says that it is ready, takes every Pod whose `nodeSelector` has it as
 * `kubernetes.io/hostname` (there may be no scheduler), runs the containers as processes of this machine, and writes
 * what becomes of them. What a Pod's spec says is done, or refused; `sandbox.ts` says what is not imitated.
 *
 * Each Pod has its own address out of 127.0.0.0/8. All Pods share the ports of the machine, so a process that
 * listens on every address is alone: give it `status.podIP`.
 */
export async function startNodeAgent({ kubeconfig, images }: NodeAgentOptions): Promise<NodeAgent> {
  const connection = await loadKubeConnection({ kubeconfig });
  const api = createNodeApi(connection);
  const client = createKubeClient({ connection, userAgent: 'node-agent' });
  const name = `node-${randomUUID().slice(0, 8)}`;
  const stop = new AbortController();
  const outputs = new Map<string, Buffer[]>();
  const running = new Map<string, { end: AbortController; done: Promise<void> }>();
  const { hostname, port } = connection.server;
  const serviceEnv = {
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    KUBERNETES_SERVICE_PORT_HTTPS: port,
  };
  // Two agents at the same time, of two test runs, are to have different addresses.
  const network = `127.${1 + ((randomBytes(1)[0] ?? 0) % 254)}.${randomBytes(1)[0]}`;
  let addresses = 0;

  function take(pod: KubeObject): void {
    const { uid, deletionTimestamp } = pod.metadata;
    const known = running.get(uid);
    if (known) {
      if (deletionTimestamp !== undefined) known.end.abort();
      return;
    }
    if (deletionTimestamp !== undefined) return;
    const chunks: Buffer[] = [];
    outputs.set(pod.metadata.name, chunks);
    const end = new AbortController();
    const done = runPod(
      {
        api,
        pod,
        nodeName: name,
        podIP: `${network}.${1 + (addresses++ % 254)}`,
        imageOf: (reference) => images[reference.replace(/@.*$/, '').replace(/:[^/]*$/, '')],
        serviceEnv,
        output: (chunk) => chunks.push(chunk),
      },
      end.signal,
    ).finally(() => running.delete(uid));
    running.set(uid, { end, done });
  }

  await join(name, api);
  const informer = createInformer({ client, resource: pods, log: silentLog });
  informer.onChange(({ type, object }) => {
    if (type === 'deleted') running.get(object.metadata.uid)?.end.abort();
    else if (placeOf(object).node === name) take(object);
    else if (placeOf(object).wanted === name) void bind(object, name, api);
  });
  const following = informer.run(stop.signal);
  const beating = beat(name, api, stop.signal);
  await informer.whenSynced(stop.signal);

  return {
    name,
    output: (prefix) =>
      Buffer.concat(
        [...outputs].flatMap(([pod, chunks]) => (pod.startsWith(prefix) ? chunks : [])),
      ).toString(),
    async stop() {
      stop.abort();
      await Promise.all([following, beating]);
      const left = [...running.values()];
      for (const { end } of left) end.abort();
      await Promise.all(left.map(({ done }) => done));
      await api.delete(`/api/v1/nodes/${name}`, {}).catch(() => {});
      await Promise.all([api.close(), client.close()]);
    },
  };
}

const placement = z.object({
  nodeName: z.string().optional(),
  nodeSelector: z.record(z.string(), z.string()).default({}),
});

/** Where a Pod is, and where it wants to be as long as it is nowhere. */
function placeOf({ spec }: KubeObject): { node?: string | undefined; wanted?: string | undefined } {
  const { nodeName, nodeSelector } = placement.parse(spec);
  return nodeName === undefined ? { wanted: nodeSelector['kubernetes.io/hostname'] } : { node: nodeName };
}

/** What a scheduler does. Another one may have been faster, or the Pod is gone: then there is nothing to do. */
async function bind(pod: KubeObject, node: string, api: NodeApi): Promise<void> {
  const { name, namespace, uid } = pod.metadata;
  const body = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace, uid },
    target: { apiVersion: 'v1', kind: 'Node', name: node },
  };
  await api.post(`/api/v1/namespaces/${namespace}/pods/${name}/binding`, body).catch(() => {});
}

async function join(name: string, api: NodeApi): Promise<void> {
  await api.post('/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
  });
  const time = new Date().toISOString();
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    lastHeartbeatTime: time,
    lastTransitionTime: time,
  };
  const room = { cpu: '4', memory: '8Gi', pods: '110' };
  const status = { conditions: [ready], capacity: room, allocatable: room };
  await api.merge(`/api/v1/nodes/${name}/status`, { status });
}

/** Renews the node's Lease. https://kubernetes.io/docs/concepts/architecture/leases/#node-heart-beats */
async function beat(name: string, api: NodeApi, signal: AbortSignal): Promise<void> {
  const folder = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
  const spec = () => ({
    holderIdentity: name,
    leaseDurationSeconds: 40,
    renewTime: new Date().toISOString().replace('Z', '000Z'),
  });
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name } };
  await api.post(folder, { ...lease, spec: spec() }).catch(() => {});
  while (!signal.aborted) {
    await sleep(heartbeatMs, undefined, { signal }).catch(() => {});
    if (!signal.aborted) await api.merge(`${folder}/${name}`, { spec: spec() }).catch(() => {});
  }
  await api.delete(`${folder}/${name}`, {}).catch(() => {});
}
