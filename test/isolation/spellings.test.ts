import { get } from 'node:http';
import { expect, it } from 'vitest';
import { parseConnectionStatus } from '../../src/api/v1alpha1/connection-status.ts';
import { kinds } from '../harness/cluster.ts';
import { operatorClientId } from '../harness/world.ts';
import { useStage } from './use-stage.ts';

const stage = useStage();

it.each(['https://ｇithub.com', 'https://github.com.', 'https://GITHUB.com:443'])(
  'CodeMie gets the host that %s stands for',
  async (url) => {
    const team = await stage.tenant('host');
    await team.storeToken();
    const alias = team.namespace;
    await team.integrate('own', { url, alias });
    await stage.cluster.waitForConditions(`${team.namespace}/own`, { Ready: 'True' });
    const row = stage.world.codemie.rows().find((each) => each.alias === alias);
    expect(JSON.stringify(row)).toContain('"https://github.com"');
  },
);

it.each(['https://gіthub.com', 'https://0x7f.1', 'https://2130706433', 'https://[::1]'])(
  'no credential goes to %s, which is not allowed',
  async (url) => {
    const team = await stage.tenant('host');
    await team.storeToken();
    await team.integrate('own', { url, alias: team.namespace });
    await stage.cluster.waitForConditions(`${team.namespace}/own`, {
      Ready: 'False/HostNotAllowed',
    });
    expect(stage.world.codemie.rows().filter(({ alias }) => alias === team.namespace)).toEqual([]);
  },
);

it('a connection by an address of IPv6 is called, not refused', async () => {
  const name = `ipv6-${stage.system}`;
  const auth = {
    clientCredentials: {
      tokenURL: stage.world.oidc.tokenUrl,
      clientID: operatorClientId,
      clientSecretRef: { name: 'login' },
    },
  };
  await stage.cluster.create(kinds.clusterConnection, {
    metadata: { name },
    spec: { url: 'https://[::1]:8443/api', auth },
  });
  try {
    const reason = await stage.cluster.waitFor('a status', async () => {
      const object = await stage.cluster.get(kinds.clusterConnection, name);
      return parseConnectionStatus(object?.['status']).conditions?.find(({ type }) => type === 'Ready')
        ?.reason;
    });
    expect(reason).not.toBe('HostNotAllowed');
  } finally {
    await stage.cluster.delete(kinds.clusterConnection, name);
  }
});

it('more scopes than a status holds are cut', async () => {
  const team = await stage.tenant('scopes');
  const token = stage.secret('ghp_');
  const scopes = ['repo', 'project', ...Array.from({ length: 300 }, (_, index) => `s${index}`)];
  stage.world.github.addToken({ token, login: 'octocat', scopes });
  await team.create(kinds.secret, 'token', { stringData: { token } });
  await team.integrate('own', { alias: team.namespace });
  const { status } = await stage.cluster.waitForConditions(`${team.namespace}/own`, { Ready: 'True' });
  expect(status.credential?.scopes).toHaveLength(200);
});

it('SIGUSR1 opens no inspector', async () => {
  process.kill(stage.operator.pid, 'SIGUSR1');
  const team = await stage.tenant('after');
  await team.storeToken();
  await team.integrate('own', { alias: team.namespace });
  await stage.cluster.waitForConditions(`${team.namespace}/own`, { Ready: 'True' });
  const answered = await new Promise<boolean>((resolve) => {
    get('http://127.0.0.1:9229/json', () => resolve(true)).on('error', () => resolve(false));
  });
  expect(answered).toBe(false);
  expect(stage.operator.output()).not.toContain('Debugger listening');
});
