import type { GitIntegrationSpec } from '../../src/api/v1alpha1/git-integration-spec.ts';
import { parseGitIntegrationSpec } from '../../src/api/v1alpha1/git-integration-spec.ts';
import { parseGitIntegrationStatus } from '../../src/api/v1alpha1/git-integration-status.ts';
import { type KubeObject, keyOf } from '../../src/kube/object.ts';
import { kinds } from '../harness/cluster.ts';
import type { SettingRow } from '../harness/peers/codemie/setting.ts';
import { connections, type Server, servers, teams } from './plan.ts';
import type { Scene } from './scene.ts';
import { type Deeds, ownerOf } from './users.ts';

/** An integration as the cluster has it. */
interface Seen {
  key: string;
  object: KubeObject;
  spec: GitIntegrationSpec;
  server: Server;
  alias: string;
  status: ReturnType<typeof parseGitIntegrationStatus>;
  /** `True/Ready`, or empty if there is no such condition yet. */
  ready: string;
  /** Whether `Ready` is about the spec as it is now. */
  isCurrent: boolean;
}

interface Row {
  server: Server;
  row: SettingRow;
  owner: string;
}

/** What is wrong, as sentences. `isLie`: it says that it is as wanted, so it would stay so. */
export interface Fault {
  key: string;
  text: string;
  isLie?: boolean;
}

const credentialReasons = [
  'SecretNotFound',
  'SecretKeyMissing',
  'SecretValueInvalid',
  'Unauthorized',
  'Revoked',
];
const conflictReasons = ['AliasConflict', 'OwnedByOther'];

/**
 * Compares CodeMie with the cluster: an integration for each object that can have one, none twice, none of an object
 * that is gone, what is in each, and whether each status says what is true. Empty: everything holds.
 */
export async function findFaults(scene: Scene, deeds: Deeds): Promise<Fault[]> {
  const secrets = await readSecrets(scene);
  const objects = await readIntegrations(scene);
  const rows = servers.flatMap((server) =>
    scene
      .serverOf(server)
      .rows()
      .map((row): Row => ({ server, row, owner: ownerOf(row, scene) })),
  );
  return [
    ...objects.flatMap((object) => faultsOf(object, objects, rows, secrets, scene, deeds)),
    ...rows.flatMap((row) => faultsOfRow(row, rows, objects, scene, deeds)),
    ...faultsOfHandMade(rows, deeds),
  ];
}

function faultsOf(
  seen: Seen,
  objects: readonly Seen[],
  rows: readonly Row[],
  secrets: ReadonlyMap<string, string>,
  scene: Scene,
  deeds: Deeds,
): Fault[] {
  const { key, object, spec, ready, isCurrent } = seen;
  const fault = (text: string, isLie = false): Fault[] => [{ key, text: `${key} ${text}`, isLie }];
  if (object.metadata.deletionTimestamp !== undefined) return fault('is still being deleted');
  if (spec.suspend) return [];
  if (!isCurrent) return fault(`was not handled: ${ready}`);
  const [status = '', reason = ''] = ready.split('/');
  const token = secrets.get(`${object.metadata.namespace}/${tokenSecretOf(spec)}`);
  const isGood = spec.auth.githubApp !== undefined || (token !== undefined && scene.valid.has(token));
  const others = contenders(seen, objects, rows);
  if (status === 'True') {
    if (!isGood) return fault('is Ready with a token that its host rejects');
    const isTouched = deeds.touched.has(key);
    return faultsOfReady(seen, rows, token).map((text) => ({
      key,
      text: `${key} ${text}`,
      isLie: !isTouched,
    }));
  }
  if (status === 'Unknown' || status === '') return fault(`is not settled: ${ready}`);
  if (credentialReasons.includes(reason)) return isGood ? fault(`says ${ready}, and its token is good`) : [];
  if (conflictReasons.includes(reason))
    return others.length > 0 ? [] : fault(`says ${ready}, and nobody else wants its name`);
  return fault(`says ${ready}, for which there is no cause`);
}

/** What is not as a Ready integration says. */
function faultsOfReady(
  { spec, alias, server, status }: Seen,
  rows: readonly Row[],
  token?: string,
): string[] {
  const { registration } = status;
  const found = rows.find((each) => each.row.id === registration?.id);
  if (!found) return ['is Ready, and CodeMie has no such integration'];
  const { row } = found;
  const held = new Map(row.credential_values.map(({ key, value }) => [key, value]));
  const differences: [string, unknown, unknown][] = [
    ['server', found.server, server],
    ['project', row.project_name, spec.project],
    ['alias', row.alias, alias],
    ['auth_type', held.get('auth_type'), token === undefined ? 'github_app' : 'pat'],
  ];
  const texts = differences
    .filter(([, is, should]) => is !== should)
    .map(
      ([name, is, should]) =>
        `is Ready, and in CodeMie ${name} is ${String(is)} instead of ${String(should)}`,
    );
  if (token !== undefined && held.get('token') !== token)
    texts.push('is Ready, and CodeMie has another token than the Secret');
  return texts;
}

/** Who else wants the name of an integration, or has it. */
function contenders(
  { key, server, spec, alias }: Seen,
  objects: readonly Seen[],
  rows: readonly Row[],
): string[] {
  return [
    ...objects
      .filter((other) => other.key !== key && other.server === server)
      .filter((other) => other.spec.project === spec.project && other.alias === alias)
      .map((other) => other.key),
    ...rows
      .filter((each) => each.server === server && each.owner !== key)
      .filter(({ row }) => row.project_name === spec.project && row.alias === alias)
      .map(({ row }) => row.id),
  ];
}

function faultsOfRow(
  { row, owner, server }: Row,
  rows: readonly Row[],
  objects: readonly Seen[],
  scene: Scene,
  deeds: Deeds,
): Fault[] {
  const what = `"${row.alias}" of ${row.project_name} on ${server}`;
  const fault = (text: string): Fault[] => [{ key: owner, text: `${what} ${text}` }];
  if (owner === '')
    return deeds.handMade.some(({ id }) => id === row.id) ? [] : fault('has no owner, and no person made it');
  const token = row.credential_values.find(({ key }) => key === 'token')?.value;
  if (typeof token === 'string' && scene.guarded.has(token) && !scene.valid.has(token))
    return fault(`of ${owner} has a token that its host rejects`);
  const object = objects.find(({ key }) => key === owner);
  if (!object) return fault(`is of ${owner}, which is gone`);
  // One that is suspended is left as it was.
  if (object.spec.suspend) return [];
  const { registration } = object.status;
  // The token may have been changed for a bad one before what was written was seen, be it the first that is written or
  // the first after a move: with the next good token, or at its end, the mark leads to it.
  const isHere = (each: Row): boolean => each.server === server && each.owner === owner;
  const isRecordedHere = rows.some((each) => isHere(each) && each.row.id === registration?.id);
  const isUnseen = !object.ready.startsWith('True') && object.server === server && !isRecordedHere;
  if (isUnseen && rows.filter(isHere).length === 1) return [];
  return registration?.id === row.id
    ? []
    : fault(`is of ${owner}, whose status names ${registration?.id ?? 'none'}`);
}

function faultsOfHandMade(rows: readonly Row[], { handMade, adoptable, touched }: Deeds): Fault[] {
  return handMade.flatMap(({ id, alias, token }): Fault[] => {
    if (adoptable.has(alias)) return [];
    const row = rows.find((each) => each.row.id === id);
    const held = row?.row.credential_values.find(({ key }) => key === 'token')?.value;
    if (row && row.owner === '' && held === token) return [];
    if (touched.size > 0 && !row) return [];
    return [{ key: '', text: `"${alias}", which a person made, was changed` }];
  });
}

const tokenSecretOf = ({ auth }: GitIntegrationSpec): string => auth.token?.secretRef.name ?? '';

async function readSecrets({ cluster, ...scene }: Scene): Promise<Map<string, string>> {
  const all = await Promise.all(teams.map((team) => cluster.list(kinds.secret, scene.namespaceOf(team))));
  return new Map(
    all.flat().flatMap((secret) => {
      const data = secret['data'];
      const token = typeof data === 'object' && data && 'token' in data ? String(data.token) : undefined;
      return token === undefined ? [] : [[keyOf(secret), Buffer.from(token, 'base64').toString('utf8')]];
    }),
  );
}

/** All integrations of the teams. */
export async function readIntegrations({ cluster, ...scene }: Scene): Promise<Seen[]> {
  const all = await Promise.all(
    teams.map((team) => cluster.list(kinds.integration, scene.namespaceOf(team))),
  );
  return all.flat().map((object) => {
    const parsed = parseGitIntegrationSpec(object['spec']);
    if (!parsed.ok) throw new Error(parsed.error);
    const spec = parsed.value;
    const status = parseGitIntegrationStatus(object['status']);
    const ready = status.conditions?.find(({ type }) => type === 'Ready');
    const { name } = spec.connectionRef;
    return {
      key: keyOf(object),
      object,
      spec,
      server: name === 'staging' ? connections.staging : connections.own,
      alias: spec.alias ?? object.metadata.name,
      status,
      ready: ready ? `${ready.status}/${ready.reason}` : '',
      isCurrent: ready?.observedGeneration === object.metadata.generation,
    };
  });
}
