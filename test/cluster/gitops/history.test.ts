import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { API_VERSION, FIELD_MANAGER } from '../../../src/api/group.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import { kinds } from '../../harness/cluster.ts';
import { judge } from '../../harness/gitops/judge.ts';
import { kstatus } from '../../harness/gitops/kstatus.ts';
import { type History, recordHistory } from '../../harness/history.ts';
import { deadline } from '../../harness/pace.ts';
import { discard } from '../objects.ts';
import { useSuite } from '../suite.ts';
import { connectionStages } from './connection-stages.ts';
import { healthScripts } from './health-scripts.ts';
import { integrationStages } from './integration-stages.ts';
import { statusOf, walk } from './path.ts';
import { createScene, ourKinds } from './scene.ts';

const suite = useSuite();
const scene = createScene(suite, () => namespace);
let namespace: string;
let history: History;
/** Which fields the operator has managed after any test, as `subresource: path`. */
const managed = new Set<string>();

const integration = () => `${namespace}/acme`;
const connectionOfTeam = () => `${namespace}/own`;
const connectionOfCluster = () => `gitops-${namespace}`;

beforeAll(async () => {
  namespace = await suite.cluster.createNamespace('gitops');
  history = await recordHistory(
    suite.cluster,
    ourKinds,
    ({ metadata }) => metadata.namespace === namespace || metadata.name === connectionOfCluster(),
  );
});

afterEach(async () => {
  for (const { plural } of ourKinds) {
    const list = await suite.cluster.client.getRaw(`/apis/${API_VERSION}/${plural}`, deadline(10_000));
    for (const field of managedBy(FIELD_MANAGER, list)) managed.add(field);
  }
});

afterAll(async () => {
  await history?.stop();
  await discard(suite.cluster, kinds.clusterConnection, connectionOfCluster());
});

describe.each([
  { resource: kinds.connection, keyOf: connectionOfTeam, secretsIn: () => namespace },
  { resource: kinds.clusterConnection, keyOf: connectionOfCluster, secretsIn: () => suite.system },
])('kstatus of a $resource.kind', ({ resource, keyOf, secretsIn }) => {
  it.each(connectionStages(scene, resource, keyOf, secretsIn))('goes $path when $name', async (stage) => {
    expect(await walk(history, resource, keyOf(), stage)).toEqual(stage.path);
  });
});

describe('kstatus of a GitIntegration', () => {
  it.each(integrationStages(scene, integration))('goes $path when $name', async (stage) => {
    expect(await walk(history, kinds.integration, integration(), stage)).toEqual(stage.path);
  });
});

describe('every version', () => {
  /** Reasons that require no action but to wait, or to apply the rest. */
  const waited = [
    'SecretNotFound',
    'ConnectionNotFound',
    'ConnectionNotReady',
    'ProviderUnreachable',
    'CodeMieUnreachable',
    'Suspended',
    'Deleting',
    'InUse',
  ];
  const all = () => ourKinds.flatMap((resource) => history.versions(resource));
  const readyOf = (object: KubeObject) => statusOf(object).conditions.find(({ type }) => type === 'Ready');

  it('was ourKinds', () => {
    expect(all().length).toBeGreaterThan(70);
  });

  it('is Current only for a spec that was acted on', () => {
    for (const object of all().filter((each) => kstatus(each) === 'Current')) {
      expect(readyOf(object)).toMatchObject({
        status: 'True',
        observedGeneration: object.metadata.generation,
      });
      expect(actedOn(object)).toBe(askedFor(object));
    }
  });

  it('is Failed only where action is required', () => {
    const failed = all().filter((each) => kstatus(each) === 'Failed');
    expect(failed.filter((each) => waited.includes(readyOf(each)?.reason ?? ''))).toEqual([]);
    expect(failed.every((each) => readyOf(each)?.status === 'False')).toBe(true);
  });

  it('is about a generation that there was, and never goes back to an earlier one', () => {
    const last = new Map<string, number>();
    for (const object of all()) {
      const { uid, generation = 0 } = object.metadata;
      const { observedGeneration, conditions } = statusOf(object);
      expect(observedGeneration).toBeGreaterThanOrEqual(last.get(uid) ?? -1);
      expect(observedGeneration).toBeLessThanOrEqual(generation);
      for (const each of conditions) expect(each.observedGeneration).toBeLessThanOrEqual(generation);
      last.set(uid, observedGeneration);
    }
  });

  it('is the same to the kstatus library, and Argo CD shows what it says', async () => {
    const scripts = await healthScripts();
    for (const resource of ourKinds) {
      const versions = history.versions(resource);
      const verdicts = await judge(scripts[resource.kind] ?? '', versions);
      const health = {
        Terminating: 'Progressing',
        InProgress: 'Progressing',
        Failed: 'Degraded',
        Current: 'Healthy',
      };
      for (const [index, object] of versions.entries()) {
        const said = kstatus(object);
        const isSuspended = said !== 'Terminating' && specOf(object).suspend === true;
        expect(verdicts[index]?.kstatus.status).toBe(said);
        expect(verdicts[index]?.health.status).toBe(isSuspended ? 'Suspended' : health[said]);
      }
    }
  });

  it('has the spec, labels and annotations that its user gave it', () => {
    const theirs = ({ metadata: { labels, annotations, generation }, ...rest }: KubeObject) =>
      JSON.stringify([labels, annotations, generation, rest['spec']]);
    const before = new Map<string, string>();
    const changed = all().filter((object) => {
      const { uid, resourceVersion, deletionTimestamp } = object.metadata;
      const last = before.get(uid);
      before.set(uid, theirs(object));
      // The API server counts the wish to delete as a new generation.
      const isUsers = scene.byPerson.has(resourceVersion) || deletionTimestamp !== undefined;
      return last !== undefined && last !== theirs(object) && !isUsers;
    });
    expect(changed).toEqual([]);
    expect(scene.byPerson.size).toBeGreaterThan(20);
  });

  it('shows the operator as the manager of the status and of finalizers, and of nothing else', () => {
    expect([...managed].toSorted()).toEqual([': metadata/finalizers', 'status: status']);
  });
});

/** The last request to CodeMie for this object, recognized by what only that spec causes. */
function actedOn(object: KubeObject): string | undefined {
  const { registration, account } = statusOf(object);
  return object.kind === kinds.integration.kind ? registration?.alias : account?.name.replace(/-of-.*/, '');
}

/** The same as the spec has it: the alias, or the Secret of a login that is called like its user. */
function askedFor(object: KubeObject): string | undefined {
  const { alias, auth } = specOf(object);
  return object.kind === kinds.integration.kind ? alias : auth.token.secretRef.name;
}

function specOf(object: KubeObject) {
  return z
    .object({
      alias: z.string().optional(),
      suspend: z.boolean().optional(),
      auth: z.object({ token: z.object({ secretRef: z.object({ name: z.string() }) }) }),
    })
    .parse(object['spec']);
}

/** The fields that are owned: those of `metadata` one by one, others by their first name. */
function pathsOf(fields: Record<string, unknown>): string[] {
  return Object.entries(fields).flatMap(([name, inner]) =>
    name === 'f:metadata'
      ? Object.keys(inner ?? {}).map((each) => `metadata/${each.slice(2)}`)
      : [name.slice(2)],
  );
}

/** The fields of the objects of a list that a manager owns. */
function managedBy(name: string, list: unknown): string[] {
  const schema = z.object({
    items: z.array(
      z.object({
        metadata: z.object({
          managedFields: z.array(
            z.object({
              manager: z.string(),
              subresource: z.string().default(''),
              fieldsV1: z.record(z.string(), z.unknown()),
            }),
          ),
        }),
      }),
    ),
  });
  return schema
    .parse(list)
    .items.flatMap(({ metadata }) => metadata.managedFields)
    .filter(({ manager }) => manager === name)
    .flatMap(({ subresource, fieldsV1 }) => pathsOf(fieldsV1).map((path) => `${subresource}: ${path}`));
}
