import { describe, expect, it } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { useSuite } from './suite.ts';

const suite = useSuite();

describe('a GitHub token', () => {
  it('becomes an integration of CodeMie, and goes with its object', async () => {
    const { cluster, world } = suite;
    const namespace = await suite.team();
    const token = suite.secret('ghp_');
    world.github.addToken({ token, login: 'octocat' });
    await cluster.createSecret(`${namespace}/token`, { token: `${token}\n` });
    await cluster.create(kinds.integration, {
      metadata: { name: 'acme', namespace },
      spec: {
        connectionRef: { kind: 'CodeMieConnection', name: 'own' },
        provider: 'GitHub',
        project: 'demo',
        auth: { token: { secretRef: { name: 'token' } } },
      },
    });
    const seen = await cluster.waitForConditions(`${namespace}/acme`, {
      Ready: 'True/Ready',
      CredentialsResolved: 'True/Resolved',
      CredentialsValid: 'True/Valid',
      PermissionsSufficient: 'True/Sufficient',
      Registered: 'True/Registered',
    });
    expect(seen.status.credential).toMatchObject({ kind: 'ClassicPersonalAccessToken', account: 'octocat' });
    const [row, ...others] = world.codemie.rows();
    expect(others).toEqual([]);
    expect(seen.status.registration).toMatchObject({ id: row?.id, project: 'demo', alias: 'acme' });

    await cluster.delete(kinds.integration, `${namespace}/acme`);
    await cluster.waitForGone(kinds.integration, `${namespace}/acme`);
    expect(world.codemie.rows()).toEqual([]);
  });
});
