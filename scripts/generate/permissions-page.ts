import { Document, isMap, isScalar, visit } from 'yaml';
import {
  circumstances,
  type OperatorInstallation,
  type Permission,
  permissions,
} from '../../src/access/permissions.ts';
import { type Rule, rulesOf } from './roles.ts';

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

For cluster administrators: every permission that the operator uses, and why. The list is generated from [the source](../src/access/permissions.ts), and so are the roles in the Helm chart and \`config/\` and the check at startup. The tests run the operator with exactly these permissions, and check that it fails without any one of them.

It needs no access to Pods, no webhook, and no right to change or delete a Secret. It deletes none of its custom resources, and creates none except the [default connection](operating.md#the-default-connection).

## Permissions and their purpose

"Its namespaces" are all of them, or those of \`--watch-namespaces\`.

| Resource | Verbs | Scope | When | Purpose |
| --- | --- | --- | --- | --- |
${permissions.map(row).join('\n')}

Anyone who can read a namespace's Secrets can use them. To limit that permission, list the [namespaces](operating.md#only-some-namespaces).

## Check at startup

Before it starts to work, the operator checks each permission with the API server ([SelfSubjectAccessReview](https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access), which needs no permission). While one is missing, the operator is not ready and logs which one; it continues automatically as soon as the permission is granted:

\`\`\`json
{"level":"error","time":"2026-11-22T21:10:58.405Z","msg":"The operator lacks permission to list or watch configmaps in any namespace; it needs that to detect changed certificates. Bind its service account to the roles of the Helm chart or of docs/permissions.md."}
\`\`\`

A permission that is missing in one of several named namespaces is logged in the same way and doesn't affect the other namespaces.

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

function manifests(installation: OperatorInstallation): string {
  const { cluster, watched, own } = rulesOf(installation);
  const { watchNamespaces } = installation;
  const roles = watchNamespaces
    ? watchNamespaces.map((namespace) => role(watched, `${name}-work`, namespace))
    : [role([...cluster, ...watched], name)];
  return [...roles, role(own, `${name}-own`, ownNamespace)].map(yamlOf).join('---\n');
}

/** Lists of words and the metadata stay on one line, as one would write them by hand. */
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
