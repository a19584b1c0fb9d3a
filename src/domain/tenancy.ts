import type { ClusterCodeMieConnectionSpec, CodeMieConnectionSpec } from '../api/v1alpha1/connection-spec.ts';
import { matchesAny } from '../lib/glob.ts';
import { own } from '../lib/own.ts';

type Consumer = ClusterCodeMieConnectionSpec['consumers'][number];
type LabelSelector = NonNullable<Consumer['namespaceSelector']>;

/** A namespace as far as access rules look at it. */
interface NamespaceFacts {
  name: string;
  labels: Readonly<Record<string, string>>;
}

/** Who asks a connection for what. */
export interface AccessRequest {
  namespace: NamespaceFacts;
  project: string;
}

/** Whether a connection may be used, and if not, by which rule. */
export type Access = 'allowed' | 'connectionNotAllowed' | 'projectNotAllowed';

/**
 * The tenancy boundary. A connection's login may write every CodeMie project it is an administrator of, so
 * that nothing but these lists keeps one namespace from writing another team's project.
 *
 * A namespaced connection has no consumers: only its own namespace can refer to it.
 */
export function connectionAccess(
  connection: Pick<CodeMieConnectionSpec, 'projects'> & { consumers?: readonly Consumer[] },
  request: AccessRequest,
): Access {
  const { namespace, project } = request;
  if (connection.consumers) {
    const mine = connection.consumers.filter((consumer) => isConsumer(consumer, namespace));
    if (mine.length === 0) return 'connectionNotAllowed';
    if (!mine.some((consumer) => matchesAny(consumer.projects, project))) return 'projectNotAllowed';
  }
  return matchesAny(connection.projects.allowed, project) ? 'allowed' : 'projectNotAllowed';
}

/** With names and a selector given, both must hold. */
function isConsumer(consumer: Consumer, namespace: NamespaceFacts): boolean {
  const named = !consumer.namespaces || matchesAny(consumer.namespaces, namespace.name);
  const selected =
    !consumer.namespaceSelector || matchesSelector(consumer.namespaceSelector, namespace.labels);
  return named && selected && Boolean(consumer.namespaces ?? consumer.namespaceSelector);
}

/** Kubernetes' own rules: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
function matchesSelector(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const exact = Object.entries(selector.matchLabels ?? {}).every(
    ([key, value]) => own(labels, key) === value,
  );
  return (
    exact && (selector.matchExpressions ?? []).every((expression) => matchesExpression(expression, labels))
  );
}

function matchesExpression(
  { key, operator, values = [] }: NonNullable<LabelSelector['matchExpressions']>[number],
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = own(labels, key);
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}
