import { type Circumstance, type Permission, permissions, type Where } from '../../src/access/permissions.ts';
import { type Rule, rulesFrom } from './roles.ts';

/** How the template detects a circumstance; the variables are set at its top. */
const tests: Record<Circumstance, string> = {
  everyNamespace: 'not $named',
  namedNamespaces: '$named',
  clusterConnections: '$clusterConnections',
  noClusterConnections: 'not $clusterConnections',
  defaultConnection: '.Values.connection.create',
  noClusterName: 'not .Values.clusterName',
  leaderElection: '.Values.leaderElection.enabled',
  metricsAuth: '.Values.metrics.auth.enabled',
};

const opposites: Partial<Record<Circumstance, Circumstance>> = {
  everyNamespace: 'namedNamespaces',
  namedNamespaces: 'everyNamespace',
  clusterConnections: 'noClusterConnections',
  noClusterConnections: 'clusterConnections',
};

/**
 * `templates/rbac.yaml` of the chart: a ClusterRole for all namespaces or, with `watchNamespaces`, a Role in each of
 * these; and a Role in the operator's own namespace.
 */
export function chartRoles(): string {
  return `{{- /* Made by \`npm run generate\` from src/access/permissions.ts, which says what each right is for. Do not edit. */ -}}
{{- if .Values.rbac.create }}
{{- $named := .Values.watchNamespaces }}
{{- $clusterConnections := or (not $named) .Values.clusterConnections }}
{{- if or $clusterConnections .Values.metrics.auth.enabled }}
${roleWithBinding('ClusterRole', { name: clusterwide }, [
  rules('cluster', []),
  guarded('everyNamespace', rules('watched', ['everyNamespace'])),
])}{{- end }}
{{- range $namespace := $named }}
{{- with $ }}
${roleWithBinding('Role', { name: `${fullName}-work`, namespace: '{{ $namespace | quote }}' }, [
  rules('watched', ['namedNamespaces']),
])}{{- end }}
{{- end }}
${roleWithBinding('Role', { name: `${fullName}-own`, namespace: releaseNamespace }, [rules('own', [])])}{{- if and $named $clusterConnections }}
${roleWithBinding('Role', { name: `${clusterwide}-events`, namespace: 'default' }, [
  rules('default', ['namedNamespaces', 'clusterConnections']),
])}{{- end }}
{{- end }}
`;
}

const fullName = '{{ include "codemie-git-operator.fullname" . }}';
const clusterwide = '{{ include "codemie-git-operator.clusterwide" . }}';
const releaseNamespace = '{{ .Release.Namespace | quote }}';

function roleWithBinding(
  kind: 'Role' | 'ClusterRole',
  { name, namespace }: { name: string; namespace?: string },
  parts: readonly string[],
): string {
  const metadata = [
    `  name: ${quoted(name)}`,
    ...(namespace === undefined ? [] : [`  namespace: ${namespace}`]),
    '  labels:',
    '    {{- include "codemie-git-operator.labels" . | nindent 4 }}',
  ].join('\n');
  return `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}
metadata:
${metadata}
rules:
${parts.join('')}---
apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}Binding
metadata:
${metadata}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ${kind}
  name: ${quoted(name)}
subjects:
  - kind: ServiceAccount
    name: {{ include "codemie-git-operator.serviceAccountName" . | quote }}
    namespace: ${releaseNamespace}
`;
}

/** A name that is a template and nothing else may come out as a number or a boolean of YAML. */
const quoted = (name: string): string => (name.endsWith('}}') ? name.replace(/ \}\}$/, ' | quote }}') : name);

/** The rules of one place. What is known there is not asked again, and what can't be there is left out. */
function rules(where: Where, known: readonly Circumstance[]): string {
  const impossible = known.map((each) => opposites[each]);
  const possible = permissions.filter(
    (each) => each.where === where && !each.when?.some((condition) => impossible.includes(condition)),
  );
  return rulesFrom(possible)
    .map(({ rule, permissions: [first] }) => whenOpen(rule, first, known))
    .join('');
}

function whenOpen(rule: Rule, first: Permission | undefined, known: readonly Circumstance[]): string {
  const open = (first?.when ?? []).filter((each) => !known.includes(each));
  return open.reduceRight((text, each) => guarded(each, text), yamlOf(rule));
}

function guarded(circumstance: Circumstance, text: string): string {
  return `  {{- if ${tests[circumstance]} }}\n${text}  {{- end }}\n`;
}

function yamlOf({ apiGroups, resources, resourceNames, verbs }: Rule): string {
  const list = (items: readonly string[]): string =>
    `[${items.map((item) => (item === '' ? '""' : item)).join(', ')}]`;
  return [
    `  - apiGroups: ${list(apiGroups)}`,
    `    resources: ${list(resources)}`,
    ...(resourceNames ? [`    resourceNames: ${list(resourceNames)}`] : []),
    `    verbs: ${list(verbs)}`,
    '',
  ].join('\n');
}
