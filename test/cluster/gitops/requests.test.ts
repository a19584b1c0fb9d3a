import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  FLUX_RECONCILE_REQUESTED_ANNOTATION,
  RECONCILE_REQUESTED_ANNOTATION,
} from '../../../src/api/group.ts';
import { kinds } from '../../harness/cluster.ts';
import { gitHubIntegration, makeClusterConnection, storeGitHubToken, waitForConnection } from '../objects.ts';
import { useSuite } from '../suite.ts';

const suite = useSuite();
let namespace: string;

beforeAll(async () => {
  namespace = await suite.team();
  await storeGitHubToken(suite, `${namespace}/token`);
});

const handledSchema = z.object({
  lastHandledReconcileAt: z.string().optional(),
  otherHandledReconcileAt: z.string().optional(),
});

describe.each([
  {
    resource: kinds.integration,
    make: async () => {
      const key = `${namespace}/acme`;
      await suite.cluster.create(kinds.integration, gitHubIntegration(key));
      await suite.cluster.waitForConditions(key, { Ready: 'True/Ready' });
      return key;
    },
    asked: ({ host, path }: { host: string; path: string }) => host === 'api.github.com' && path === '/user',
  },
  {
    resource: kinds.connection,
    make: async () => {
      const key = `${namespace}/own`;
      await waitForConnection(suite.cluster, kinds.connection, key, { Ready: 'True/Ready' });
      return key;
    },
    asked: ({ path }: { path: string }) => path.endsWith('/v1/user'),
  },
  {
    resource: kinds.clusterConnection,
    make: async () => {
      const name = await makeClusterConnection(suite, {});
      await waitForConnection(suite.cluster, kinds.clusterConnection, name, { Ready: 'True/Ready' });
      return name;
    },
    asked: ({ path }: { path: string }) => path.endsWith('/v1/user'),
  },
])('a request for a reconcile of a $resource.kind', ({ resource, make, asked }) => {
  it('may come by our annotation and by that of Flux, and each is answered once, with a new check', async () => {
    const { cluster, world } = suite;
    const key = await make();
    const looks = () => world.internet.requests.filter(asked).length;
    const annotations: Record<string, string> = {};
    let last: string | undefined;
    for (const name of [
      FLUX_RECONCILE_REQUESTED_ANNOTATION,
      FLUX_RECONCILE_REQUESTED_ANNOTATION,
      RECONCILE_REQUESTED_ANNOTATION,
      FLUX_RECONCILE_REQUESTED_ANNOTATION,
      RECONCILE_REQUESTED_ANNOTATION,
    ]) {
      const before = looks();
      const other = Object.entries(annotations).find(([each]) => each !== name)?.[1];
      annotations[name] = last = randomUUID();
      await cluster.patch(resource, key, [{ op: 'add', path: '/metadata/annotations', value: annotations }]);
      const handled = await cluster.waitFor(`${last} to be handled`, async () => {
        const object = await cluster.get(resource, key);
        const status = handledSchema.parse(object?.['status']);
        return status.lastHandledReconcileAt === last && status;
      });
      expect(handled.otherHandledReconcileAt).toBe(other);
      expect(looks()).toBe(before + 1);
    }
  });
});
