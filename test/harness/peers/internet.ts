import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificate } from '../pki/certificate-authority.ts';
import { peerCertificates } from './certificates.ts';
import { type CertificateProblem, type ConnectionFault, oldProtocol, relay } from './connection-fault.ts';
import type { Peer } from './peer.ts';
import { type RequestRecord, recordRequests } from './request-log.ts';

/**
 * The Internet in a box: public names, real TLS, local servers. A process that has `HTTPS_PROXY` set to
 * `proxyUrl` and trusts `caFile` meets the peers under their real names and reaches nothing else.
 */
export interface Internet {
  /** An HTTP proxy that knows CONNECT and only the peers' hosts: `http://127.0.0.1:…`. */
  readonly proxyUrl: string;
  /** The root all peers' certificates come from, PEM. */
  readonly ca: string;
  /** A file that holds `ca`, removed by `close`. */
  readonly caFile: string;
  /** Every request to every peer, oldest first. */
  readonly requests: readonly RequestRecord[];
  /** Hosts someone asked the proxy for and no peer answers to, `host` or `host:port` where the port isn't 443. */
  readonly refusedHosts: readonly string[];
  /**
   * Where a host listens, for a client without the proxy. Its certificate is good for `127.0.0.1` too. Throws for an
   * unknown host.
   */
  addressOf(host: string): { readonly host: '127.0.0.1'; readonly port: number };
  /**
   * Breaks the way to a host for new connections, or restores it (undefined). Open connections of the host are cut.
   * Throws for an unknown host.
   */
  setFault(host: string, fault: ConnectionFault | undefined): void;
  /** Makes the way to every host sound again. Leaves alone the connections of hosts that had no fault. */
  clearFaults(): void;
  /** Stops listening, cuts every connection, closes the peers. */
  close(): Promise<void>;
}

export interface InternetOptions {
  readonly peers: readonly Peer[];
  /** One line per answered request: method, host, path, status. Never a query, a header or a body. */
  readonly log?: (line: string) => void;
}

/** Starts the peers' servers and the proxy, all on 127.0.0.1 and free ports. */
export async function startInternet(options: InternetOptions): Promise<Internet> {
  const certificates = await peerCertificates();
  const allNames = new Set(options.peers.flatMap((peer) => peer.hosts.flatMap(namesOf)));
  const faulty = await certificates.faulty([...allNames]);
  const requests: RequestRecord[] = [];
  const refusedHosts: string[] = [];
  const sites = new Map<string, Site>();
  for (const peer of options.peers) {
    for (const host of peer.hosts) {
      const good = peer.certificate ?? (await certificates.good(namesOf(host)));
      sites.set(host, await startSite(host, peer, { good, faulty, requests, log: options.log }));
    }
  }
  const proxy = await startProxy(sites, (host) => refusedHosts.push(host));
  const folder = await mkdtemp(join(tmpdir(), 'internet-'));
  const caFile = join(folder, 'ca.crt');
  await writeFile(caFile, certificates.ca);

  function siteOf(host: string): Site {
    const site = sites.get(host);
    if (site === undefined) {
      throw new Error(`No peer answers to ${host}.`);
    }
    return site;
  }

  return {
    proxyUrl: `http://127.0.0.1:${proxy.port}`,
    ca: certificates.ca,
    caFile,
    requests,
    refusedHosts,
    addressOf: (host) => ({ host: '127.0.0.1', port: siteOf(host).port }),
    setFault: (host, fault) => siteOf(host).setFault(fault),
    clearFaults() {
      for (const site of sites.values()) if (site.fault() !== undefined) site.setFault(undefined);
    },
    async close() {
      await Promise.all([proxy.close(), ...[...sites.values()].map((site) => site.close())]);
      await Promise.all(options.peers.map((peer) => peer.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One host: a TLS server and, before it, a TCP listener where connections can be spoilt. */
interface Site {
  readonly port: number;
  fault(): ConnectionFault | undefined;
  setFault(fault: ConnectionFault | undefined): void;
  accept(client: Socket, head: Buffer): void;
  close(): Promise<void>;
}

interface SiteOptions {
  good: Certificate;
  /** Made before they are needed, so that a fault takes effect at once. */
  faulty: Record<CertificateProblem, Certificate>;
  requests: RequestRecord[];
  log: ((line: string) => void) | undefined;
}

async function startSite(host: string, peer: Peer, options: SiteOptions): Promise<Site> {
  const { good } = options;
  let fault: ConnectionFault | undefined;

  const handler = recordRequests(
    host,
    peer.handler,
    (record) => {
      options.requests.push(record);
      peer.requests.push(record);
    },
    (record) =>
      options.log?.(`${record.method} https://${host}${record.path} ${record.status ?? 'connection lost'}`),
  );
  // Longer than any client keeps an idle connection, so that the server is never the one who ends it.
  const server = createHttpsServer({ ...good, keepAliveTimeout: 120_000, requestTimeout: 0 }, handler);
  const serverPort = await listen(server);

  const clients = new Set<Socket>();
  function accept(client: Socket, head: Buffer): void {
    clients.add(client);
    client.once('close', () => clients.delete(client));
    relay(client, head, serverPort, fault);
  }
  const front = createTcpServer({ noDelay: true }, (client) => accept(client, Buffer.alloc(0)));
  const port = await listen(front);

  function cutClients(): void {
    for (const client of clients) {
      client.destroy();
    }
  }
  return {
    port,
    accept,
    fault: () => fault,
    setFault(next) {
      fault = next;
      const certificate = next?.kind === 'certificate' ? options.faulty[next.problem] : good;
      server.setSecureContext({ ...certificate, ...(next?.kind === 'oldProtocol' && oldProtocol) });
      // Node.js reads them for each connection, and has no function for them.
      const isMutual = next?.kind === 'clientCertificate';
      Object.assign(server, { requestCert: isMutual, rejectUnauthorized: isMutual });
      cutClients();
    },
    async close() {
      cutClients();
      server.closeAllConnections();
      await Promise.all([stop(front), stop(server)]);
    },
  };
}

async function startProxy(
  sites: ReadonlyMap<string, Site>,
  onRefused: (host: string) => void,
): Promise<{ port: number; close(): Promise<void> }> {
  const clients = new Set<Socket>();
  const proxy = createHttpServer((request, response) => {
    // Plain http in absolute form: nothing in this Internet speaks it.
    onRefused(hostOf(new URL(request.url ?? '/', `http://${request.headers.host ?? 'unknown'}`).host, '80'));
    response.writeHead(502).end();
  });
  proxy.on('connection', (client) => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
  });
  proxy.on('connect', (request, _stream, head) => {
    const client = request.socket;
    client.on('error', () => client.destroy());
    const host = hostOf(request.url ?? '', '443');
    const site = sites.get(host);
    const fault = site?.fault();
    if (site === undefined) {
      onRefused(host);
    }
    if (site === undefined || fault?.kind === 'refuse') {
      client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    if (fault?.kind !== 'hang' || fault.at !== 'connect') {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    }
    site.accept(client, head);
  });
  const port = await listen(proxy);
  return {
    port,
    async close() {
      for (const client of clients) {
        client.destroy();
      }
      await stop(proxy);
    },
  };
}

/** What a certificate for `host` is good for: the host without its port, and this machine. */
function namesOf(host: string): string[] {
  return [new URL(`https://${host}`).hostname, 'localhost', '127.0.0.1'];
}

/** `host` on the port of https, else `host:port`; lower case. */
function hostOf(authority: string, defaultPort: string): string {
  const url = new URL(`tcp://${authority}`);
  const port = url.port === '' ? defaultPort : url.port;
  const host = url.hostname.toLowerCase();
  return port === '443' ? host : `${host}:${port}`;
}

type Listener = HttpServer | HttpsServer | TcpServer;

async function listen(server: Listener): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error('A server on a TCP port has a port.');
  }
  return address.port;
}

async function stop(server: Listener): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}
