import { defineConfig } from 'vitest/config';
import { CountReporter } from './test/harness/count-reporter.ts';

/**
 * Files that run at the same time: one more than the two cores that are expected, because many wait for a while. A
 * running control plane that is to be used has room for one.
 */
const workers = process.env['CONTROL_PLANE_DIR'] ? 1 : 3;

/**
 * What hangs for so long has failed. Nets only: what a test waits for has a bound of its own, which a slow machine
 * stretches (`test/harness/pace.ts`).
 */
const netMs = 120_000;
const clusterNetMs = 900_000;

/**
 * `unit` needs nothing but Node; its tests stand beside the code. The files of `cluster` have a control plane each:
 * test/cluster tests the operator, test/chart what it is installed with, test/alerts what watches it, test/faults takes
 * servers, replicas and rights away, test/isolation attacks the operator as a tenant would, test/storm mixes all of it at random. `image` builds the container
 * image and runs it. `flux` runs Flux's kustomize-controller with the operator, `argocd` Argo CD. `keycloak` compares the peer for Keycloak with the real one.
 *
 * A process runs one file after the other and loads its modules once: a file leaves nothing changed behind.
 */
export default defineConfig({
  test: {
    reporters: ['default', new CountReporter()],
    maxWorkers: workers,
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'test/harness/**/*.test.ts',
            'test/storm/shrink.test.ts',
            'scripts/**/*.test.ts',
          ],
          pool: 'forks',
          isolate: false,
          testTimeout: netMs,
          hookTimeout: netMs,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/{cluster,chart,alerts,faults,isolation}/**/*.test.ts', 'test/storm/storm.test.ts'],
          globalSetup: ['test/operator-program.ts', 'test/control-planes.ts'],
          pool: 'forks',
          isolate: false,
          maxWorkers: workers,
          testTimeout: clusterNetMs,
          hookTimeout: clusterNetMs,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'keycloak',
          include: ['test/keycloak/**/*.test.ts'],
          pool: 'forks',
          maxWorkers: 1,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'flux',
          include: ['test/flux/**/*.test.ts'],
          globalSetup: ['test/operator-program.ts', 'test/control-planes.ts'],
          pool: 'forks',
          maxWorkers: 1,
          testTimeout: clusterNetMs,
          hookTimeout: clusterNetMs,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'argocd',
          include: ['test/argocd/**/*.test.ts'],
          globalSetup: ['test/operator-program.ts', 'test/control-planes.ts'],
          pool: 'forks',
          maxWorkers: 1,
          testTimeout: clusterNetMs,
          hookTimeout: clusterNetMs,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'image',
          include: ['test/image/**/*.test.ts'],
          globalSetup: ['test/image/global-setup.ts', 'test/control-planes.ts'],
          pool: 'forks',
          maxWorkers: 1,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
