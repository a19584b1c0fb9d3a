import { Document, isMap, isScalar, visit } from 'yaml';
import { circumstances, type Installation, type Permission, permissions } from './permissions.ts';
import { type Rule, rulesOf } from './rules.ts';

const name = 'codemie-git-operator';
const ownNamespace = 'codemie-system';

const places = {
  cluster: 'cluster',
  watched: 'its namespaces',
  own: 'its own namespace',
  default: 'namespace `default`',
} as const;

/** `docs/permissions.md`: every right with its reason, and the roles as manifests. */
export function permissionsPage(): string {
  const whole = { clusterConnections: true, leaderElect: true };
  const named = {
    watchNamespaces: ['team-a'],
    clusterConnections: false,
    clusterName: 'x',
    leaderElect: true,
  };
  return `<!-- Made by \`npm run generate\` from src/access. Do not edit. -->

# Permissions

For a cluster admin who wants to know what the operator may do, and why. What stands here is all that the code ever asks the Kubernetes API for. It is one list in [the source](../src/access/permissions.ts); the roles of the Helm chart and of \`config/\` are made from it, and so is the check at the start. The tests run the operator with exactly these rights, and see it fail without any one of them.

It needs no access to Pods, no webhook, and no right to change or delete a Secret. Of its own kinds it deletes none, and creates none but the [default connection](operating.md#the-default-connection).

## Which and why

"Its namespaces" are all of them, or those of \`--watch-namespaces\`.

| Resource | Verbs | Where | When | It needs this to |
| --- | --- | --- | --- | --- |
${permissions.map(row).join('\n')}

Whoever may read Secrets of a namespace can use them. To keep that right small, name the [namespaces](operating.md#only-some-namespaces).

## At the start

The operator asks the API server about each right before it uses any ([SelfSubjectAccessReview](https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access), which needs no right of its own). While one is missing it is not ready, says so in its log, and goes on by itself once the right is granted:

\`\`\`json
{"level":"error","time":"2026-11-22T21:10:58.405Z","msg":"The operator may not list or watch configmaps in any namespace, which it needs to notice changed certificates. Bind its service account to the roles of the Helm chart or of docs/permissions.md."}
\`\`\`

A missing right in one of several named namespaces is told in the same way and holds nobody else up.

## As manifests

For all namespaces:

\`\`\`yaml
${manifests(whole)}\`\`\`

For namespaces by name, with \`--watch-namespaces\` and without cluster connections. The first Role is needed in each of them:

\`\`\`yaml
${manifests(named)}\`\`\`
`;
}

function row({ resource, subresource, verbs, where, names, when = [], why }: Permission): string {
  const group = resource.group === '' ? '' : ` (\`${resource.group}\`)`;
  const only = names ? ` ${names.map((each) => `\`${each}\``).join(', ')}` : '';
  const what = `\`${resource.plural}${subresource ? `/${subresource}` : ''}\`${only}${group}`;
  const conditions = when.map((each) => circumstances[each].text).join(', ');
  return `| ${what} | ${verbs.join(', ')} | ${places[where]} | ${conditions} | ${why} |`;
}

function manifests(installation: Installation): string {
  const { cluster, watched, own } = rulesOf(installation);
  const { watchNamespaces } = installation;
  const roles = watchNamespaces
    ? watchNamespaces.map((namespace) => role(watched, `${name}-work`, namespace))
    : [role([...cluster, ...watched], name)];
  return [...roles, role(own, `${name}-own`, ownNamespace)].map(yamlOf).join('---\n');
}

/** Lists of words and the metadata stay on one line, as a person would write them. */
function yamlOf(value: object): string {
  const document = new Document(value);
  visit(document, {
    Seq(_key, list) {
      if (list.items.every(isScalar)) list.flow = true;
    },
    Pair(_key, { key, value: map }) {
      if (isScalar(key) && key.value === 'metadata' && isMap(map)) map.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function role(rules: readonly Rule[], roleName: string, namespace?: string): object {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: namespace === undefined ? 'ClusterRole' : 'Role',
    metadata: { name: roleName, ...(namespace !== undefined && { namespace }) },
    rules,
  };
}
