import { beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { gitHubIntegration, waitForConnection } from './objects.ts';
import { ready, stalled } from './outcome.ts';
import { clientCredentials, useSuite } from './suite.ts';
import { heldByCodeMie, listen } from './traffic.ts';

/*
 * Addresses as people write them, and servers at them that the operator can't speak with. The operator's own proxy
 * setting has no scheme, as curl and Go take it: everything in this file goes through it.
 */

const suite = useSuite({ running: false });
let namespace: string;
beforeAll(async () => {
  const { operatorEnv, internet } = suite.world;
  const env = { ...operatorEnv, HTTPS_PROXY: internet.proxyUrl.replace('http://', '') };
  suite.operator = await suite.start({ env });
  namespace = await suite.team();
  await waitForConnection(suite.cluster, kinds.connection, `${namespace}/own`, { Ready: 'True/Ready' });
});

/** Stores a token and creates an integration of the same name with it. */
async function integrate(name: string, token: string, spec: Record<string, unknown> = {}): Promise<string> {
  const key = `${namespace}/${name}`;
  await suite.cluster.createSecret(key, { token });
  const auth = { token: { secretRef: { name } } };
  await suite.cluster.create(kinds.integration, gitHubIntegration(key, { auth, ...spec }));
  return key;
}

describe('a url that is not the root of the cloud', () => {
  it.each(['https://api.github.com', 'https://www.github.com', 'https://api.github.com/user'])(
    '%s is registered as CodeMie finds repositories by it',
    async (url) => {
      const { cluster, world } = suite;
      const token = suite.secret('ghp_');
      world.github.addToken({ token, login: 'octocat' });
      const key = await integrate(`api-${url.replaceAll(/\W+/g, '-')}`, token, { url });
      await cluster.waitForConditions(key, ready);
      expect(heldByCodeMie(world, key).values['url']).toBe('https://github.com');
    },
  );

  it('leads to the page of the cloud where the token is rejected', async () => {
    const heard = listen(suite.world);
    const key = await integrate('api-bad', suite.secret('ghp_'), { url: 'https://api.github.com' });
    const seen = await suite.cluster.waitForConditions(key, stalled('Unauthorized'));
    expect(seen.condition('Ready').message).toBe(
      'github.com rejected the token in Secret "api-bad" (key "token"). It is invalid, expired or revoked, and GitHub doesn\'t say which; create a new token at https://github.com/settings/tokens/new?description=CodeMie&scopes=repo,project and store it in that Secret.',
    );
    expect(new Set(heard())).toEqual(new Set(['GET api.github.com/user']));
  });

  it.each(['https://gitlab.com/acme', 'https://gitlab.com/acme/shop'])(
    '%s of a group or project on GitLab is validated at gitlab.com',
    async (url) => {
      const { cluster, world } = suite;
      const token = suite.secret('glpat-');
      world.gitlab.addToken({ token });
      const heard = listen(world);
      const key = await integrate(`group-${url.split('/').length}`, token, { provider: 'GitLab', url });
      await cluster.waitForConditions(key, ready);
      expect(heard()[0]).toBe('GET gitlab.com/api/v4/personal_access_tokens/self');
    },
  );
});

describe('a token that does not look like one', () => {
  it('is said to be unusual when it is rejected', async () => {
    const key = await integrate('unusual', suite.secret('GHP-'));
    const seen = await suite.cluster.waitForConditions(key, stalled('Unauthorized'));
    expect(seen.condition('Ready').message).toMatch(
      /^github\.com rejected the token in Secret "unusual" \(key "token"\)\. .*; check the stored value first, because it does not begin as GitHub's tokens do \(ghp_ or github_pat_\)\.$/,
    );
  });
});

describe('mutual TLS', () => {
  const says = (host: string) =>
    `${host} demands a client certificate (mutual TLS), which this operator can't present. Have the server, or the gateway before it, let the operator in without one, or give an address that needs none.`;

  it('in front of a provider requires action', async () => {
    const { cluster, world } = suite;
    world.internet.setFault('gitlab.com', { kind: 'clientCertificate' });
    const token = suite.secret('glpat-');
    world.gitlab.addToken({ token });
    const key = await integrate('mutual', token, { provider: 'GitLab' });
    const seen = await cluster.waitForConditions(key, {
      Ready: 'False/ClientCertificateRequired',
      Stalled: 'True/ClientCertificateRequired',
    });
    expect(seen.condition('Ready').message).toBe(says('gitlab.com'));
    world.internet.setFault('gitlab.com', undefined);
    await cluster.waitForConditions(key, ready);
  });

  it.each(['codemie.example.com', 'auth.example.com'])('in front of %s requires action', async (host) => {
    const { cluster, world } = suite;
    const name = `mutual-${host.split('.')[0]}`;
    await cluster.createSecret(`${namespace}/${name}`, { clientSecret: world.clientSecret });
    world.internet.setFault(host, { kind: 'clientCertificate' });
    await cluster.create(kinds.connection, {
      metadata: { name, namespace },
      spec: { url: world.codemie.url, auth: clientCredentials(world, name) },
    });
    const { message } = await waitForConnection(cluster, kinds.connection, `${namespace}/${name}`, {
      Ready: 'False/ClientCertificateRequired',
      Stalled: 'True/ClientCertificateRequired',
    });
    expect(message).toBe(says(host));
    world.internet.setFault(host, undefined);
  });
});

describe('a redirect of the token endpoint', () => {
  it.each([
    ['https://sso.example.com/adfs/ls/', ' to what looks like a sign-in page'],
    ['https://elsewhere.example.com/token', ' to another host'],
    ['http://auth.example.com/token', ' to plain http'],
  ])('to %s is named, and nothing is sent there', async (location, where) => {
    const { cluster, world } = suite;
    const name = `redirected${where.replaceAll(' ', '-')}`;
    await cluster.createSecret(`${namespace}/${name}`, { clientSecret: world.clientSecret });
    const refused = world.internet.refusedHosts.length;
    world.oidc.setFault({ kind: 'answer', status: 307, body: '', headers: { location } });
    await cluster.create(kinds.connection, {
      metadata: { name, namespace },
      spec: { url: world.codemie.url, auth: clientCredentials(world, name) },
    });
    const { message } = await waitForConnection(cluster, kinds.connection, `${namespace}/${name}`, {
      Ready: 'False/NotCodeMie',
    });
    expect(message).toContain(`auth.example.com answered with a redirect${where}, which is not followed.`);
    expect(world.internet.refusedHosts.slice(refused)).toEqual([]);
    world.oidc.setFault(undefined);
  });
});
