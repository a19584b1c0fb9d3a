import { beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { type CodeMiePeer, createCodeMiePeer } from '../harness/peers/codemie/codemie-peer.ts';
import type { CodeMieUser, NewUser } from '../harness/peers/codemie/directory.ts';
import {
  gitHubIntegration,
  makeClusterConnection,
  reconciled,
  rowsOf,
  storeGitHubToken,
  waitForEvent,
} from './objects.ts';
import { useSuite } from './suite.ts';

/** A CodeMie that leaves rights and projects to its identity provider, as is its default. */
const keycloakMode = createCodeMiePeer({ host: 'codemie-keycloak.example.com', userManagement: false });
const suite = useSuite({ projects: ['demo', 'second'], peers: [keycloakMode] });

beforeAll(() => {
  keycloakMode.addProject('demo');
});

const create = (key: string, spec?: Record<string, unknown>) =>
  suite.cluster.create(kinds.integration, gitHubIntegration(key, spec));
const see = (key: string, wanted: Record<string, string>) => suite.cluster.waitForConditions(key, wanted);
/** What was to be written to a CodeMie: integrations, projects. */
const writes = ({ requests }: CodeMiePeer) => requests.filter(({ method }) => method === 'POST').length;

async function prepare(): Promise<{ namespace: string; key: string }> {
  const namespace = await suite.team();
  await storeGitHubToken(suite, `${namespace}/token`);
  return { namespace, key: `${namespace}/acme` };
}

/** A connection `theirs` with a login of those rights. */
async function connectAs(
  namespace: string,
  rights: Omit<NewUser, 'username'>,
  { projects = {}, codemie = suite.world.codemie }: { projects?: object; codemie?: CodeMiePeer } = {},
): Promise<{ connectionRef: object; login: CodeMieUser }> {
  const token = suite.secret('login');
  const login = codemie.addUser({ username: `login-of-${namespace}`, ...rights });
  codemie.addToken(token, login);
  await suite.cluster.createSecret(`${namespace}/theirs`, { token });
  await suite.cluster.create(kinds.connection, {
    metadata: { name: 'theirs', namespace },
    spec: { url: codemie.url, auth: { token: { secretRef: { name: 'theirs' } } }, projects },
  });
  return { connectionRef: { kind: 'CodeMieConnection', name: 'theirs' }, login };
}

const immutable = "spec.project can't be edited, so delete the object and create it again to change it";

describe('a project that does not exist', () => {
  it.each([
    { name: 'at all', project: 'nowhere', mode: 'codemie' as const },
    { name: 'in this case', project: 'Demo', mode: 'codemie' as const },
    { name: 'where CodeMie keeps none itself', project: 'nowhere', mode: 'keycloak' as const },
  ])('$name is ProjectNotFound to an administrator of CodeMie, and not made', async ({ project, mode }) => {
    const { namespace, key } = await prepare();
    const codemie = mode === 'codemie' ? suite.world.codemie : keycloakMode;
    const { connectionRef } = await connectAs(namespace, { isAdmin: true }, { codemie });
    const before = writes(codemie);
    await create(key, { project, connectionRef });
    const seen = await see(key, { Ready: 'False/ProjectNotFound', Stalled: 'True/ProjectNotFound' });
    expect(seen.condition('Ready').message).toBe(
      `CodeMie has no project "${project}". Check the spelling, upper and lower case count, or create the project in CodeMie; ${immutable}.`,
    );
    expect(writes(codemie)).toBe(before);
    expect(seen.object.metadata.finalizers).toBeUndefined();
  });

  it.each([
    { name: 'that does not exist', project: 'dmeo', codemie: 'codemie' as const },
    { name: 'in another case', project: 'Demo', codemie: 'codemie' as const },
    { name: 'of which it is no member', project: 'not-mine', codemie: 'codemie' as const },
    { name: 'of which CodeMie says nothing', project: 'dmeo', codemie: 'keycloak' as const },
  ])('looks to a plain login like one $name, and both are said', async ({ project, codemie: mode }) => {
    const { namespace, key } = await prepare();
    const codemie = mode === 'codemie' ? suite.world.codemie : keycloakMode;
    suite.world.codemie.addProject('not-mine');
    const { connectionRef, login } = await connectAs(namespace, { projectAdminOf: ['demo'] }, { codemie });
    const before = writes(codemie);
    await create(key, { project, connectionRef });
    const seen = await see(key, { Ready: 'False/AccessDenied', Stalled: 'True/AccessDenied' });
    expect(seen.condition('Ready').message).toBe(
      `The connection's login ${login.name} cannot write to project "${project}": either CodeMie has no project of exactly this name, or the login is not an administrator of it. Check the spelling first, upper and lower case count; ${immutable}.`,
    );
    expect(writes(codemie)).toBe(before);
  });

  it('is used as soon as it does, with no word from anybody', async () => {
    const { namespace, key } = await prepare();
    const { connectionRef, login } = await connectAs(namespace, {});
    await create(key, { project: namespace, connectionRef });
    await see(key, { Ready: 'False/AccessDenied' });
    suite.world.codemie.addProject(namespace);
    login.projects.set(namespace, true);
    const isReady = async () => (await see(key, {})).is('Ready', 'True/Ready');
    expect(await suite.cluster.waitFor(`${key} to be Ready`, isReady)).toBe(true);
  });
});

it('a project of which the login is only a member is AccessDenied', async () => {
  const { namespace, key } = await prepare();
  const { connectionRef, login } = await connectAs(namespace, { memberOf: ['second'] });
  await create(key, { project: 'second', connectionRef });
  const seen = await see(key, { Ready: 'False/AccessDenied', Stalled: 'True/AccessDenied' });
  expect(seen.condition('Ready').message).toBe(
    `The connection's login ${login.name} is not an administrator of project "second". Make it one: in CodeMie, or by the attribute applications_admin of its user where rights come from Keycloak.`,
  );
});

describe('with createMissing, a project', () => {
  const createMissing = { projects: { createMissing: true } };

  it.each([
    { who: 'an administrator', rights: { isAdmin: true } },
    { who: 'anybody, who is its administrator then', rights: {} },
  ])('is made by $who, and says who made it', async ({ rights }) => {
    const { namespace, key } = await prepare();
    const { connectionRef } = await connectAs(namespace, rights, createMissing);
    await create(key, { project: namespace, connectionRef });
    await see(key, { Ready: 'True/Ready' });
    expect(rowsOf(suite.world, key)).toHaveLength(1);
    expect(suite.world.codemie.addProject(namespace).description).toBe(
      `Created by codemie-git-operator in cluster "${suite.system}" through CodeMieConnection "${namespace}/theirs".`,
    );
  });

  it('is made by the integration itself where CodeMie keeps none', async () => {
    const { namespace, key } = await prepare();
    const options = { ...createMissing, codemie: keycloakMode };
    const { connectionRef } = await connectAs(namespace, { isAdmin: true }, options);
    await create(key, { project: namespace, connectionRef });
    await see(key, { Ready: 'True/Ready' });
    expect(keycloakMode.rows().map((row) => row.project_name)).toContain(namespace);
  });

  it.each([
    {
      name: 'with a reserved name is Rejected',
      project: 'test',
      reason: 'Rejected',
      says: /^CodeMie does not allow a new project to be called "test"\. It wants 3 to 100 /,
    },
    {
      name: 'that exists out of sight is AccessDenied',
      project: 'theirs-alone',
      reason: 'AccessDenied',
      says: /^CodeMie already has a project of this name, perhaps in another case, and the connection's login \S+ does not see "theirs-alone"\. /,
    },
    {
      name: 'beyond the limit of the login is AccessDenied',
      project: 'one-too-many',
      reason: 'AccessDenied',
      says: /^CodeMie lets the connection's login create no more projects, so it did not create "one-too-many"\. /,
      made: 3,
    },
    {
      name: 'is AccessDenied where CodeMie keeps none',
      project: 'fresh',
      reason: 'AccessDenied',
      says: /^CodeMie creates no projects by its API while its user management is off, and the connection's login \S+ has no project "fresh"\. /,
      codemie: keycloakMode,
    },
  ])('$name', async ({ project, reason, says, made = 0, codemie = suite.world.codemie }) => {
    const { namespace, key } = await prepare();
    suite.world.codemie.addProject('Theirs-Alone');
    const { connectionRef, login } = await connectAs(namespace, {}, { ...createMissing, codemie });
    for (let number = 0; number < made; number++)
      codemie.addProject(`${namespace}-${number}`, { createdBy: login.id });
    await create(key, { project, connectionRef });
    const seen = await see(key, { Ready: `False/${reason}`, Stalled: `True/${reason}` });
    expect(seen.condition('Ready').message).toMatch(says);
    expect(rowsOf(suite.world, key)).toEqual([]);
  });
});

describe('a project that the connection does not allow', () => {
  it.each([
    { name: 'by consumers', projects: undefined, field: 'spec.consumers', who: true, only: 'demo, shop-*' },
    {
      name: 'by projects.allowed',
      projects: { allowed: ['demo', 'elsewhere'] },
      field: 'spec.projects.allowed',
      who: false,
      only: 'demo',
    },
  ])('$name is answered with what the namespace may use', async ({ projects, field, who, only }) => {
    const { namespace, key } = await prepare();
    const name = await makeClusterConnection(suite, {
      consumers: [
        { namespaces: [namespace], projects: ['demo', 'shop-*'] },
        { namespaces: ['team-secret'], projects: ['hidden-project', 'second'] },
      ],
      ...(projects && { projects }),
    });
    const messages = [];
    // One of them exists.
    for (const project of field === 'spec.consumers' ? ['second', 'secind'] : ['shop-1', 'shop-2']) {
      const own = `${key}-${project}`;
      await create(own, { project, connectionRef: { name } });
      const { message } = (await see(own, { Ready: 'False/ProjectNotAllowed' })).condition('Ready');
      messages.push(message.replace(project, '<project>'));
    }
    const whom = who ? ` for namespace "${namespace}"` : '';
    expect(messages).toEqual(
      Array(2).fill(
        `ClusterCodeMieConnection "${name}" does not allow project "<project>"${whom}, only: ${only}. Check the spelling, upper and lower case count (spec.project can't be edited: delete the object and create it again), or ask the owner of the connection to add the project to ${field} there.`,
      ),
    );
  });
});

describe('an integration that was transferred to another project', () => {
  const transfer = (target: string, key: string) => {
    suite.world.codemie.addProject(target);
    const [row] = rowsOf(suite.world, key);
    if (!row) throw new Error('There is no such row.');
    row.project_name = target;
    row.update_date = '2099-01-01T00:00:00.000001';
    return row;
  };

  it('out of sight of the login is created again, and an event names the other', async () => {
    const { key } = await prepare();
    await create(key);
    await see(key, { Ready: 'True/Ready' });
    const row = transfer('out-of-sight', key);
    await reconciled(suite.cluster, key, { Ready: 'True/Ready' });
    expect(rowsOf(suite.world, key).map(({ project_name: project }) => project)).toEqual(
      expect.arrayContaining(['out-of-sight', 'demo']),
    );
    expect(await waitForEvent(suite.cluster, key, 'DriftCorrected')).toBe(
      `CodeMie no longer lists integration ${row.id}: it was removed, or transferred to a project that the connection's login does not administer. The integration was created again.`,
    );
  });

  it('out of sight of the login is reported as left behind when its GitIntegration is deleted', async () => {
    const { key } = await prepare();
    await create(key, { driftPolicy: 'Report' });
    await see(key, { Ready: 'True/Ready' });
    const row = transfer('out-of-sight', key);
    await suite.cluster.delete(kinds.integration, key);
    await suite.cluster.waitForGone(kinds.integration, key);
    expect(await waitForEvent(suite.cluster, key, 'RegistrationOrphaned')).toBe(
      `Integration ${row.id} ("${key}") stays in CodeMie, because it was transferred to a project that its connection's login does not administer. Remove it there; its key managed_by is codemie-git-operator/${suite.system}/${key}.`,
    );
    expect(rowsOf(suite.world, key)).toEqual([row]);
  });

  it.each([
    { name: 'that the namespace may use', allowed: ['demo', 'second'], says: 'project "second"' },
    { name: 'that the namespace has no access to', allowed: ['demo'], says: 'another project' },
  ])('$name is Rejected, and named accordingly', async ({ allowed, says }) => {
    const { namespace, key } = await prepare();
    const name = await makeClusterConnection(suite, {
      consumers: [{ namespaces: [namespace], projects: allowed }],
    });
    await create(key, { connectionRef: { name } });
    await see(key, { Ready: 'True/Ready' });
    transfer('second', key);
    const seen = await reconciled(suite.cluster, key, { Ready: 'False/Rejected' });
    expect(seen.condition('Ready').message).toBe(
      `The integration was moved to ${says} in CodeMie. Move it back there, or delete this GitIntegration and create one for that project.`,
    );
  });
});
