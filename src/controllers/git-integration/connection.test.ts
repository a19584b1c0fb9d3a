import { describe, expect, it } from 'vitest';
import { parseGitIntegrationSpec } from '../../api/v1alpha1/git-integration-spec.ts';
import { RetryAfterError } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/object.ts';
import { createStore } from '../../kube/store.ts';
import { resolveConnection } from './connection.ts';
import { Halt } from './halt.ts';
import { parseIntegration } from './pass.ts';

const createdAt = '2026-11-22T12:00:00Z';
const meta = (name: string, namespace?: string) => ({
  name,
  ...(namespace !== undefined && { namespace }),
  uid: `uid-of-${name}`,
  resourceVersion: '1',
  creationTimestamp: createdAt,
});

const secretRef = { name: 'token', key: 'token' };
const connectionSpec = {
  url: 'https://codemie.example.com',
  auth: { token: { secretRef } },
  consumers: [{ namespaces: ['team-a'], projects: ['demo'] }],
};

/** What comes of an integration of team A in the project, with the cluster's connections as given. */
function resolve(
  connections: KubeObject[],
  { project = 'demo', followsClusterConnections = true } = {},
): unknown {
  const spec = parseGitIntegrationSpec({ provider: 'GitHub', project, auth: { token: { secretRef } } });
  if (!spec.ok) throw new Error(spec.error);
  const object = { metadata: meta('acme', 'team-a') };
  const clusterConnections = createStore();
  for (const connection of connections) clusterConnections.put(connection);
  const stores = {
    clusterConnections,
    connections: createStore(),
    namespaces: createStore(),
    followsClusterConnections,
  };
  try {
    return resolveConnection({ ...parseIntegration(object), spec: spec.value, alias: 'acme' }, stores);
  } catch (error) {
    return error;
  }
}

function connection(status?: { observedGeneration: number; ready: 'True' | 'False' }): KubeObject {
  const metadata = { ...meta('default'), generation: 2 };
  if (!status) return { metadata, spec: connectionSpec };
  const { observedGeneration, ready } = status;
  const condition = {
    type: 'Ready',
    status: ready,
    reason: 'Any',
    message: '',
    lastTransitionTime: createdAt,
  };
  const conditions = [{ ...condition, observedGeneration }];
  return { metadata, spec: connectionSpec, status: { observedGeneration, conditions } };
}

describe('resolveConnection', () => {
  it('gives a connection that is Ready', () => {
    const found = resolve([connection({ observedGeneration: 2, ready: 'True' })]);
    expect(found).toMatchObject({ uid: 'uid-of-default' });
  });

  it.each([
    { name: 'that no one has checked', status: undefined },
    { name: 'that was edited since it was Ready', status: { observedGeneration: 1, ready: 'True' as const } },
  ])('waits in silence for a connection $name', ({ status }) => {
    expect(resolve([connection(status)])).toBeInstanceOf(RetryAfterError);
  });

  it.each([
    { name: 'is not there', reason: 'ConnectionNotFound', connections: [], project: 'demo' },
    {
      name: 'is not Ready',
      reason: 'ConnectionNotReady',
      connections: [connection({ observedGeneration: 2, ready: 'False' })],
      project: 'demo',
    },
    {
      name: 'does not allow the project, even before anyone checked it',
      reason: 'ProjectNotAllowed',
      connections: [connection()],
      project: 'other',
    },
  ])('says that the connection $name', ({ reason, connections, project }) => {
    const halt = resolve(connections, { project });
    expect(halt).toBeInstanceOf(Halt);
    expect(halt).toMatchObject({ finding: { reason } });
  });

  it('says that its operator does not serve connections of the cluster', () => {
    const ready = connection({ observedGeneration: 2, ready: 'True' });
    expect(resolve([ready], { followsClusterConnections: false })).toMatchObject({
      finding: { reason: 'ConnectionNotAllowed' },
    });
  });
});
