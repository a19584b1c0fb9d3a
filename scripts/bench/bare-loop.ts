import { FIELD_MANAGER, gitIntegrations, REGISTRATION_FINALIZER } from '../../src/api/group.ts';
import type { GitIntegrationStatus } from '../../src/api/v1alpha1/git-integration-status.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { addFinalizer } from '../../src/kube/finalizers.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { inParallel } from '../../test/harness/parallel.ts';

/**
 * The limit: what the operator must write to the API server per integration, in a loop that does nothing else. One
 * JSON patch that adds a finalizer, one server-side apply of a status as large as the operator's.
 *
 * @param workers how many integrations at the same time
 * @returns how long it took, in milliseconds
 */
export async function runBareLoop(
  client: KubeClient,
  objects: readonly KubeObject[],
  workers: number,
): Promise<number> {
  const started = performance.now();
  await inParallel(
    0,
    objects.length,
    async (index) => {
      const object = objects[index];
      if (object) await write(client, object);
    },
    workers,
  );
  return performance.now() - started;
}

async function write(client: KubeClient, object: KubeObject): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  const held = await addFinalizer(client, gitIntegrations, object, REGISTRATION_FINALIZER, signal);
  if (!held) throw new Error('Someone deleted an object of the benchmark.');
  const { namespace, name, uid, resourceVersion } = held.metadata;
  const options = { fieldManager: FIELD_MANAGER, uid, resourceVersion };
  await client.applyStatus(gitIntegrations, `${namespace}/${name}`, statusOf(held), options, signal);
}

/** What the operator writes for a sound integration. */
function statusOf({ metadata }: KubeObject): GitIntegrationStatus {
  const now = new Date().toISOString();
  const { name, uid, generation: observedGeneration = 1 } = metadata;
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True' as const,
    reason,
    message,
    observedGeneration,
    lastTransitionTime: now,
  });
  const registered = `CodeMie has the integration "${name}" of project "project-of-${name}".`;
  return {
    observedGeneration,
    handledSpec: hex(uid),
    conditions: [
      condition('CredentialsResolved', 'Resolved', 'Every Secret was found and its values are well-formed.'),
      condition('CredentialsValid', 'Valid', 'GitHub accepts the credential of ci-bot.'),
      condition(
        'PermissionsSufficient',
        'Sufficient',
        'The credential has every permission that is asked for.',
      ),
      condition('Ready', 'Ready', registered),
      condition('Registered', 'Registered', registered),
    ],
    credential: {
      kind: 'ClassicPersonalAccessToken',
      account: 'ci-bot',
      scopes: ['project', 'repo'],
      validatedAt: now,
      digest: hex(uid),
    },
    registration: {
      id: uid,
      project: `project-of-${name}`,
      alias: name,
      scope: 'Project',
      connectionUID: uid,
      server: 'https://codemie.example.com/code-assistant-api',
      origin: 'Created',
      digest: `hmac-sha256:${hex(uid).repeat(2)}`,
      remoteUpdatedAt: now,
    },
  };
}

/** As long as a digest of 128 bits. */
function hex(uid: string): string {
  return uid.replaceAll('-', '');
}
