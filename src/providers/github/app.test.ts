import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGitHub } from '../../../test/harness/peers/github/github.ts';
import type { ProviderError } from '../provider.ts';
import { type AppStage, allPermissions, openAppStage } from '../testing/app-stage.ts';
import { newKey } from '../testing/github.ts';
import { failureOf, openWorld } from '../testing/world.ts';
import { github } from './github.ts';

let stage: AppStage;
beforeAll(async () => {
  stage = await openAppStage();
});
beforeEach(() => stage.reset());
afterAll(() => stage.world.close());

describe('a GitHub App', () => {
  it('is known by one call and its own token', async () => {
    expect(await stage.validate()).toEqual({
      kind: 'GitHubApp',
      account: 'my-app[bot]',
      permissions: 'Sufficient',
      missing: [],
      app: { slug: 'my-app', owner: 'acme', permissions: allPermissions },
    });
    expect(stage.peer.requests.map(({ path }) => path)).toEqual(['/app']);
  });

  it('may come with a key in PKCS#8', async () => {
    const key = newKey('pkcs8');
    stage.peer.setAppKey(12, key);
    await expect(stage.validate({ ...stage.app, privateKey: key })).resolves.toMatchObject({
      kind: 'GitHubApp',
    });
  });

  it.each([
    { name: '14 minutes behind', skewMs: -14 * 60_000 },
    { name: '14 minutes ahead', skewMs: 14 * 60_000 },
  ])(
    'is known with a clock that is $name, at the cost of one call, and the skew is reported',
    async ({ skewMs }) => {
      const { kind, clockSkewMs = 0 } = await stage.validate(stage.app, { now: () => Date.now() + skewMs });
      expect(kind).toBe('GitHubApp');
      // In minutes, because Date has whole seconds only.
      expect(Math.round(clockSkewMs / 60_000)).toBe(-skewMs / 60_000);
      expect(stage.peer.requests.map(({ path }) => path)).toEqual(['/app', '/app']);
    },
  );

  it('that asks for too little names what is missing as the page does, and where to add it', async () => {
    stage.peer.setAppPermissions(12, { contents: 'read', metadata: 'read' });
    expect(await stage.validate()).toMatchObject({
      permissions: 'Missing',
      missing: ['Contents: Read and write', 'Pull requests: Read and write'],
      remedy: { action: expect.stringContaining('Add them'), page: expect.stringMatching(/^https:/) },
    });
  });

  const failures: {
    name: string;
    change?: Partial<AppStage['app']>;
    arrange?: () => void;
    error: Partial<ProviderError>;
  }[] = [
    {
      name: 'the key is of another App',
      change: { privateKey: newKey() },
      error: { reason: 'KeyAppMismatch', disposition: 'needsPerson' },
    },
    {
      name: 'there is no such App',
      change: { appId: '99' },
      error: { reason: 'KeyAppMismatch', hint: expect.stringContaining('App ID') },
    },
    {
      name: 'the App has no key at all',
      arrange: () => stage.peer.setAppKey(12, undefined),
      error: { reason: 'KeyAppMismatch' },
    },
  ];

  it.each(failures)('fails when $name', async ({ change, arrange, error }) => {
    arrange?.();
    expect(await failureOf(stage.validate({ ...stage.app, ...change }))).toMatchObject(error);
  });
});

describe('a GitHub Enterprise Server', () => {
  it('is asked under /api/v3 and nothing goes to api.github.com', async () => {
    const server = createGitHub({ host: 'github.example.com', enterpriseServer: { version: '3.19.1' } });
    const { app } = stage;
    server.addApp({ id: 12, privateKey: app.privateKey, slug: 'on-premises' });
    server.addInstallation({ appId: 12, account: 'acme', id: 7 });
    const ours = await openWorld([server, createGitHub()]);
    const target = ours.target(github, 'https://github.example.com');
    const report = await github.validate(app, target);
    const installation = await github.resolveInstallation?.(app, { by: 'first' }, target, report);
    await ours.close();
    expect(installation).toMatchObject({ id: 7, account: 'acme' });
    expect(ours.internet.requests.map(({ host, path }) => `${host}${path}`)).toEqual([
      'github.example.com/api/v3/app',
      'github.example.com/api/v3/app/installations',
    ]);
    expect(ours.internet.refusedHosts).toEqual([]);
  });
});
