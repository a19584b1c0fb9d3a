import { defineConfig } from 'vitest/config';
import { CountReporter } from './test/harness/count-reporter.ts';

/**
 * Two projects. `unit` needs nothing but Node; its tests stand beside the code. `cluster` needs a control
 * plane, which `test/cluster/global-setup.ts` starts once, and runs one file at a time: the files share it.
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
          include: ['test/cluster/**/*.test.ts', 'test/faults/**/*.test.ts'],
          globalSetup: ['test/cluster/global-setup.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
