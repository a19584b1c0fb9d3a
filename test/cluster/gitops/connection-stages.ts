import type { ObjectKey, Resource } from '../../../src/kube/object.ts';
import type { Stage } from './path.ts';
import { connectionSpec, hosts, type Scene, set, store } from './scene.ts';

/** The life of a connection of either kind, whose Secrets are in a namespace. */
export function connectionStages(
  scene: Scene,
  resource: Resource,
  key: () => ObjectKey,
  secretsIn: () => string,
): Stage[] {
  const cluster = () => scene.suite.cluster;
  const change = (field: string, value: unknown) => scene.edit(resource, key(), set(field, value));
  return [
    {
      name: 'it is made before its Secret',
      async act() {
        const [name = '', own] = key().split('/').toReversed();
        const metadata = { name, ...(own !== undefined && { namespace: own }) };
        await cluster().create(resource, { metadata, spec: connectionSpec(scene, 'first') });
      },
      end: 'False/SecretNotFound',
      path: ['InProgress'],
    },
    {
      name: 'the Secret holds a wrong login',
      act: () => cluster().createSecret(`${secretsIn()}/first`, { token: scene.suite.secret('wrong') }),
      end: 'False/Unauthorized+Stalled',
      path: ['InProgress', 'Failed'],
    },
    {
      name: 'the Secret is put right',
      act: () =>
        cluster().setSecret(`${secretsIn()}/first`, 'token', scene.loginOf(`first-of-${resource.plural}`)),
      end: 'True/Ready',
      path: ['Failed', 'Current'],
    },
    {
      name: 'its spec names another login while it is Ready',
      async act() {
        await store(scene, `${secretsIn()}/second`, scene.loginOf(`second-of-${resource.plural}`));
        await change('auth', { token: { secretRef: { name: 'second' } } });
      },
      end: 'True/Ready',
      path: ['Current', 'InProgress', 'Current'],
    },
    {
      name: 'CodeMie goes down',
      async act() {
        scene.down(hosts.codemie);
        await scene.look(resource, key());
      },
      end: 'True/Ready+Reconciling',
      path: ['Current', 'InProgress'],
    },
    {
      name: 'its spec is edited meanwhile',
      act: () => change('limits', { concurrency: 2 }),
      end: 'Unknown/CodeMieUnreachable+Reconciling',
      path: ['InProgress'],
    },
    {
      name: 'CodeMie is up again',
      async act() {
        scene.up(hosts.codemie);
        await scene.look(resource, key());
      },
      end: 'True/Ready',
      path: ['InProgress', 'Current'],
    },
    {
      name: 'its url lacks its path',
      act: () => change('url', 'https://codemie.example.com'),
      end: 'False/NotCodeMie+Stalled',
      path: ['Current', 'InProgress', 'Failed'],
    },
    {
      name: 'its url is put right',
      act: () => change('url', scene.suite.world.codemie.url),
      end: 'True/Ready',
      path: ['Failed', 'InProgress', 'Current'],
    },
  ];
}
