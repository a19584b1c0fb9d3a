import type { Container } from './pod-spec.ts';

/** A Pod as the downward API describes it. */
export interface PodFacts {
  name: string;
  namespace: string;
  uid: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  nodeName: string;
  serviceAccountName: string;
  podIP: string;
  hostIP: string;
}

/** Looks a value up in a Secret or ConfigMap of the Pod's namespace; undefined when it is not there. */
export type Lookup = (kind: 'secret' | 'configMap', name: string, key: string) => Promise<string | undefined>;

/**
 * The environment of a container: `base`, which is that of the image and of the kubelet, then the spec's own variables
 * in order. Each may refer to the ones before it.
 *
 * @throws Error when a Secret or ConfigMap lacks a key that is not optional: the container can't be made yet
 */
export async function environmentOf(
  { env }: Pick<Container, 'env'>,
  base: Readonly<Record<string, string>>,
  facts: PodFacts,
  lookup: Lookup,
): Promise<Record<string, string>> {
  const known: Record<string, string> = { ...base };
  for (const { name, value, valueFrom } of env) {
    if (!valueFrom) {
      known[name] = expand(value ?? '', known);
      continue;
    }
    const { fieldRef, secretKeyRef, configMapKeyRef } = valueFrom;
    if (fieldRef) known[name] = fieldOf(facts, fieldRef.fieldPath);
    const ref = secretKeyRef ?? configMapKeyRef;
    if (!ref) continue;
    const found = await lookup(secretKeyRef ? 'secret' : 'configMap', ref.name, ref.key);
    if (found !== undefined) known[name] = found;
    else if (!ref.optional) throw new Error(`There is no key ${ref.key} in ${ref.name}.`);
  }
  return known;
}

/**
 * Replaces `$(NAME)` by the variable; what names none stays as it is, and `$$(NAME)` stands for `$(NAME)`.
 * https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([^)]*)\)/g, (match, name: string | undefined) =>
    match === '$$' ? '$' : (variables[name ?? ''] ?? match),
  );
}

/** A field of the Pod by its path. @throws Error for a path that the downward API, or this agent, does not have */
export function fieldOf(facts: PodFacts, path: string): string {
  const { name, namespace, uid, labels, annotations, nodeName, serviceAccountName, podIP, hostIP } = facts;
  const entry = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path);
  if (entry) return (entry[1] === 'labels' ? labels : annotations)[entry[2] ?? ''] ?? '';
  const fields: Record<string, string> = {
    'metadata.name': name,
    'metadata.namespace': namespace,
    'metadata.uid': uid,
    'spec.nodeName': nodeName,
    'spec.serviceAccountName': serviceAccountName,
    'status.podIP': podIP,
    'status.podIPs': podIP,
    'status.hostIP': hostIP,
  };
  const value = fields[path];
  if (value === undefined) throw new Error(`The field ${path} can not be had.`);
  return value;
}
