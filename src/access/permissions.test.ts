import { describe, expect, it } from 'vitest';
import { rulesOf } from '../../scripts/generate/roles.ts';
import { needsOf } from './check.ts';
import { type OperatorInstallation, permissions } from './permissions.ts';

const whole: OperatorInstallation = { clusterConnections: true, leaderElect: true };
const named: OperatorInstallation = {
  watchNamespaces: ['team-a', 'team-b'],
  clusterConnections: false,
  clusterName: 'c',
  leaderElect: false,
};

/** `verb resource place` of all that an installation needs. */
function described(installation: OperatorInstallation): string[] {
  return needsOf({ ...installation, operatorNamespace: 'system' }).flatMap(
    ({ permission, namespace, verbs }) =>
      verbs.map((verb) =>
        [verb, permission.resource.plural, permission.subresource ?? '', namespace ?? '*'].join(' '),
      ),
  );
}

describe('the permissions', () => {
  it('never let the operator change or delete a Secret, or touch a Pod', () => {
    const all = permissions.flatMap(({ resource, verbs }) =>
      verbs.map((verb) => `${verb} ${resource.plural}`),
    );
    const onSecrets = all.filter((each) => each.endsWith(' secrets'));
    expect([...new Set(onSecrets)].toSorted()).toEqual([
      'create secrets',
      'get secrets',
      'list secrets',
      'watch secrets',
    ]);
    expect(all.filter((each) => / (pods|deployments|roles|clusterroles)$/.test(each))).toEqual([]);
  });

  it.each([
    ['for all namespaces', whole],
    ['for named ones', named],
    ['for named ones with cluster connections', { ...named, clusterConnections: true }],
  ])('name each thing once %s', (_name, installation) => {
    const all = described(installation);
    expect(all).toEqual([...new Set(all)]);
  });

  it('stay in the namespaces that are named, and in its own', () => {
    const places = new Set(described(named).map((each) => each.split(' ').at(-1) ?? ''));
    expect([...places].toSorted()).toEqual(['system', 'team-a', 'team-b']);
    expect(rulesOf(named).cluster).toEqual([]);
    expect(rulesOf(named).default).toEqual([]);
  });

  it('are fewer where less is asked for', () => {
    expect(described(whole)).toContain('update leases  system');
    expect(described({ ...whole, leaderElect: false }).join()).not.toContain('leases');
    expect(described(whole)).toContain('get namespaces  *');
    expect(described({ ...whole, clusterName: 'c' })).not.toContain('get namespaces  *');
    expect(described({ ...whole, clusterConnections: false }).join()).not.toContain(
      'clustercodemieconnections',
    );
  });
});
