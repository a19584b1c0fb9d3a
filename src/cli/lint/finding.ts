import type { Position } from './manifests.ts';

/**
 * Every rule of `lint`, with what it is about; docs/cli.md lists them. The names are API: CI configurations ignore by
 * them.
 */
export const lintRules = {
  'yaml-syntax': 'The text is not YAML, or not a Kubernetes object.',
  'unknown-version': 'The kind or version does not exist.',
  metadata: 'The name, namespace, a label or an annotation is not valid.',
  'unknown-field': 'A field that the CRD does not have.',
  schema: 'A value that the CRD refuses.',
  template: 'A value that a template has yet to fill in.',
  'duplicate-object': 'Two documents declare the same object.',
  'alias-conflict': 'Two integrations want the same alias in CodeMie.',
  'connection-not-allowed': 'The connection does not serve this namespace.',
  'project-not-allowed': 'The connection does not allow this project.',
  'host-not-allowed': 'The connection does not allow the Git host.',
  'missing-reference': 'A Secret, ConfigMap or connection that no document declares.',
  'secret-value': 'A Secret whose value the operator would reject.',
} as const satisfies Record<string, string>;

/** The name of a rule. */
export type LintRule = keyof typeof lintRules;

/** `error`: the API server or the operator refuses it. `warning`: it depends on what the cluster has. */
type Severity = 'error' | 'warning';

/** How findings are printed. */
export const lintFormats = ['human', 'json', 'sarif', 'junit', 'github'] as const;

/** One of {@link lintFormats}. */
export type LintFormat = (typeof lintFormats)[number];

/** One thing that is wrong with a manifest. */
export interface LintFinding {
  rule: LintRule;
  severity: Severity;
  file: string;
  position: Position;
  /** `GitIntegration team-a/github`; absent where it is not known which object it is. */
  object?: string;
  /** What is wrong and what to do, without a byte of a Secret. */
  message: string;
}

/** Findings in the order in which users read files. */
export function inReadingOrder(findings: readonly LintFinding[]): LintFinding[] {
  return findings.toSorted(
    (a, b) =>
      compare(a.file, b.file) ||
      a.position.line - b.position.line ||
      a.position.column - b.position.column ||
      compare(a.message, b.message),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
