import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingAccess, type Need, needsOf } from '../../src/access/check.ts';
import type { OperatorInstallation } from '../../src/access/permissions.ts';
import type { Resource } from '../../src/kube/object.ts';
import { type Cluster, connectCluster } from '../harness/cluster.ts';
import { deadline } from '../harness/pace.ts';
import type { ApiRequest } from '../harness/request-recorder.ts';
import { startWorld, type World } from '../harness/world.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { playEverything } from './full-scenario.ts';
import { createServiceAccount, type Role } from './service-account.ts';

let cluster: Cluster;
let world: World;
let system: string;
let team: string;

beforeAll(async () => {
  cluster = await connectCluster(kubeconfigPath());
  world = await startWorld();
});

afterAll(async () => {
  await cluster?.clearNamespaces();
  await cluster?.close();
  await world?.close();
});

/** A kind of installation: the chart's values, the operator's flags, and the facts that the list goes by. */
interface Variant {
  name: string;
  values: () => object;
  args: () => string[];
  installation: () => OperatorInstallation;
}

const connection = {
  create: true,
  url: 'https://codemie.example.com',
  auth: { token: { secretRef: { name: 'login' } } },
};
const variants: Variant[] = [
  {
    name: 'all namespaces',
    values: () => ({ connection, metrics: { auth: { enabled: true } } }),
    args: () => ['--leader-elect=true', '--metrics-auth=kubernetes'],
    installation: () => ({
      clusterConnections: true,
      leaderElect: true,
      defaultConnectionFile: 'given',
      metricsAuth: 'kubernetes',
    }),
  },
  {
    name: 'one namespace',
    values: () => ({
      watchNamespaces: [team],
      clusterName: 'c',
      replicas: 1,
      leaderElection: { enabled: false },
      metrics: { auth: { enabled: true } },
    }),
    args: () => [`--watch-namespaces=${team}`, '--cluster-name=c', '--metrics-auth=kubernetes'],
    installation: () => ({
      watchNamespaces: [team],
      clusterConnections: false,
      leaderElect: false,
      metricsAuth: 'kubernetes',
    }),
  },
  {
    name: 'one namespace with connections of the cluster',
    values: () => ({ watchNamespaces: [team], clusterName: 'c', clusterConnections: true, connection }),
    args: () => [
      '--leader-elect=true',
      `--watch-namespaces=${team}`,
      '--cluster-name=c',
      '--cluster-connections=true',
    ],
    installation: () => ({
      watchNamespaces: [team],
      clusterConnections: true,
      leaderElect: true,
      defaultConnectionFile: 'given',
    }),
  },
];

describe.each(variants)('with the rights for $name', ({ values, args, installation }) => {
  it('the operator does all that it ever does, and uses each of them', async () => {
    [system, team] = await makeNamespaces();
    const account = await createServiceAccount(system, values());
    const { clusterConnections } = installation();
    const options = { cluster, world, account, system, team, args: args() };
    const requests = await playEverything({ ...options, clusterConnection: clusterConnections });
    const needs = needsOf({ ...installation(), operatorNamespace: system });
    const asked = requests.filter(({ resource }) => resource !== 'selfsubjectaccessreviews');

    expect(asked.filter(({ code }) => code === 403)).toEqual([]);
    expect(asked.filter((request) => !needs.some((need) => allows(need, request))).map(wordsOf)).toEqual([]);
    expect(needs.flatMap((need) => unused(need, asked))).toEqual([]);
  });

  it('each one that is taken away is missed, and named', async () => {
    [system, team] = await makeNamespaces();
    const { client, roles } = await createServiceAccount(system, values());
    const needs = needsOf({ ...installation(), operatorNamespace: system });
    const missing = () => missingAccess(needs, client, deadline(30_000));
    await cluster.waitFor('all rights', async () => (await missing()).length === 0);
    const verbs = roles.flatMap(({ rules }) => rules.flatMap((rule) => rule.verbs));
    const missed: string[] = [];
    for (const { role, rules, lost } of withoutEach(roles)) {
      await setRules(role, rules);
      await cluster.waitFor(`"${lost}" to be missed, and nothing else`, async () => {
        const [sentence, ...others] = await missing();
        return sentence?.startsWith(`The operator lacks permission to ${lost}`) && others.length === 0;
      });
      missed.push(lost);
      await setRules(role, role.rules);
    }
    expect(missed).toHaveLength(verbs.length);
  });
});

async function makeNamespaces(): Promise<[string, string]> {
  return [await cluster.createNamespace('system'), await cluster.createNamespace('team')];
}

function allows({ permission, namespace, verbs }: Need, request: Omit<ApiRequest, 'code'>): boolean {
  const { resource, subresource, names } = permission;
  return (
    verbs.includes(request.verb) &&
    resource.group === request.group &&
    resource.plural === request.resource &&
    subresource === request.subresource &&
    (namespace === undefined || namespace === request.namespace) &&
    (names === undefined || names.includes(request.name ?? ''))
  );
}

/** The verbs of a need that no request asked for. An apply that made its object needed the right to create it, too. */
function unused(need: Need, requests: readonly ApiRequest[]): string[] {
  const made = requests.flatMap((each) =>
    each.verb === 'patch' && each.code === 201 ? [{ ...each, verb: 'create' }] : [],
  );
  return need.verbs
    .filter((verb) => ![...requests, ...made].some((each) => allows({ ...need, verbs: [verb] }, each)))
    .map((verb) => `${verb} ${need.permission.resource.plural} ${need.namespace ?? ''}`);
}

function wordsOf({ verb, resource, subresource, namespace, name }: ApiRequest): string {
  return [verb, resource, subresource, namespace, name].filter((word) => word !== undefined).join(' ');
}

/** The roles with one verb of one rule less, each in turn. */
function* withoutEach(roles: readonly Role[]) {
  for (const role of roles)
    for (const [index, { verbs, resources }] of role.rules.entries())
      for (const verb of verbs) {
        const left = verbs.filter((each) => each !== verb);
        const rules = role.rules.flatMap((rule, at) => {
          if (at !== index) return [rule];
          return left.length > 0 ? [{ ...rule, verbs: left }] : [];
        });
        yield { role, rules, lost: `${verb} ${resources[0]}` };
      }
}

async function setRules({ kind, metadata }: Role, rules: Role['rules']): Promise<void> {
  const resource: Resource = {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    plural: `${kind.toLowerCase()}s`,
    kind,
    namespaced: kind === 'Role',
  };
  const key = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
  await cluster.patch(resource, key, [{ op: 'add', path: '/rules', value: rules }]);
}
