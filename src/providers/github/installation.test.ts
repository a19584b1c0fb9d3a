import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Installation, InstallationSelector } from '../provider.ts';
import { type AppStage, openAppStage } from '../testing/app-stage.ts';
import { failureOf } from '../testing/world.ts';

let stage: AppStage;
beforeAll(async () => {
  stage = await openAppStage();
});
beforeEach(() => stage.reset());
afterAll(() => stage.world.close());

describe('an installation', () => {
  const acme: Installation = {
    id: 100,
    account: 'acme',
    accountType: 'Organization',
    repositorySelection: 'all',
    others: [],
    permissions: 'Sufficient',
    missing: [],
    pending: [],
  };

  const found: {
    name: string;
    selector: InstallationSelector;
    installation: Partial<Installation>;
    path: string;
  }[] = [
    {
      name: 'the first: the lowest id, with the others named',
      selector: { by: 'first' },
      installation: { ...acme, others: ['beta', 'octocat'] },
      path: '/app/installations',
    },
    {
      name: 'by id',
      selector: { by: 'id', id: 100 },
      installation: acme,
      path: '/app/installations/100',
    },
    {
      name: 'by an organization, in whatever case',
      selector: { by: 'owner', owner: 'ACME' },
      installation: acme,
      path: '/users/ACME/installation',
    },
    {
      name: 'by a user',
      selector: { by: 'owner', owner: 'octocat' },
      installation: { id: 101, accountType: 'User', repositorySelection: 'selected' },
      path: '/users/octocat/installation',
    },
    {
      name: 'by a repository',
      selector: { by: 'repository', repository: 'octocat/one' },
      installation: { id: 101 },
      path: '/repos/octocat/one/installation',
    },
  ];

  it.each(found)('is found $name, with two calls in all', async ({ selector, installation, path }) => {
    expect(await stage.resolve(selector)).toMatchObject(installation);
    expect(stage.peer.requests.map((request) => request.path)).toEqual(['/app', path]);
  });

  it('is found on the second page', async () => {
    for (let id = 1000; id < 1120; id += 1) {
      stage.peer.addInstallation({ appId: 12, account: `org-${id}`, id });
    }
    stage.peer.suspend(100);
    const { id, others } = await stage.resolve({ by: 'first' });
    expect([id, others.length]).toEqual([101, 121]);
    for (let id = 1000; id < 1120; id += 1) stage.peer.removeInstallation(id);
  });

  const absent: { name: string; selector: InstallationSelector }[] = [
    { name: 'an id of another App', selector: { by: 'id', id: 200 } },
    { name: 'an owner without it', selector: { by: 'owner', owner: 'nobody' } },
    { name: 'a repository that is not selected', selector: { by: 'repository', repository: 'octocat/two' } },
  ];

  it.each(absent)('is not found by $name', async ({ selector }) => {
    expect(await failureOf(stage.resolve(selector))).toMatchObject({
      reason: 'NotFound',
      disposition: 'needsPerson',
    });
  });

  it('is reported as suspended, with itself attached', async () => {
    stage.peer.suspend(100);
    const error = await failureOf(stage.resolve({ by: 'owner', owner: 'acme' }));
    expect(error).toMatchObject({
      reason: 'Suspended',
      disposition: 'needsPerson',
      installation: { id: 100 },
    });
    expect(error.installation?.suspendedAt).toMatch(/^\d{4}-/);
  });

  it('that is suspended is passed over by the first', async () => {
    stage.peer.suspend(100);
    expect(await stage.resolve({ by: 'first' })).toMatchObject({ id: 101, others: ['beta'] });
  });

  it('distinguishes what the account has yet to approve from what the App does not request', async () => {
    stage.peer.setAppPermissions(12, { contents: 'write', metadata: 'read' });
    stage.peer.addInstallation({ appId: 12, account: 'acme', id: 100, permissions: { metadata: 'read' } });
    expect(await stage.resolve({ by: 'id', id: 100 })).toMatchObject({
      permissions: 'Missing',
      missing: ['Contents: Read and write', 'Pull requests: Read and write'],
      pending: ['Contents: Read and write'],
      remedy: { action: 'Add it in the settings of the App, then have each account approve that' },
    });
  });

  it('names who has to approve when the App asks for all that is missing', async () => {
    stage.peer.addInstallation({ appId: 12, account: 'acme', id: 100, permissions: { metadata: 'read' } });
    const { remedy, pending } = await stage.resolve({ by: 'id', id: 100 });
    expect(pending).toHaveLength(2);
    expect(remedy?.action).toBe('An owner of acme approves the request of the App');
  });

  describe('that is not where it was', () => {
    const knownInstallation = { id: 100, account: 'acme' };
    const byId = { by: 'id', id: 100 } as const;
    const byOwner = { by: 'owner', owner: 'Acme' } as const;
    const why = async (selector: InstallationSelector, known = knownInstallation) => {
      const { reason, message, hint } = await failureOf(
        stage.resolve(selector, { knownInstallation: known }),
      );
      expect(reason).toBe('NotFound');
      return `${message} ${hint}`;
    };

    it('is reported under its new id when it was installed again', async () => {
      const { id } = stage.peer.reinstall(100);
      expect(await why(byId)).toBe(
        `The App has no installation 100 on github.com any more; for acme it has ${id}. Correct auth.githubApp.installation.id, or name the owner instead, which stays the same when the App is installed again.`,
      );
      stage.peer.removeInstallation(id);
    });

    it('is reported under its new owner when the account was renamed', async () => {
      stage.peer.addInstallation({ appId: 12, account: 'umbrella', id: 100 });
      expect(await why(byOwner)).toBe(
        'The App is not installed for Acme on github.com any more; its installation is for umbrella now. If the account was renamed, correct auth.githubApp.installation.owner.',
      );
    });

    it.each([
      { name: 'is gone, by id', selector: byId, known: knownInstallation },
      { name: 'is gone, by owner', selector: byOwner, known: knownInstallation },
      { name: 'was never there by that id', selector: byId, known: { id: 101, account: 'octocat' } },
      { name: 'was never there for that owner', selector: byOwner, known: { id: 101, account: 'octocat' } },
    ])('is only said not to be there when it $name', async ({ selector, known }) => {
      stage.peer.removeInstallation(100);
      expect(await why(selector, known)).toMatch(
        / on github\.com; it is installed for beta, octocat\. Install it, or correct auth/,
      );
    });

    it('is found by a repository that was renamed', async () => {
      stage.peer.renameRepository('acme/app', 'acme/application');
      const repository = 'acme/app';
      expect(await stage.resolve({ by: 'repository', repository })).toMatchObject({ id: 100 });
      stage.peer.renameRepository('acme/application', 'acme/app');
    });
  });

  describe('on an enterprise, which has no repositories', () => {
    const big = { appId: 12, account: 'big-enterprise', accountType: 'Enterprise', id: 7 } as const;
    const onlyBig = (): void => {
      for (const id of [100, 101, 102]) stage.peer.removeInstallation(id);
    };
    beforeEach(() => void stage.peer.addInstallation(big));
    afterEach(() => stage.peer.removeInstallation(7));

    it('is no choice where there are others, though its id is the lowest', async () => {
      expect(await stage.resolve({ by: 'first' })).toMatchObject({ id: 100, others: ['beta', 'octocat'] });
    });

    it.each([{ by: 'first' }, { by: 'id', id: 7 }] as const)(
      'says so when it is all there is: $by',
      async (selector) => {
        onlyBig();
        const { reason, message } = await failureOf(stage.resolve(selector));
        expect([reason, message]).toEqual([
          'NotFound',
          'Installation 7 of the App on github.com is on the enterprise big-enterprise, which has no repositories.',
        ]);
      },
    );

    it('is not found as a user or organization', async () => {
      const { reason, message } = await failureOf(stage.resolve({ by: 'owner', owner: 'big-enterprise' }));
      expect([reason, message]).toEqual([
        'NotFound',
        'The App is not installed for big-enterprise on github.com; it is installed for acme, beta, octocat.',
      ]);
    });
  });

  it('without an account does not spoil the list, and is no choice', async () => {
    stage.peer.addInstallation({ appId: 12, account: 'ghost', id: 5, hidesAccount: true });
    expect(await stage.resolve({ by: 'first' })).toMatchObject({ id: 100 });
    expect(await failureOf(stage.resolve({ by: 'id', id: 5 }))).toMatchObject({
      reason: 'NotFound',
      message: 'Installation 5 of the App on github.com belongs to no organization or user.',
    });
    stage.peer.removeInstallation(5);
  });

  it('names ten of the accounts that it is for, and counts the others', async () => {
    const more = Array.from({ length: 12 }, (_, number) => ({
      id: 300 + number,
      account: `org-${number + 10}`,
    }));
    for (const { id, account } of more) stage.peer.addInstallation({ appId: 12, account, id });
    const { message } = await failureOf(stage.resolve({ by: 'owner', owner: 'acmee' }));
    expect(message).toBe(
      'The App is not installed for acmee on github.com; it is installed for acme, beta, octocat, org-10, org-11, org-12, org-13, org-14, org-15, org-16 and 5 more.',
    );
    for (const { id } of more) stage.peer.removeInstallation(id);
  });

  it('reaches a listed repository', async () => {
    const installation = await stage.resolve(
      { by: 'owner', owner: 'octocat' },
      { repositories: ['octocat/one'] },
    );
    expect(installation.id).toBe(101);
  });

  it.each(['octocat/two', 'acme/app'])(
    'does not reach %s, which is not one of its installations',
    async (repository) => {
      const error = await failureOf(
        stage.resolve({ by: 'owner', owner: 'octocat' }, { repositories: [repository] }),
      );
      expect(error).toMatchObject({ reason: 'RepositoryNotAccessible' });
      expect(error.message).toContain(repository);
    },
  );

  it('never mints a token, and its calls go to the API only', () => {
    expect(stage.world.internet.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(new Set(stage.world.internet.requests.map(({ host }) => host))).toEqual(
      new Set(['api.github.com']),
    );
  });
});
