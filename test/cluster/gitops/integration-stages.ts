import type { ObjectKey } from '../../../src/kube/object.ts';
import { kinds } from '../../harness/cluster.ts';
import { gitHubIntegration } from '../objects.ts';
import type { Stage } from './path.ts';
import { connectionSpec, hosts, type Scene, set } from './scene.ts';

/** The life of a GitIntegration, from before there is anything that it needs until it is gone. */
export function integrationStages(scene: Scene, key: () => ObjectKey): Stage[] {
  const cluster = () => scene.suite.cluster;
  const change = (field: string, value: unknown) => scene.edit(kinds.integration, key(), set(field, value));
  const secret = () => `${scene.namespace()}/token`;
  return [
    {
      name: 'it is made before its connection',
      act: () =>
        cluster().create(
          kinds.integration,
          gitHubIntegration(key(), {
            alias: 'one',
            connectionRef: { kind: 'CodeMieConnection', name: 'late' },
          }),
        ),
      end: 'False/ConnectionNotFound',
      path: ['InProgress'],
    },
    {
      name: 'its connection comes, and CodeMie is down',
      async act() {
        scene.down(hosts.codemie);
        await cluster().create(kinds.connection, {
          metadata: { name: 'late', namespace: scene.namespace() },
          spec: connectionSpec(scene, 'second'),
        });
      },
      end: 'Unknown/ConnectionNotReady+Reconciling',
      path: ['InProgress'],
    },
    {
      name: 'CodeMie comes up, and there is no Secret',
      async act() {
        scene.up(hosts.codemie);
        await scene.look(kinds.connection, `${scene.namespace()}/late`);
      },
      end: 'False/SecretNotFound',
      path: ['InProgress'],
    },
    {
      name: 'the Secret comes with a wrong token',
      act: () => cluster().createSecret(secret(), { token: scene.suite.secret('ghp_') }),
      end: 'False/Unauthorized+Stalled',
      path: ['InProgress', 'Failed'],
    },
    {
      name: 'the token is put right',
      act: () => cluster().setSecret(secret(), 'token', scene.gitHubToken()),
      end: 'True/Ready',
      path: ['Failed', 'Current'],
    },
    {
      name: 'its spec is edited while it is Ready',
      act: () => change('alias', 'two'),
      end: 'True/Ready',
      path: ['Current', 'InProgress', 'Current'],
    },
    {
      name: 'its spec asks for what there is not',
      act: () => change('validation', { repositories: ['acme/nowhere'] }),
      end: 'False/RepositoryNotAccessible+Stalled',
      path: ['Current', 'InProgress', 'Failed'],
    },
    {
      name: 'its spec is put right',
      act: () => change('validation', { repositories: [] }),
      end: 'True/Ready',
      path: ['Failed', 'InProgress', 'Current'],
    },
    {
      name: 'the Git host goes down',
      async act() {
        scene.down(hosts.git);
        await scene.look(kinds.integration, key());
      },
      end: 'True/Ready+Reconciling',
      path: ['Current', 'InProgress'],
    },
    {
      name: 'its spec is edited meanwhile',
      act: () => change('alias', 'three'),
      end: 'Unknown/ProviderUnreachable+Reconciling',
      path: ['InProgress'],
    },
    {
      name: 'the Git host is up again',
      async act() {
        scene.up(hosts.git);
        await scene.look(kinds.integration, key());
      },
      end: 'True/Ready',
      path: ['InProgress', 'Current'],
    },
    {
      name: 'CodeMie goes down',
      async act() {
        scene.down(hosts.codemie);
        await scene.look(kinds.integration, key());
      },
      end: 'True/Ready+Reconciling',
      path: ['Current', 'InProgress'],
    },
    {
      name: 'CodeMie is up again',
      async act() {
        scene.up(hosts.codemie);
        await scene.look(kinds.integration, key());
      },
      end: 'True/Ready',
      path: ['InProgress', 'Current'],
    },
    {
      name: 'its Secret is deleted',
      act: () => cluster().delete(kinds.secret, secret()),
      end: 'False/SecretNotFound',
      path: ['Current', 'InProgress'],
    },
    {
      name: 'its Secret is back',
      act: () => cluster().createSecret(secret(), { token: scene.gitHubToken() }),
      end: 'True/Ready',
      path: ['InProgress', 'Current'],
    },
    {
      name: 'it is suspended',
      act: () => change('suspend', true),
      end: 'True/Suspended',
      path: ['Current', 'InProgress', 'Current'],
    },
    {
      name: 'its spec is edited while it is suspended',
      act: () => change('alias', 'four'),
      end: 'True/Suspended',
      handled: false,
      path: ['Current', 'InProgress'],
    },
    {
      name: 'that edit is taken back',
      act: () => change('alias', 'three'),
      end: 'True/Suspended',
      path: ['InProgress', 'Current'],
    },
    {
      name: 'it is edited and resumed at once',
      act: () => scene.edit(kinds.integration, key(), set('alias', 'five'), set('suspend', false)),
      end: 'True/Ready',
      path: ['Current', 'InProgress', 'Current'],
    },
    {
      name: 'it is edited and suspended at once',
      act: () => scene.edit(kinds.integration, key(), set('alias', 'six'), set('suspend', true)),
      end: 'True/Suspended',
      handled: false,
      path: ['Current', 'InProgress'],
    },
    {
      name: 'it is resumed',
      act: () => change('suspend', false),
      end: 'True/Ready',
      path: ['InProgress', 'Current'],
    },
    {
      name: 'its connection is being deleted',
      act: () => cluster().delete(kinds.connection, `${scene.namespace()}/late`),
      end: 'True/Ready+Reconciling',
      path: ['Current', 'InProgress'],
    },
    {
      name: 'it is deleted while CodeMie is down',
      async act() {
        scene.down(hosts.codemie);
        await cluster().delete(kinds.integration, key());
      },
      end: 'Unknown/Deleting+Reconciling',
      path: ['InProgress', 'Terminating'],
    },
    {
      name: 'CodeMie is up again for that',
      async act() {
        scene.up(hosts.codemie);
        await scene.look(kinds.integration, key());
      },
      end: 'gone',
      path: ['Terminating'],
    },
  ];
}
