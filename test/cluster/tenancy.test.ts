import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import type { Peer } from '../harness/peers/peer.ts';
import {
  gitHubIntegration,
  makeClusterConnection,
  reconciled,
  rowsOf,
  storeGitHubToken,
  waitForConnection,
} from './objects.ts';
import { clientCredentials, useSuite } from './suite.ts';

/*
 * Tenants who try to break out: to read what belongs to others, to write where they must not, to send credentials or
 * the operator itself where no one allowed it, and to learn what others have. None succeeds.
 */

/** A server of the tenant, where what is stolen would arrive. */
const evil = peer('evil.example.com', (_, response) => response.end('{}'));
/** A Git host that the connection allows, and whose owner is not to be trusted. */
const shady = peer('git.example.com', (request, response) => {
  const away = request.url?.startsWith('/redirecting');
  response.writeHead(away ? 302 : 500, {
    'content-type': 'application/json',
    ...(away && { location: 'https://evil.example.com/steal' }),
  });
  response.end(JSON.stringify({ message: 'an answer that nobody is to read' }));
});
const suite = useSuite({ peers: [evil, shady], projects: ['demo', 'second'], running: false });
/** Listens where no tenant may send the operator. */
let inside: { server: Server; port: number; connections: number };

function peer(host: string, handler: Peer['handler']): Peer {
  return { name: host, hosts: [host], handler, requests: [], close: () => Promise.resolve() };
}

beforeAll(async () => {
  const server = createServer((socket) => {
    inside.connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('It does not listen on a port.');
  inside = { server, port: address.port, connections: 0 };
  // These are asked for directly, so that their addresses are looked up here and not by the proxy.
  const direct = { NO_PROXY: 'localhost,127.0.0.1,::1' };
  suite.operator = await suite.start({ env: { ...suite.world.operatorEnv, ...direct } });
});
afterAll(() => new Promise((resolve) => inside.server.close(resolve)));

const see = (key: string, wanted: Record<string, string>) => suite.cluster.waitForConditions(key, wanted);
const create = (key: string, spec?: Record<string, unknown>) =>
  suite.cluster.create(kinds.integration, gitHubIntegration(key, spec));

/** A namespace with a connection and a token. */
async function tenant(): Promise<string> {
  const namespace = await suite.team();
  await storeGitHubToken(suite, `${namespace}/token`);
  return namespace;
}

describe('another namespace’s Secret', () => {
  it('is not meant by a namespace in a reference', async () => {
    const [victim, attacker] = [await tenant(), await tenant()];
    await suite.cluster.createSecret(`${victim}/theirs`, { token: suite.secret('ghp_') });
    const secretRef = { name: 'theirs', namespace: victim };
    await create(`${attacker}/steal`, { auth: { token: { secretRef } } });
    const seen = await see(`${attacker}/steal`, { Ready: 'False/SecretNotFound' });
    expect(seen.condition('Ready').message).toContain(`does not exist in namespace "${attacker}".`);
    expect(JSON.stringify(seen.object['spec'])).not.toContain(victim);
  });

  it.each(['../theirs', 'victim/theirs', '..%2ftheirs', 'theirs?x=', 'theirs/..'])(
    'is not meant by the name %s',
    async (name) => {
      const auth = { token: { secretRef: { name } } };
      await expect(create('default/steal', { auth })).rejects.toThrow(
        '422 Invalid (spec.auth.token.secretRef.name)',
      );
    },
  );

  it('is not read for a connection: neither the operator’s for a tenant, nor a tenant’s for the cluster', async () => {
    const { cluster, world, system } = suite;
    const namespace = await cluster.createNamespace('team');
    await cluster.create(kinds.connection, {
      metadata: { name: 'own', namespace },
      // The operator's own Secret has that name.
      spec: { url: world.codemie.url, auth: clientCredentials(world, 'login') },
    });
    const own = await waitForConnection(cluster, kinds.connection, `${namespace}/own`, {
      Ready: 'False/SecretNotFound',
    });
    expect(own.message).toContain(`in namespace "${namespace}"`);

    await cluster.createSecret(`${namespace}/tenants`, { clientSecret: world.clientSecret });
    const name = await makeClusterConnection(suite, { auth: clientCredentials(world, 'tenants') });
    const shared = await waitForConnection(cluster, kinds.clusterConnection, name, {
      Ready: 'False/SecretNotFound',
    });
    expect(shared.message).toContain(`in namespace "${system}"`);
  });
});

describe('what a connection does not allow', () => {
  it('is refused with the same words, whether the project exists or not, and CodeMie is not asked', async () => {
    const { world } = suite;
    const namespace = await tenant();
    const name = await makeClusterConnection(suite, {
      consumers: [{ namespaces: [namespace], projects: ['demo'] }],
    });
    const said = await Promise.all(
      ['second', 'nowhere'].map(async (project) => {
        const key = `${namespace}/${project}`;
        await create(key, { project, connectionRef: { name } });
        const seen = await see(key, { Ready: 'False/ProjectNotAllowed' });
        return seen.condition('Ready').message.replaceAll(project, '<project>');
      }),
    );
    expect(said[0]).toBe(said[1]);
    expect(
      world.codemie.requests.map(({ path }) => path).filter((path) => /second|nowhere/.test(path)),
    ).toEqual([]);
    expect(world.codemie.rows().filter((row) => row.project_name !== 'demo')).toEqual([]);
  });
});

describe('a name that another tenant has', () => {
  it('stays with the other, whose name is not revealed', async () => {
    const { cluster, world } = suite;
    const [victim, attacker] = [await tenant(), await tenant()];
    const name = await makeClusterConnection(suite, {
      consumers: [{ namespaces: [victim, attacker], projects: ['demo'] }],
    });
    const spec = { connectionRef: { name }, alias: `alias of ${name}` };
    await create(`${victim}/theirs`, spec);
    await see(`${victim}/theirs`, { Ready: 'True/Ready' });
    const before = structuredClone(rowsOf(world, `${victim}/theirs`));
    for (const adoptionPolicy of ['Never', 'IfUnowned', 'Always']) {
      const key = `${attacker}/${adoptionPolicy.toLowerCase()}`;
      await create(key, { ...spec, adoptionPolicy });
      await see(key, { Ready: 'False/AliasConflict' });
    }
    // Their own connection leads to the same server.
    await create(`${attacker}/past`, { alias: spec.alias, adoptionPolicy: 'Always' });
    await see(`${attacker}/past`, { Ready: 'False/AliasConflict' });
    await reconciled(cluster, `${victim}/theirs`, { Ready: 'True/Ready' });
    expect(rowsOf(world, `${victim}/theirs`)).toEqual(before);
    const told = [
      ...(await cluster.list(kinds.event, attacker)),
      ...(await cluster.list(kinds.integration, attacker)),
    ];
    expect(JSON.stringify(told)).not.toContain(victim);
    expect(JSON.stringify(told)).not.toContain('theirs');
  });

  it('is not kept from them by a forged mark in another project', async () => {
    const { cluster, world, system } = suite;
    const victim = await tenant();
    const key = `${victim}/acme`;
    const user = world.codemie.addUser({ username: `attacker of ${victim}`, projectAdminOf: ['second'] });
    const values = { url: 'https://github.com', managed_by: `codemie-git-operator/${system}/${key}` };
    const forged = world.codemie.seed({ project: 'second', alias: 'x', values, user });
    await create(key);
    await see(key, { Ready: 'True/Ready' });
    await cluster.delete(kinds.integration, key);
    await cluster.waitForGone(kinds.integration, key);
    expect(rowsOf(world, key)).toEqual([forged]);
    world.codemie.remove(forged.id);
  });
});

/** Ways to write loopback, link-local, private and metadata addresses. */
const insideHosts = (port: number): string[] => [
  `https://127.0.0.1:${port}`,
  `https://localhost:${port}`,
  `https://127.1:${port}`,
  `https://2130706433:${port}`,
  `https://0x7f000001:${port}`,
  `https://0177.0.0.1:${port}`,
  `https://0.0.0.0:${port}`,
  `https://[::1]:${port}`,
  `https://[::ffff:127.0.0.1]:${port}`,
  `https://[::ffff:7f00:1]:${port}`,
  `https://[64:ff9b::7f00:1]:${port}`,
  'https://169.254.169.254',
  'https://[fd00:ec2::254]',
  'https://[fe80::1]',
  'https://10.0.0.1',
  'https://192.168.1.1',
  'https://100.64.0.1',
];

describe('a connection of a tenant', () => {
  it('reaches nothing inside, whatever way it is written and whatever it allows itself', async () => {
    const { cluster, world } = suite;
    const namespace = await cluster.createNamespace('team');
    await cluster.createSecret(`${namespace}/login`, { clientSecret: world.clientSecret });
    const { clientCredentials: right } = clientCredentials(world, 'login');
    const specs = insideHosts(inside.port).flatMap((url) => [
      { url, auth: { clientCredentials: right } },
      { url: url.replace('https', 'http'), insecure: true, auth: { clientCredentials: right } },
      { url: world.codemie.url, auth: { clientCredentials: { ...right, tokenURL: `${url}/token` } } },
    ]);
    const refused = await Promise.all(
      specs.map(async (spec, number) => {
        const made = await cluster
          .create(kinds.connection, {
            metadata: { name: `inside-${number}`, namespace },
            spec: { allowPrivateNetworks: true, ...spec },
          })
          .then(
            () => true,
            () => false,
          );
        if (!made) return 'refused by the API server';
        const seen = await waitForConnection(cluster, kinds.connection, `${namespace}/inside-${number}`, {
          Ready: 'False/HostNotAllowed',
        });
        return seen.message;
      }),
    );
    expect(refused).toHaveLength(specs.length);
    expect(inside.connections).toBe(0);
    expect(world.internet.refusedHosts).toEqual([]);
  });
});

describe('a Git credential', () => {
  it('goes to no host that the connection does not allow', async () => {
    const { world } = suite;
    const namespace = await tenant();
    const ways = [
      { url: 'https://evil.example.com' },
      { url: 'https://EVIL.example.com' },
      { url: 'https://evil.example.com:8443' },
      { url: 'https://github.com.evil.example.com' },
      { url: 'https://evilgithub.com' },
      { url: 'https://github.com@evil.example.com' },
      { url: 'https://github.com\\@evil.example.com' },
      { url: 'https://gіthub.com' },
      { apiURL: 'https://evil.example.com' },
      { apiURL: 'https://api.github.com.evil.example.com' },
      { url: 'https://github.com', apiURL: 'https://evil.example.com/api/v3' },
      { url: `https://localhost:${inside.port}` },
      { url: 'https://169.254.169.254' },
    ];
    const ends = await Promise.all(
      ways.map(async (way, number) => {
        const key = `${namespace}/way-${number}`;
        const made = await create(key, way).then(
          () => true,
          () => false,
        );
        if (made) await see(key, { Ready: 'False/HostNotAllowed', CredentialsValid: 'False/HostNotAllowed' });
        return made;
      }),
    );
    expect(ends).toHaveLength(ways.length);
    expect(evil.requests).toEqual([]);
    expect(world.internet.refusedHosts).toEqual([]);
    expect(inside.connections).toBe(0);
  });

  it('follows no redirect, and no answer of the host is repeated', async () => {
    const { cluster, world } = suite;
    const namespace = await tenant();
    await cluster.create(kinds.connection, {
      metadata: { name: 'shady', namespace },
      spec: {
        url: world.codemie.url,
        auth: clientCredentials(world, 'login'),
        providerHosts: ['git.example.com'],
      },
    });
    const connectionRef = { kind: 'CodeMieConnection', name: 'shady' };
    for (const path of ['redirecting', 'failing']) {
      const key = `${namespace}/${path}`;
      await create(key, {
        connectionRef,
        url: 'https://git.example.com',
        apiURL: `https://git.example.com/${path}`,
      });
      const seen = await cluster.waitFor(`${key} to be looked at`, async () => {
        const now = await see(key, {});
        return now.conditions.some(({ type }) => type === 'CredentialsValid') && now;
      });
      expect(seen.condition('Ready').status).not.toBe('True');
      expect(JSON.stringify(seen.object)).not.toContain('nobody is to read');
    }
    expect(shady.requests.length).toBeGreaterThan(0);
    expect(evil.requests).toEqual([]);
    expect(suite.operator.output()).not.toContain('nobody is to read');
  });
});
