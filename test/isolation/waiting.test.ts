import type { RequestListener, ServerResponse } from 'node:http';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RECONCILE_REQUESTED_ANNOTATION } from '../../src/api/group.ts';
import { kinds } from '../harness/cluster.ts';
import { deadline } from '../harness/pace.ts';
import { inParallel } from '../harness/parallel.ts';
import type { Peer } from '../harness/peers/peer.ts';
import { scaled } from '../harness/scale.ts';
import type { Tenant } from './stage.ts';
import { expectUnharmed, underAttack, useStage } from './use-stage.ts';

/** Attacks on the time of others: a team whose servers hang, or that has or asks for very much. */

/** What is open at the attacker's servers, for the end. */
const open = new Set<ServerResponse>();

/** A server of the attacker's. */
function evil(hosts: readonly string[], handler: RequestListener): Peer {
  return {
    name: hosts[0] ?? 'evil',
    hosts,
    requests: [],
    handler: (request, response) => {
      open.add(response);
      response.on('close', () => open.delete(response));
      request.resume();
      handler(request, response);
    },
    close: async () => {
      for (const response of open) response.destroy();
    },
  };
}

const never: RequestListener = () => {};
/** Sends a byte now and then, so that the server is never silent. */
const drip =
  (start: (response: ServerResponse) => void): RequestListener =>
  (_request, response) => {
    start(response);
    const timer = setInterval(() => response.socket?.write(' '), 500);
    response.on('close', () => clearInterval(timer));
  };
const slowHeaders = drip((response) => void response.socket?.write('HTTP/1.1 200 OK\r\nX-Slow:'));
const slowBody = drip((response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100000' });
  response.write('{');
});

/** A CodeMie that knows its login, and answers nothing else. */
const barelyCodeMie: RequestListener = (request, response) => {
  const json = (body: object): void => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  if (request.url?.endsWith('/v1/info')) json({ version: '1.0.0' });
  else if (request.url?.endsWith('/v1/user'))
    json({
      user_id: 'evil',
      username: 'evil',
      name: 'evil',
      is_admin: true,
      applications: [],
      applications_admin: [],
    });
};

const ports = Array.from({ length: 60 }, (_, index) => 1001 + index);
const servers = {
  ports: ports.map((port) => `github.com:${port}`),
  subDomains: Array.from({ length: 40 }, (_, index) => `h${index}.evil.example`),
  hosts: Array.from({ length: 40 }, (_, index) => `git.evil-${index}.example`),
  slowHeaders: Array.from({ length: 12 }, (_, index) => `headers-${index}.example`),
  slowBodies: Array.from({ length: 12 }, (_, index) => `bodies-${index}.example`),
};
const stage = useStage({
  peers: [
    evil([...servers.ports, ...servers.subDomains, ...servers.hosts, 'auth.evil.example'], never),
    evil(['codemie.evil.example'], barelyCodeMie),
    evil(servers.slowHeaders, slowHeaders),
    evil(servers.slowBodies, slowBody),
  ],
});

let team: Tenant;
let attacks = 0;
beforeAll(async () => {
  team = await stage.tenant('evil');
  await team.storeToken();
});

/** As many `kubectl` at a time. More would measure how fair the API server is, which is not what this is about. */
const sessions = 4;

const greedy = { concurrency: 64, requestsPerSecond: 100 };

/** A connection of the attacker's, by which its integrations reach what it names. */
async function connect(spec: Record<string, unknown>): Promise<string> {
  const name = `own-${(attacks += 1)}`;
  await team.create(kinds.connection, name, {
    spec: {
      url: 'https://codemie.evil.example',
      auth: { token: { secretRef: { name: 'token' } } },
      limits: greedy,
      ...spec,
    },
  });
  return name;
}

/** Creates integrations that use a server each, with its own token each, so that nothing is shared. */
async function integrateAll(connection: string, hosts: readonly string[]): Promise<void> {
  const prefix = `a${(attacks += 1)}`;
  await Promise.all(
    hosts.map(async (host, index) => {
      const name = `${prefix}-${index}`;
      await team.create(kinds.secret, name, { stringData: { token: stage.secret('ghp_') } });
      await team.integrate(name, {
        alias: name,
        apiURL: `https://${host}/api/v3`,
        connectionRef: { kind: 'CodeMieConnection', name: connection },
        auth: { token: { secretRef: { name } } },
      });
    }),
  );
}

/** Takes the attacker's integrations away, so that the next attack begins at rest. */
async function calmDown(): Promise<void> {
  const signal = deadline(60_000);
  const { items } = await team.client.list(kinds.integration, { namespace: team.namespace, signal });
  await inParallel(
    0,
    items.length,
    async (index) => {
      const name = items[index]?.metadata.name ?? '';
      const finalizers = [{ op: 'add', path: '/metadata/finalizers', value: [] } as const];
      await team.patch(kinds.integration, name, finalizers).catch(() => {});
      await team.delete(kinds.integration, name).catch(() => {});
    },
    sessions,
  );
}

afterEach(calmDown);

describe('a bystander does not wait for', () => {
  it.each([
    { name: 'ports of github.com', hosts: servers.ports, providerHosts: servers.ports },
    { name: 'many sub-domains', hosts: servers.subDomains, providerHosts: ['*.evil.example'] },
    { name: 'many hosts', hosts: servers.hosts, providerHosts: ['git.evil-*.example'] },
    { name: 'headers that come byte by byte', hosts: servers.slowHeaders, providerHosts: ['headers-*'] },
    { name: 'bodies that come byte by byte', hosts: servers.slowBodies, providerHosts: ['bodies-*'] },
  ])('$name, which never answer', async ({ hosts, providerHosts }) => {
    const report = await underAttack(stage, async () => {
      await integrateAll(await connect({ providerHosts: ['github.com', ...providerHosts] }), hosts);
    });
    expect(report.healthy).toBeGreaterThan(0);
    expectUnharmed(stage, report);
  });

  it('a CodeMie that never lists, with all the limits that a connection may have', async () => {
    const report = await underAttack(stage, async () => {
      const connectionRef = { kind: 'CodeMieConnection', name: await connect({}) };
      await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          team.integrate(`unlisted-${index}`, { alias: `unlisted-${index}`, connectionRef }),
        ),
      );
    });
    expect(report.healthy).toBeGreaterThan(0);
    expectUnharmed(stage, report);
  });

  it('identity providers that never answer', async () => {
    await team.create(kinds.secret, 'login', { stringData: { clientSecret: stage.secret('secret') } });
    const report = await underAttack(stage, async () => {
      for (let index = 0; index < 20; index += 1) {
        const clientCredentials = {
          tokenURL: `https://auth.evil.example/${index}/token`,
          clientID: 'evil',
          clientSecretRef: { name: 'login' },
        };
        const connectionRef = {
          kind: 'CodeMieConnection',
          name: await connect({ auth: { clientCredentials } }),
        };
        await team.integrate(`locked-out-${index}`, { alias: `locked-out-${index}`, connectionRef });
      }
    });
    expect(report.healthy).toBeGreaterThan(0);
    expectUnharmed(stage, report);
  });

  it('hundreds of integrations that are created at once, and then all asked for again and again', async () => {
    const names = Array.from({ length: scaled(400) }, (_, index) => `many-${index}`);
    const created = await underAttack(stage, () =>
      inParallel(
        0,
        names.length,
        (index) => team.integrate(names[index] ?? '', { alias: names[index] }),
        sessions,
      ),
    );
    expect(created.healthy).toBeGreaterThan(0);
    expectUnharmed(stage, created);
    const asked = await underAttack(stage, async () => {
      for (let round = 0; round < 3; round += 1) {
        const value = { [RECONCILE_REQUESTED_ANNOTATION]: `round ${round}` };
        const annotate = [{ op: 'add', path: '/metadata/annotations', value } as const];
        await inParallel(
          0,
          names.length,
          (index) => team.patch(kinds.integration, names[index] ?? '', annotate),
          sessions,
        );
      }
    });
    expect(asked.healthy).toBeGreaterThan(0);
    expectUnharmed(stage, asked);
  });
});
