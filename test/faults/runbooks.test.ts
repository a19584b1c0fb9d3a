import { describe, expect, it, onTestFinished } from 'vitest';
import { gitHubIntegration } from '../cluster/objects.ts';
import { alertsOfOperators, type Fault, follow } from '../cluster/runbook.ts';
import { useSuite } from '../cluster/suite.ts';
import { kinds } from '../harness/cluster.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { inParallel } from '../harness/parallel.ts';
import { type Relay, startRelay } from '../harness/relay.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';

const suite = useSuite({ running: false });

/** An operator, alone in its namespace, and what is done to it. */
interface Case {
  namespace: string;
  fault: Fault;
  operator: OperatorProcess;
}

/** An operator for one namespace, with one worker and a wire to the API server that can be held. */
async function behindRelay(): Promise<{ namespace: string; relay: Relay; operator: OperatorProcess }> {
  const namespace = await suite.cluster.createNamespace('team');
  const relay = await startRelay(kubeconfigPath());
  onTestFinished(() => relay.close());
  const own = ['operator-namespace', 'cluster-name', 'watch-namespaces'].map(
    (name) => `--${name}=${namespace}`,
  );
  const operator = await suite.start({ kubeconfig: relay.kubeconfigPath, args: [...own, '--workers=1'] });
  return { namespace, relay, operator };
}

const depthOf = (metrics: string): number =>
  Number(/^workqueue_depth\{name="gitintegration".*\} (\d+)$/m.exec(metrics)?.[1] ?? 0);

const cases: Record<(typeof alertsOfOperators)[number], () => Promise<Case>> = {
  async CodeMieGitOperatorQueueGrowing() {
    const { namespace, relay, operator } = await behindRelay();
    const fault = {
      async cause() {
        const filled = inParallel(0, 300, async (index) => {
          await suite.cluster.create(kinds.integration, gitHubIntegration(`${namespace}/i${index}`));
        });
        // Full for a moment, which then lasts.
        await suite.cluster.waitFor('a full queue', async () => depthOf(await operator.metrics()) > 50);
        relay.hold();
        await filled;
      },
      diagnosis: [
        /^(\S+ +\S+ +1 +-1\n){50}/m,
        /^workqueue_depth\{name="gitintegration".*\} ([5-9]\d|\d{3})/m,
        /^controller_runtime_active_workers\{controller="gitintegration"\} 1$/m,
      ],
      fix: () => Promise.resolve(relay.release()),
      verification: /^(?![^]* 1 +-1\n)[^]*^workqueue_depth\{name="gitintegration".*\} 0$/m,
    };
    return { namespace, fault, operator };
  },

  async CodeMieGitOperatorWatchStale() {
    const { namespace, relay, operator } = await behindRelay();
    const fault = {
      cause: () => Promise.resolve(relay.hold()),
      diagnosis: [/List or watch failed/, /^ok$/m],
      fix: () => Promise.resolve(relay.release()),
      verification: /^codemie_cache_contact_age_seconds\{resource="gitintegrations"\} [0-5]?\d(\.\d+)?$/m,
    };
    return { namespace, fault, operator };
  },
};

describe('the runbook is followed against its fault:', () => {
  it.each(alertsOfOperators)('%s', async (alert) => {
    const { namespace, fault, operator } = await cases[alert]();
    onTestFinished(async () => void (await operator.kill()));
    const shell = {
      cluster: suite.cluster,
      namespace,
      system: suite.system,
      logs: () => operator.output(),
      metrics: () => operator.metrics(),
    };
    await expect(follow(alert, fault, shell)).resolves.toBeUndefined();
  });
});
