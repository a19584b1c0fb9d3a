import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { gitHubIntegration, requestReconcile, waitForConnection } from '../cluster/objects.ts';
import { alertsOfInstallation, type Fault, follow, runSection, type Shell } from '../cluster/runbook.ts';
import { kinds } from '../harness/cluster.ts';
import { codeBlocks, sectionOf } from '../harness/code-blocks.ts';
import { deadline } from '../harness/pace.ts';
import { system, useInstallation } from './installation.ts';

const suite = useInstallation();
const name = 'codemie-git-operator';
const root = join(import.meta.dirname, '..', '..');
const selector = ['--namespace', system, '--selector', `app.kubernetes.io/name=${name}`];
const team = 'team-a';
const key = `${team}/app`;

/** Roles as they are; what a fault takes away. */
const rulesSchema = z.object({ rules: z.array(z.looseObject({ resources: z.array(z.string()) })) });

beforeAll(async () => {
  const { world, cluster } = suite;
  await cluster.createSecret(`${system}/codemie-login`, { clientSecret: world.clientSecret });
  const page = await readFile(join(root, 'docs', 'install.md'), 'utf8');
  const [shown = ''] = codeBlocks(sectionOf(page, 'Install'), 'yaml');
  const values = { ...z.looseObject({}).parse(parseYaml(shown)), replicas: 1 };
  await suite.helm(['install', ...suite.release({ values })]);
  await waitForConnection(cluster, kinds.clusterConnection, 'default', { Ready: 'True/Ready' });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  world.github.addOrganization('acme');
  world.github.addApp({ id: 123456, privateKey: pem });
  world.github.addInstallation({ appId: 123456, account: 'acme' });
  await suite.kubectl(['create', 'namespace', team]);
  await cluster.createSecret(`${team}/app`, { key: pem });
  const githubApp = { appID: 123456, privateKeySecretRef: { name: 'app', key: 'key' } };
  await cluster.create(
    kinds.integration,
    gitHubIntegration(key, {
      connectionRef: { kind: 'ClusterCodeMieConnection', name: 'default' },
      auth: { githubApp },
    }),
  );
  await cluster.waitForConditions(key, { Ready: 'True/Ready' });
});

/** What all Pods of the operator serve on /metrics together; Pods that do not answer serve nothing. */
async function metrics(): Promise<string> {
  const ips = await suite.kubectl([
    'get',
    'pods',
    ...selector,
    '--output',
    'jsonpath={.items[*].status.podIP}',
  ]);
  const texts = ips.split(' ').map(async (ip) => {
    const response = await fetch(`http://${ip}:8080/metrics`, { signal: deadline(5_000) });
    return response.text();
  });
  const answers = await Promise.allSettled(texts);
  return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : '')).join('\n');
}

const shell = (): Shell => ({
  cluster: suite.cluster,
  namespace: team,
  system,
  logs: () => suite.node.output(name),
  metrics,
});

/** Takes a rule away from a Role or ClusterRole of the release, as a cleanup of permissions that went too far. */
async function removeRule(role: string[], resource: string): Promise<void> {
  const { rules } = rulesSchema.parse(JSON.parse(await suite.kubectl(['get', ...role, '--output', 'json'])));
  const left = rules.filter(({ resources }) => !resources.includes(resource));
  if (left.length === rules.length) throw new Error(`${role.join(' ')} has no rule for ${resource}.`);
  await suite.kubectl(['patch', ...role, '--type=merge', '--patch', JSON.stringify({ rules: left })]);
}

const clusterRole = ['clusterrole', name];
const ownRole = ['role', `${name}-own`, '--namespace', system];
const runningPod = new RegExp(`^${name}-\\S+ +1/1 +Running`, 'm');
const onePod = new RegExp(`^(?![^]*\\n${name}-\\S+[^]*\\n${name}-\\S+)[^]*${name}-\\S+ +1/1 +Running`);

const faults: Record<(typeof alertsOfInstallation)[number], () => Fault> = {
  GitProviderClockSkewed: () => ({
    async cause() {
      suite.world.github.setClock(() => Date.now() + 5 * 60_000);
      await requestReconcile(suite.cluster, kinds.integration, key);
    },
    // Which node it is about, and by how many seconds the host is ahead.
    diagnosis: [
      new RegExp(`${name}-\\S+ +1/1 .* ${suite.node.name} `),
      /^codemie_provider_clock_skew_seconds\{host="github\.com"\} (29\d|30\d)$/m,
    ],
    async fix() {
      suite.world.github.setClock(() => Date.now());
      await requestReconcile(suite.cluster, kinds.integration, key);
    },
    verification: /app +True[^]*^codemie_provider_clock_skew_seconds\{host="github\.com"\} 0$/m,
  }),

  CodeMieGitOperatorKubernetesAccessDenied: () => ({
    async cause() {
      await removeRule(clusterRole, 'gitintegrations/status');
      await requestReconcile(suite.cluster, kinds.integration, key);
    },
    diagnosis: [
      /refused to patch gitintegrations\/status|gitintegrations.*403 Forbidden/,
      /^\+ +- gitintegrations\/status$/m,
      /^rest_client_requests_total\{verb="apply",resource="gitintegrations"[^\n]*code="403"\} [1-9]/m,
    ],
    verification: runningPod,
  }),

  CodeMieGitOperatorPermissionsMissing: () => ({
    async cause() {
      await removeRule(clusterRole, 'secrets');
      await suite.kubectl(['delete', 'pod', ...selector]);
    },
    diagnosis: [
      new RegExp(`^${name}-\\S+ +0/1 +Running`, 'm'),
      /lacks permission to .*secrets.*it needs that to/,
      /^\+ +- secrets$/m,
      /^codemie_permissions_missing [1-9]/m,
    ],
    verification: runningPod,
  }),

  CodeMieGitOperatorNotLeading: () => ({
    // What a Pod leaves that was killed with its node, or another operator in the namespace holds.
    async cause() {
      const spec = { holderIdentity: 'gone', renewTime: `${new Date().toISOString().slice(0, -1)}000Z` };
      const patch = JSON.stringify({ spec });
      await suite.kubectl(['patch', 'lease', name, '--namespace', system, '--type=merge', '--patch', patch]);
    },
    diagnosis: [new RegExp(`^${name} +gone `, 'm'), /"level":"(warn|error)".*[Ll]ease/],
    // Nothing: the Lease expires.
    fix: () => Promise.resolve(),
    verification: new RegExp(`^${name} +${name}-\\S+ `, 'm'),
  }),

  CodeMieGitOperatorLeaderFlapping: () => ({
    cause: () => removeRule(ownRole, 'leases'),
    diagnosis: [/403 Forbidden.*The lease could not be acquired or renewed/],
    fix: () => runSection('CodeMieGitOperatorPermissionsMissing', 'Fix', shell()),
    verification: new RegExp(`^${name} +${name}-\\S+ `, 'm'),
  }),

  CodeMieGitOperatorTwoLeaders: () => ({
    async cause() {
      const deployment = await suite.kubectl([
        'get',
        'deployment',
        name,
        '--namespace',
        system,
        '--output',
        'json',
      ]);
      const copy = z
        .looseObject({ metadata: z.looseObject({}), spec: z.looseObject({ template: z.looseObject({}) }) })
        .parse(JSON.parse(deployment.replace('--leader-elect=true', '--leader-elect=false')));
      const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/instance': 'second' };
      copy.metadata = { name: 'second', namespace: system };
      copy.spec['selector'] = { matchLabels: labels };
      copy.spec.template['metadata'] = { labels };
      await suite.kubectl(['create', '--filename', '-'], JSON.stringify(copy));
    },
    diagnosis: [
      /^second +1\/1/m,
      new RegExp(`^${name} +1/1`, 'm'),
      /^leader_election_master_status\{.*\} 1$[^]*^leader_election_master_status\{.*\} 1$/m,
    ],
    fix: () =>
      suite.kubectl(['delete', 'deployment', 'second', '--namespace', system, '--cascade=foreground']),
    verification: /^(?![^]*status\{.*\} 1\n[^]*status\{.*\} 1\n)[^]*^leader_election_master_status\{.*\} 1$/m,
  }),

  CodeMieGitOperatorDown: () => ({
    // A change of the Deployment that the operator refuses. The Pod before it goes on.
    cause: () =>
      suite.kubectl([
        'set',
        'env',
        `deployment/${name}`,
        '--namespace',
        system,
        'CODEMIE_OPERATOR_PROBE_ADDRESS=nowhere',
      ]),
    diagnosis: [new RegExp(`^${name}-\\S+ +0/1 +(Error|CrashLoopBackOff|Running) +[1-9]`, 'm')],
    fix: () => suite.kubectl(['rollout', 'undo', `deployment/${name}`, '--namespace', system]),
    verification: onePod,
  }),

  CodeMieGitOperatorWatchFailing: () => ({
    cause: () => suite.kubectl(['delete', 'crd', 'codemieconnections.codemie.ai']),
    diagnosis: [/List or watch failed.*codemieconnections|codemieconnections.*List or watch failed/],
    fix: () =>
      suite.kubectl(['apply', '--server-side', '--force-conflicts', '--filename', join(root, 'crds')]),
    verification: runningPod,
  }),

  CodeMieGitOperatorAbsent: () => ({
    cause: () => suite.kubectl(['delete', 'deployment', name, '--namespace', system, '--cascade=foreground']),
    // No Deployment and no Pod. Events of the Service may still be there.
    diagnosis: [new RegExp(`^(?![^]*${name}\\S* +\\d/\\d )`)],
    verification: runningPod,
  }),
};

describe('the runbook is followed against its fault in an installation:', () => {
  it.each(alertsOfInstallation)('%s', async (alert) => {
    await expect(follow(alert, faults[alert](), shell())).resolves.toBeUndefined();
  });
});
