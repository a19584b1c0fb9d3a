import type { JsonPatchOp, KubeClient } from '../kube/client.ts';
import { KubeStatusError } from '../kube/errors.ts';
import { type KubeObject, keyOf, type ObjectKey, type Resource } from '../kube/object.ts';
import { ownMember } from '../lib/names.ts';
import type { Cluster } from './cluster.ts';
import type { Io } from './io.ts';

/** An {@link Io} that keeps what is written. */
export interface TestIo extends Io {
  stdout(): string;
  stderr(): string;
}

/** Creates one without a terminal by default. */
export function testIo(given: Partial<Omit<Io, 'stdin'>> & { stdin?: string | Uint8Array } = {}): TestIo {
  const { stdin = '', ...rest } = given;
  const written: Record<'out' | 'err', string[]> = { out: [], err: [] };
  return {
    out: (text) => void written.out.push(text),
    err: (line) => void written.err.push(`${line}\n`),
    progress: () => {},
    stdin: async () => Buffer.from(stdin),
    env: {},
    columns: undefined,
    onResize: () => {},
    now: () => Date.parse('2026-11-27T12:00:00Z'),
    confirm: async () => undefined,
    sleep: async () => {},
    signal: new AbortController().signal,
    ...rest,
    stdout: () => written.out.join(''),
    stderr: () => written.err.join(''),
  };
}

/** A cluster that holds what a test gives it, and remembers patches instead of applying them. */
export interface TestCluster extends Cluster {
  patches: { key: ObjectKey; operations: JsonPatchOp[] }[];
}

/**
 * Makes one.
 *
 * @param objects by the plural of their kind
 * @param forbidden plurals of kinds that are forbidden to read
 */
export function testCluster(
  objects: Readonly<Record<string, readonly KubeObject[]>>,
  forbidden: readonly string[] = [],
): TestCluster {
  const of = ({ plural }: Resource) => {
    if (forbidden.includes(plural))
      throw new KubeStatusError(`list ${plural}`, { code: 403, reason: 'Forbidden' });
    return ownMember(objects, plural) ?? [];
  };
  const patches: TestCluster['patches'] = [];
  const unused = (): never => {
    throw new Error('No command does this.');
  };
  const client: KubeClient = {
    get: async (resource, key) => of(resource).find((object) => keyOf(object) === key),
    list: async (resource, { namespace }) => ({
      items: of(resource).filter(
        ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
      ),
      resourceVersion: '1',
    }),
    async patchJson(resource, key, operations) {
      const object = of(resource).find((each) => keyOf(each) === key);
      if (!object) throw new KubeStatusError(`patch ${key}`, { code: 404, reason: 'NotFound' });
      patches.push({ key, operations });
      return object;
    },
    watch: unused,
    create: unused,
    replace: unused,
    applyStatus: unused,
    apply: unused,
    ask: unused,
    close: async () => {},
  };
  return { client, namespace: 'team-a', patches };
}

/** A condition as the operator writes it, five minutes before the clock of {@link testIo}. */
export function condition(type: string, status: string, reason: string, message = 'It is so.') {
  const lastTransitionTime = '2026-11-27T11:55:00Z';
  return { type, status, reason, message, lastTransitionTime, observedGeneration: 1 };
}

/** A GitIntegration of team-a, a day old. */
export function integration(
  name: string,
  fields: { spec?: object; status?: object; metadata?: object } = {},
): KubeObject {
  const { spec, status, metadata } = fields;
  return {
    metadata: {
      name,
      namespace: 'team-a',
      uid: `uid-${name}`,
      resourceVersion: '7',
      generation: 1,
      creationTimestamp: '2026-11-26T12:00:00Z',
      ...metadata,
    },
    spec: {
      provider: 'GitHub',
      project: 'demo',
      auth: { token: { secretRef: { name: 'token' } } },
      ...spec,
    },
    ...(status && { status }),
  };
}

/** Metadata as the API server completes it. */
export const meta = (name: string, namespace?: string, more: object = {}) => ({
  name,
  ...(namespace !== undefined && { namespace }),
  uid: `uid-${name}`,
  resourceVersion: '1',
  generation: 1,
  creationTimestamp: '2026-11-20T12:00:00Z',
  ...more,
});

/** A Secret with these values. */
export const secret = (name: string, stringData: Record<string, string>, namespace = 'team-a') => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: meta(name, namespace),
  data: Object.fromEntries(
    Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  ),
});
