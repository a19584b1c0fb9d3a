import { setTimeout as sleep } from 'node:timers/promises';
import { parseGitIntegrationStatus } from '../../src/api/v1alpha1/git-integration-status.ts';
import { KubeStatusError, KubeTransportError } from '../../src/kube/errors.ts';
import { kinds } from '../harness/cluster.ts';
import { startPatience } from '../harness/pace.ts';
import { isoFormat } from '../harness/peers/codemie/python.ts';
import type { SettingRow } from '../harness/peers/codemie/setting.ts';
import { type Action, servers, type Wanted } from './plan.ts';
import { appIdOf, type Scene } from './scene.ts';

/** A row that a user created in CodeMie, as it was then. */
interface HandMade {
  id: string;
  alias: string;
  token: string;
}

/** What users have done so far, as far as the cluster does not say it. */
export interface Deeds {
  handMade: HandMade[];
  /** Names of objects, as `namespace/name`, whose row a user has changed or removed. */
  touched: Set<string>;
  /** Aliases that some integration was allowed to adopt from a user. */
  adoptable: Set<string>;
}

/** Nothing was done yet. */
export function noDeeds(): Deeds {
  return { handMade: [], touched: new Set(), adoptable: new Set() };
}

/** How long a user goes on trying while the API server is away. */
const patienceMs = 60_000;

/** Does what a user does, and goes on trying as long as the API server does not answer. */
export async function act(action: Action, scene: Scene, deeds: Deeds): Promise<void> {
  const { cluster } = scene;
  if (action.do === 'make by hand') {
    makeByHand(action, scene, deeds);
    return;
  }
  const namespace = scene.namespaceOf(action.team);
  const key = 'name' in action ? `${namespace}/${action.name}` : '';
  switch (action.do) {
    case 'create': {
      noteAdoption(action.wanted, deeds);
      const spec = {
        ...specOf(action.wanted, scene, action.team),
        provider: providerOf(action.wanted.secret),
      };
      const metadata = { name: action.name, namespace };
      // One of that name that is there already, or still going, stays.
      await insist(() => cluster.create(kinds.integration, { metadata, spec }));
      return;
    }
    case 'edit': {
      noteAdoption(action.wanted, deeds);
      const fields = Object.entries(specOf(action.wanted, scene, action.team));
      await insist(() =>
        cluster.patch(
          kinds.integration,
          key,
          fields.map(([field, value]) => ({ op: 'add', path: `/spec/${field}`, value })),
        ),
      );
      return;
    }
    case 'delete':
      await insist(() => cluster.delete(kinds.integration, key));
      return;
    case 'rotate': {
      const token = scene.newToken(action.secret, action.to === 'valid');
      const secretKey = `${namespace}/${action.secret}`;
      await insist(async () => {
        const there = await cluster.get(kinds.secret, secretKey);
        if (there) await cluster.setSecret(secretKey, 'token', token);
        else await cluster.createSecret(secretKey, { token });
      });
      return;
    }
    case 'remove secret':
      await insist(() => cluster.delete(kinds.secret, `${namespace}/${action.secret}`));
      return;
    case 'change by hand': {
      const known = await recordedStamp(scene, key);
      for (const { row } of rowsOfObject(scene, key)) {
        // Between a write of the operator and the listing that shows it, its stamp can be a user's as well: ADR 0004.
        if (row.update_date !== known) continue;
        const value = row.credential_values.find(({ key: name }) => name === 'token');
        if (value) value.value = 'changed by hand';
        row.update_date = isoFormat(Date.now() * 1000 + 1);
        deeds.touched.add(key);
      }
      return;
    }
    case 'remove by hand':
      for (const { server, row } of rowsOfObject(scene, key)) {
        scene.serverOf(server).remove(row.id);
        deeds.touched.add(key);
      }
  }
}

/** Whose a row is, as `namespace/name`; empty if it has no mark of the scene's cluster. */
export function ownerOf(row: SettingRow, { system }: Scene): string {
  const mark = row.credential_values.find(({ key }) => key === 'managed_by')?.value;
  return typeof mark === 'string' && mark.includes(system) ? mark.split('/').slice(-2).join('/') : '';
}

/** The stamp of its row that an integration's status has. Undefined also while the API server does not answer. */
async function recordedStamp({ cluster }: Scene, key: string): Promise<string | undefined> {
  const object = await cluster.get(kinds.integration, key).catch(() => undefined);
  return parseGitIntegrationStatus(object?.['status']).registration?.remoteUpdatedAt;
}

function rowsOfObject(scene: Scene, key: string) {
  return servers.flatMap((server) =>
    scene
      .serverOf(server)
      .rows()
      .filter((row) => ownerOf(row, scene) === key)
      .map((row) => ({ server, row })),
  );
}

function makeByHand(
  { server, project, alias }: Extract<Action, { do: 'make by hand' }>,
  scene: Scene,
  deeds: Deeds,
): void {
  const codemie = scene.serverOf(server);
  // CodeMie refuses a second one of that name.
  if (codemie.rows().some((row) => row.project_name === project && row.alias === alias)) return;
  const token = `canary-by-hand-${deeds.handMade.length}-${Math.random()}`;
  scene.guarded.add(token);
  const person = codemie.addUser({ username: `person-${deeds.handMade.length}`, projectAdminOf: [project] });
  const values = { url: 'https://github.com', token };
  const { id } = codemie.seed({ project, alias, values, user: person });
  deeds.handMade.push({ id, alias, token });
}

function noteAdoption({ alias, adoptionPolicy }: Partial<Wanted>, deeds: Deeds): void {
  // An edit of either may meet what the other was before.
  if (adoptionPolicy !== 'Never' && alias !== undefined) deeds.adoptable.add(alias);
}

function providerOf(secret: Wanted['secret']): string {
  return secret === 'gitlab' ? 'GitLab' : 'GitHub';
}

function specOf({ connection, secret, ...rest }: Partial<Wanted>, scene: Scene, team: 'a' | 'b' | 'c') {
  const auth =
    secret === 'app'
      ? {
          githubApp: {
            appID: appIdOf(team),
            privateKeySecretRef: { name: 'app', key: 'private-key.pem' },
            installation: { owner: 'acme' },
          },
        }
      : { token: { secretRef: { name: secret } } };
  return {
    ...rest,
    ...(secret && { provider: providerOf(secret), auth }),
    ...(connection && {
      connectionRef:
        connection === 'shared'
          ? { kind: 'ClusterCodeMieConnection', name: scene.system }
          : { kind: 'CodeMieConnection', name: connection },
    }),
  };
}

/** Does something until the API server has heard it. What it refuses for a reason is refused. */
async function insist(work: () => Promise<unknown>): Promise<void> {
  const isOver = startPatience(patienceMs);
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      const isAway =
        error instanceof KubeTransportError || (error instanceof KubeStatusError && error.code >= 500);
      if (error instanceof KubeStatusError && !isAway) return;
      if (!isAway || isOver()) throw error;
      await sleep(100);
    }
  }
}
