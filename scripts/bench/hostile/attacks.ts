import { rootCertificates } from 'node:tls';
import { RECONCILE_REQUESTED_ANNOTATION } from '../../../src/api/group.ts';
import { KubeStatusError } from '../../../src/kube/errors.ts';
import { kinds } from '../../../test/harness/cluster.ts';
import { consistentKey, pem, pkcs1Der, withExponent } from '../../../test/harness/hostile/rsa-key.ts';
import { inParallel } from '../../../test/harness/parallel.ts';
import type { CodeMiePeer } from '../../../test/harness/peers/codemie/codemie-peer.ts';
import { createCodeMiePeer } from '../../../test/harness/peers/codemie/codemie-peer.ts';
import type { Peer } from '../../../test/harness/peers/peer.ts';
import { createHostileCodeMie, hostileUrl } from '../../../test/isolation/hostile-codemie.ts';
import { type Stage, sharedProject, type Tenant } from '../../../test/isolation/stage.ts';

/** Something that one team does to all others. */
export interface Attack {
  name: string;
  /** Servers of the attacker. */
  peers?: (own: CodeMiePeer) => Peer[];
  /** Puts everything in place with the attacker's rights. */
  begin(team: Tenant, stage: Stage): Promise<unknown>;
  /** Restarts the operator before the others are measured: what harms is met at the start. */
  restart?: true;
}

/** Calls to the API server at the same time. */
const writers = 8;

const many = (count: number, write: (index: number) => Promise<unknown>): Promise<void> =>
  inParallel(0, count, write, writers);

const secretRef = (name: string, key?: string) => ({ name, ...(key !== undefined && { key }) });

/** A CodeMie of the attacker that a connection of theirs signs in to, and whose listing is answered by `listing`. */
function ownCodeMie(own: CodeMiePeer, listing: Peer['handler']): Peer {
  return {
    name: own.name,
    hosts: own.hosts,
    requests: [],
    handler(request, response) {
      if (request.url?.includes('/v1/settings')) listing(request, response);
      else own.handler(request, response);
    },
    close: () => Promise.resolve(),
  };
}

/** The host of the attacker's CodeMie. */
const attackersHost = 'codemie.evil.example.com';

/** A CodeMie that knows one token. */
export function attackersCodeMie(token: string): CodeMiePeer {
  const own = createCodeMiePeer({ host: attackersHost });
  own.addProject(sharedProject);
  own.addToken(token, own.addUser({ username: 'mallory', projectAdminOf: [sharedProject] }));
  return own;
}

/** The token of {@link attackersCodeMie}. */
export const attackersToken = 'attackers-own-token';

async function connect(team: Tenant, spec: Record<string, unknown> = {}): Promise<void> {
  await team.create(kinds.secret, 'codemie', { stringData: { token: attackersToken } });
  await team.create(kinds.connection, 'own', {
    spec: {
      url: `https://${attackersHost}/code-assistant-api`,
      auth: { token: { secretRef: secretRef('codemie') } },
      ...spec,
    },
  });
}

const through = { connectionRef: { kind: 'CodeMieConnection', name: 'own' } };

/** Some 135 KB of real roots, in an order that is another for each number, so that no two are the same trust. */
function bundle(index: number): string {
  const turned = rootCertificates.map((_, at) => rootCertificates[(at + index) % rootCertificates.length]);
  return turned
    .join('\n')
    .slice(0, 135_000)
    .replace(/-----BEGIN CERTIFICATE-----[^-]*$/, '');
}

/** The attacks, in the order of docs/tenancy.md. */
export const attacks: readonly Attack[] = [
  {
    name: 'a private key with an exponent of 131,072 bits',
    async begin(team) {
      const key = pkcs1Der(withExponent(consistentKey(2_048), 131_072));
      await team.create(kinds.secret, 'app', { stringData: { privateKey: pem('RSA PRIVATE KEY', key) } });
      const githubApp = { appID: 1, privateKeySecretRef: secretRef('app') };
      await many(8, (index) =>
        team.integrate(`app-${index}`, { alias: `app-${index}`, auth: { githubApp } }),
      );
    },
  },
  {
    name: 'a connection whose URL is a pattern of 60 stars',
    async begin(team) {
      await team.create(kinds.secret, 'codemie', { stringData: { token: attackersToken } });
      const url = `https://${'*a'.repeat(60)}b.example.com/api`;
      await team
        .create(kinds.connection, 'own', {
          spec: { url, auth: { token: { secretRef: secretRef('codemie') } } },
        })
        // The CRD does not let it in any more: that this costs the others nothing is measured all the same.
        .catch((error: unknown) => {
          if (!(error instanceof KubeStatusError && error.code === 422)) throw error;
        });
    },
  },
  {
    name: 'a bundle of 37,925 begun certificates',
    async begin(team) {
      await team.storeToken();
      await team.create(kinds.configMap, 'ca', {
        data: { 'ca.crt': '-----BEGIN CERTIFICATE-----\n'.repeat(37_000) },
      });
      await team.integrate('ca', { tls: { caRef: { name: 'ca' } } });
    },
  },
  {
    name: 'a listing of 120 MiB, compressed',
    peers: () => [createHostileCodeMie()],
    async begin(team) {
      await team.storeToken();
      await connect(team, { url: hostileUrl('bomb') });
      await many(4, (index) => team.integrate(`big-${index}`, { ...through, alias: `big-${index}` }));
    },
  },
  {
    name: 'a CodeMie that never answers, 12 integrations',
    peers: (own) => [ownCodeMie(own, () => {})],
    async begin(team) {
      await team.storeToken();
      await connect(team, { limits: { concurrency: 64, requestsPerSecond: 100 } });
      await many(12, (index) => team.integrate(`silent-${index}`, { ...through, alias: `silent-${index}` }));
    },
  },
  {
    name: 'a Git host that stays silent on 60 ports',
    peers: () =>
      ports.map((port) => ({
        name: `github.com:${port}`,
        hosts: [`github.com:${port}`],
        requests: [],
        handler: () => {},
        close: () => Promise.resolve(),
      })),
    async begin(team) {
      await team.storeToken();
      await many(ports.length, (index) =>
        team.integrate(`port-${index}`, {
          alias: `port-${index}`,
          apiURL: `https://github.com:${ports[index]}/api`,
        }),
      );
    },
  },
  {
    name: '1,000 integrations at once',
    async begin(team) {
      await team.storeToken();
      await many(1_000, (index) => team.integrate(`many-${index}`, { alias: `many-${index}` }));
    },
  },
  {
    name: '1,000 integrations, each asked for again three times',
    async begin(team, { cluster }) {
      await team.storeToken();
      await many(1_000, (index) => team.integrate(`asked-${index}`, { alias: `asked-${index}` }));
      await cluster.waitForConditions(`${team.namespace}/asked-999`, { Ready: 'True' }).catch(() => {});
      for (const round of ['1', '2', '3'])
        await many(1_000, (index) =>
          team.patch(kinds.integration, `asked-${index}`, [
            { op: 'add', path: '/metadata/annotations', value: { [RECONCILE_REQUESTED_ANNOTATION]: round } },
          ]),
        );
    },
  },
  {
    name: '600 ConfigMaps with an annotation of 255 KiB',
    restart: true,
    begin: (team) =>
      many(600, (index) =>
        team.create(kinds.configMap, `large-${index}`, {
          metadata: { annotations: { 'example.com/large': 'x'.repeat(255 * 1_024) } },
        }),
      ),
  },
  {
    name: '182 integrations with 26 bundles of 135 KB',
    async begin(team) {
      await team.storeToken();
      await many(26, (index) =>
        team.create(kinds.configMap, `ca-${index}`, {
          data: Object.fromEntries(
            Array.from({ length: 7 }, (_, part) => [`ca-${part}.crt`, bundle(index * 7 + part)]),
          ),
        }),
      );
      await many(182, (index) =>
        team.integrate(`trust-${index}`, {
          alias: `trust-${index}`,
          tls: { caRef: { name: `ca-${Math.floor(index / 7)}`, key: `ca-${index % 7}.crt` } },
        }),
      );
    },
  },
];

/** Without a listener. */
const ports = Array.from({ length: 60 }, (_, index) => 1_001 + index);
