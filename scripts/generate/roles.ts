import type { OperatorInstallation, Permission, Where } from '../../src/access/permissions.ts';
import { permissionsOf } from '../../src/access/permissions.ts';

/** A rule of a Role or ClusterRole. https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
export interface Rule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

/** Permissions that differ in their verbs only, and so share a rule. */
export interface RuleSource {
  rule: Rule;
  permissions: readonly Permission[];
}

/** One rule per kind, in the order of the list. Permissions under other circumstances have separate rules. */
export function rulesFrom(permissions: readonly Permission[]): RuleSource[] {
  const groups = Map.groupBy(permissions, ({ resource, subresource, names, where, when }) =>
    JSON.stringify([resource.group, resource.plural, subresource, names, where, when]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { resource, subresource, names } = first;
    const rule: Rule = {
      apiGroups: [resource.group],
      resources: [subresource ? `${resource.plural}/${subresource}` : resource.plural],
      ...(names && { resourceNames: [...names] }),
      verbs: group.flatMap(({ verbs }) => verbs),
    };
    return [{ rule, permissions: group }];
  });
}

/** The rules that an installation needs, by the place where they are to be granted. */
export function rulesOf(installation: OperatorInstallation): Record<Where, Rule[]> {
  const needed = permissionsOf(installation);
  const of = (where: Where): Rule[] =>
    rulesFrom(needed.filter((each) => each.where === where)).map(({ rule }) => rule);
  return { cluster: of('cluster'), watched: of('watched'), own: of('own'), default: of('default') };
}
