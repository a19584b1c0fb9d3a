import { type ConditionDescription, gitIntegrationConditions } from '../api/conditions.ts';
import { clusterCodeMieConnections, codeMieConnections, gitIntegrations } from '../api/group.ts';
import { parseGitIntegrationSpec } from '../api/v1alpha1/git-integration-spec.ts';
import { parseGitIntegrationStatus } from '../api/v1alpha1/git-integration-status.ts';
import type { Condition } from '../api/v1alpha1/shared.ts';
import { isForbidden } from '../kube/errors.ts';
import { type KubeObject, keyOf, type Resource } from '../kube/object.ts';
import { ownMember } from '../lib/names.ts';
import { type Cluster, cliName, getObject, keyIn } from './cluster.ts';
import { conditionsOf, readinessOf } from './get.ts';
import { exitCodes, type Io, type Paint, painter, printable, sentence, shortAge } from './io.ts';
import { recordOf } from './lint/manifests.ts';

/** One step of the way to Ready, and what it says to a user. */
interface Step {
  type: string;
  title: string;
}

const steps: readonly Step[] = [
  { type: 'CredentialsResolved', title: 'Secrets are read' },
  { type: 'CredentialsValid', title: 'Git provider accepts the credential' },
  { type: 'InstallationResolved', title: 'GitHub App installation is found' },
  { type: 'PermissionsSufficient', title: 'Permissions are sufficient' },
  { type: 'Registered', title: 'CodeMie has the integration' },
];

/** Conditions that are there only while something is worth knowing. */
const notes = ['CredentialExpiring', 'Drifted', 'UsageLimited'];

const events: Resource = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

/**
 * Says step by step why a GitIntegration is Ready or not, what to do, and when the operator retries.
 *
 * @returns the exit code: 0 when it is Ready, and that is about its present spec
 */
export async function explain(name: string, cluster: Cluster, io: Io): Promise<number> {
  const object = await getObject(cluster, gitIntegrations, name, io.signal);
  const paint = painter(io);
  const lines = [
    headline(object, io.now(), paint),
    '',
    ...(await connectionLines(object, cluster, io, paint)),
  ];
  lines.push(...stepLines(object, io.now(), paint), '', ...whatNext(object, io.now(), paint));
  lines.push(...(await eventLines(object, cluster, io)));
  io.out(lines.map((line) => `${line}\n`).join(''));
  const { ready, current } = readinessOf(object);
  return ready === 'True' && current ? exitCodes.ok : exitCodes.negative;
}

function headline(object: KubeObject, now: number, paint: Paint): string {
  const { ready, reason, current } = readinessOf(object);
  const name = paint('bold', `GitIntegration ${printable(keyOf(object))}`);
  const { deletionTimestamp } = object.metadata;
  if (deletionTimestamp !== undefined)
    return `${name} has been waiting for its deletion for ${shortAge(now - Date.parse(deletionTimestamp))}.`;
  if (ready === '-') return `${name} has no status: no operator has seen it yet.`;
  const state =
    ready === 'True' ? paint('green', 'is Ready') : paint('red', `is not Ready (${printable(reason)})`);
  const stale = current
    ? ''
    : ' That is about an earlier spec: the operator has not handled the last change.';
  return `${name} ${state}.${stale}`;
}

function mark(status: string | undefined, paint: Paint): string {
  if (status === 'True') return paint('green', '✓');
  if (status === 'False') return paint('red', '✗');
  return paint('yellow', status === undefined ? '·' : '…');
}

async function connectionLines(
  object: KubeObject,
  cluster: Cluster,
  io: Io,
  paint: Paint,
): Promise<string[]> {
  const parsed = parseGitIntegrationSpec(object['spec']);
  if (!parsed.ok) return [`${mark('False', paint)} The spec is valid`, `    ${sentence(parsed.error)}`];
  const { kind, name } = parsed.value.connectionRef;
  const resource = kind === codeMieConnections.kind ? codeMieConnections : clusterCodeMieConnections;
  const title = `${kind} "${printable(name)}" is Ready`;
  try {
    const key = keyIn(resource, object.metadata.namespace ?? '', name);
    const connection = await cluster.client.get(resource, key, io.signal);
    if (!connection) return [`${mark('False', paint)} ${title}`, '    It does not exist.'];
    const { ready, message } = readinessOf(connection);
    const lines = [`${mark(ready === '-' ? undefined : ready, paint)} ${title}`];
    return ready === 'True' ? lines : [...lines, `    ${sentence(message)}`];
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return [`${mark(undefined, paint)} ${title}`, '    You lack permission to read it.'];
  }
}

function stepLines(object: KubeObject, now: number, paint: Paint): string[] {
  const conditions = conditionsOf(object);
  const isToken = recordOf(recordOf(recordOf(object['spec'])['auth'])['token'])['secretRef'] !== undefined;
  const lines = steps.flatMap(({ type, title }) => {
    // A token has no installation.
    if (isToken && type === 'InstallationResolved') return [];
    const condition = conditions.find((each) => each.type === type);
    const line = `${mark(condition?.status, paint)} ${title}`;
    if (!condition) return [`${line} ${paint('dim', '(not reached)')}`];
    return [line, ...detail(condition, now, paint)];
  });
  const worth = notes.flatMap((type) => {
    const condition = conditions.find((each) => each.type === type && each.status === 'True');
    return condition ? [`${paint('yellow', '!')} ${type}`, ...detail(condition, now, paint)] : [];
  });
  return [...lines, ...worth];
}

function detail(
  { type, status, reason, message, lastTransitionTime }: Condition,
  now: number,
  paint: Paint,
): string[] {
  const since = paint('dim', `${printable(reason)} for ${shortAge(now - Date.parse(lastTransitionTime))}`);
  const lines = [`    ${sentence(message)} ${since}`];
  const remedy = remedyFor(type, reason);
  return (status === 'True' && !notes.includes(type)) || remedy === undefined
    ? lines
    : [...lines, `    ${paint('bold', 'What to do:')} ${remedy}`];
}

/** What the API reference says about a reason. */
function remedyFor(type: string, reason: string): string | undefined {
  const description: ConditionDescription | undefined = gitIntegrationConditions.find(
    (condition) => condition.type === type,
  );
  return description && ownMember(description.reasons, reason)?.remedy;
}

function whatNext(object: KubeObject, now: number, paint: Paint): string[] {
  const parsed = parseGitIntegrationSpec(object['spec']);
  const { stalled, ready } = readinessOf(object);
  const find = (type: string) => conditionsOf(object).find((condition) => condition.type === type);
  const title = (text: string) => paint('bold', text);
  if (!parsed.ok) return [`${title('Next:')} correct the spec; the operator continues at once.`];
  if (parsed.value.suspend)
    return [`${title('Next:')} nothing, because spec.suspend is true. Resume it with ${cliName} resume.`];
  const { syncInterval, validation } = parsed.value;
  const checks = `CodeMie every ${syncInterval}, the credential every ${validation.interval}`;
  if (ready === 'True') return [`${title('Next:')} checks ${checks}.`, ...registrationLine(object)];
  const reconciling = find('Reconciling');
  if (reconciling)
    return [
      `${title('Next:')} the operator has been trying again for ${shortAge(now - Date.parse(reconciling.lastTransitionTime))}, with growing pauses. Try now: ${cliName} reconcile ${printable(object.metadata.name)}`,
      ...registrationLine(object),
    ];
  const what = stalled
    ? 'a change of the Secret or the spec; the operator notices it at once'
    : 'the operator';
  return [`${title('Next:')} waits for ${what}. It also checks ${checks}.`, ...registrationLine(object)];
}

function registrationLine(object: KubeObject): string[] {
  const { registration, credential } = parseGitIntegrationStatus(object['status']);
  const lines: string[] = [];
  if (registration)
    lines.push(
      `In CodeMie: "${printable(registration.alias)}" of project "${printable(registration.project)}", id ${printable(registration.id)}`,
    );
  if (credential?.expiresAt)
    lines.push(`The credential expires on ${printable(credential.expiresAt.slice(0, 10))}.`);
  return lines;
}

async function eventLines(object: KubeObject, cluster: Cluster, io: Io): Promise<string[]> {
  const { namespace = '', name, uid } = object.metadata;
  try {
    const { items } = await cluster.client.list(events, {
      namespace,
      fieldSelector: `regarding.name=${name},regarding.uid=${uid}`,
      signal: io.signal,
    });
    const recent = items
      .map((event) => ({
        at: timeOf(event),
        reason: text(event['reason']),
        note: text(event['note']),
        type: text(event['type']),
      }))
      .filter(({ at }) => !Number.isNaN(at))
      .toSorted((a, b) => a.at - b.at)
      .slice(-5);
    if (recent.length === 0) return [];
    const rows = recent.map(
      ({ at, reason, note, type }) =>
        `  ${shortAge(io.now() - at).padStart(5)} ago  ${printable(type)} ${printable(reason)}: ${sentence(note)}`,
    );
    return ['', 'Last events:', ...rows];
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return ['', 'Last events: you lack permission to list them.'];
  }
}

function timeOf(event: KubeObject): number {
  const series = recordOf(event['series'])['lastObservedTime'];
  for (const time of [
    series,
    event['eventTime'],
    event['deprecatedLastTimestamp'],
    event.metadata.creationTimestamp,
  ])
    if (typeof time === 'string') return Date.parse(time);
  return Number.NaN;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
