import type { Reporter, TestModule } from 'vitest/node';

/** Ends the output of a run with one plain line, `N passed, N failed`, for programs that read it. */
export class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const states = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => test.result().state),
    );
    // A file that could not be loaded, or an error outside of any test, is a failure that no test stands for.
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
    const passed = states.filter((state) => state === 'passed').length;
    const failed = states.filter((state) => state === 'failed').length + broken;
    process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  }
}
