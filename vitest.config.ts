import { defineConfig } from 'vitest/config';
import { CountReporter } from './test/harness/count-reporter.ts';

/** What tests on a control plane have in common: it is started once, and the files share it one after the other. */
const onControlPlane = {
  globalSetup: ['test/cluster/global-setup.ts'],
  pool: 'forks' as const,
  fileParallelism: false,
  testTimeout: 60_000,
  hookTimeout: 120_000,
};

/**
 * Five projects. `unit` needs nothing but Node; its tests stand beside the code. The others need a control plane:
 * `cluster` tests the operator, `chart` what it is installed with, `faults` takes servers, replicas and rights away,
 * `image` builds the container image and runs it.
 */
export default defineConfig({
  test: {
    reporters: ['default', new CountReporter()],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/harness/**/*.test.ts', 'scripts/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts', 'test/alerts/**/*.test.ts'],
          ...onControlPlane,
        },
      },
      {
        test: {
          name: 'chart',
          include: ['test/chart/**/*.test.ts'],
          ...onControlPlane,
        },
      },
      {
        test: {
          name: 'image',
          include: ['test/image/**/*.test.ts'],
          ...onControlPlane,
          globalSetup: ['test/image/global-setup.ts', ...onControlPlane.globalSetup],
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          ...onControlPlane,
        },
      },
    ],
  },
});
