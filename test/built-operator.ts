import { inject } from 'vitest';
import { type OperatorOptions, type OperatorProcess, startOperator } from './harness/operator-process.ts';

/**
 * Starts the operator as the image holds it, with the flags that the test wants. Faster to start than the sources, of
 * which the run has bundled it.
 */
export function startBuiltOperator(options: OperatorOptions): Promise<OperatorProcess> {
  return startOperator({ entryPoint: inject('operatorProgram'), ...options });
}
