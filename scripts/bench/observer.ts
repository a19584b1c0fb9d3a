import { gitIntegrations } from '../../src/api/group.ts';
import { parseGitIntegrationStatus } from '../../src/api/v1alpha1/git-integration-status.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { createInformer } from '../../src/kube/informer.ts';
import type { KubeObject, ObjectKey } from '../../src/kube/object.ts';
import { createLog } from '../../src/observability/log.ts';

/** Follows all GitIntegrations by its own watch, as any dashboard would. */
export interface Observer {
  /** How many are Ready. */
  ready(): number;
  /** How many versions of objects were seen since the start: each is a write that changed something. */
  versions(): number;
  get(key: ObjectKey): KubeObject | undefined;
  /** Resolves with the time (`performance.now()`) at which the condition holds; it is asked after each change. */
  when(condition: () => boolean): Promise<number>;
  stop(): Promise<void>;
}

/** Starts to follow. */
export async function startObserver(client: KubeClient): Promise<Observer> {
  const stopping = new AbortController();
  const informer = createInformer({ client, resource: gitIntegrations, log: createLog('error') });
  const ready = new Set<string>();
  const waiting = new Set<() => void>();
  let versions = 0;
  informer.onChange(({ type, object }) => {
    if (type === 'updated') versions++;
    if (type !== 'deleted' && isReady(object)) ready.add(object.metadata.uid);
    else ready.delete(object.metadata.uid);
    for (const look of waiting) look();
  });
  const running = informer.run(stopping.signal);
  await informer.whenSynced(AbortSignal.timeout(60_000));
  return {
    ready: () => ready.size,
    versions: () => versions,
    get: (key) => informer.store.get(key),
    when: (condition) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!condition()) return;
          waiting.delete(look);
          resolve(performance.now());
        };
        waiting.add(look);
        look();
      }),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Ready for the spec as it is now. */
export function isReady({ metadata, status }: KubeObject): boolean {
  const { conditions = [] } = parseGitIntegrationStatus(status);
  return conditions.some(
    (condition) =>
      condition.type === 'Ready' &&
      condition.status === 'True' &&
      condition.observedGeneration === metadata.generation,
  );
}
