import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createAdminClient } from '../../test/harness/admin-client.ts';
import { answerStatus, type FakeApiServer, startFakeApiServer } from '../../test/harness/fake-api-server.ts';
import { createManualClock, type ManualClock } from '../../test/harness/manual-clock.ts';
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../test/harness/pki/certificate-authority.ts';
import { loadKubeConnection } from './kube-config.ts';

const signal = new AbortController().signal;
let directory: string;
let authority: CertificateAuthority;
let server: FakeApiServer;
let clock: ManualClock;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kube-config-'));
  authority = await createCertificateAuthority();
  server = await startFakeApiServer({
    path: '/none',
    tls: await authority.issue({ hosts: ['127.0.0.1', 'kubernetes.example'] }),
  });
  clock = createManualClock();
});

afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

/** Writes a file into the folder and gives its path. */
async function file(name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

/** Writes a kubeconfig with one context. */
function kubeconfig(user: object, cluster: object = {}, name = 'config'): Promise<string> {
  const base64 = Buffer.from(authority.pem).toString('base64');
  return file(
    name,
    stringify({
      'current-context': 'main',
      contexts: [{ name: 'main', context: { cluster: 'c', user: 'u', namespace: 'team-a' } }],
      clusters: [
        { name: 'c', cluster: { server: server.url, 'certificate-authority-data': base64, ...cluster } },
      ],
      users: [{ name: 'u', user }],
    }),
  );
}

/** Calls the server once over a connection and gives the credential it saw. */
async function seenBy(
  connection: Awaited<ReturnType<typeof loadKubeConnection>>,
): Promise<string | undefined> {
  const client = createAdminClient({ connection, userAgent: 'test' });
  server.next('call', (response) => response.end('{}'));
  try {
    await client.getRaw('/version', signal);
  } finally {
    await client.close();
  }
  return server.requests.at(-1)?.headers.authorization;
}

/** A credential plugin that gives a token with a number, which it counts in a file. */
async function plugin(): Promise<{ command: string; args: string[]; apiVersion: string }> {
  const counter = await file('counter', '0');
  const script = `
    const fs = require('fs');
    const n = Number(fs.readFileSync(${JSON.stringify(counter)}, 'utf8')) + 1;
    fs.writeFileSync(${JSON.stringify(counter)}, String(n));
    console.log(JSON.stringify({ status: { token: 'exec-' + n } }));`;
  return { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-e', script] };
}

describe('a kubeconfig', () => {
  it.each<{ name: string; user: object; want: string | undefined }>([
    { name: 'a token', user: { token: 'abc' }, want: 'Bearer abc' },
    { name: 'a name and password', user: { username: 'me', password: 'pw' }, want: 'Basic bWU6cHc=' },
    { name: 'nothing', user: {}, want: undefined },
  ])('signs in with $name', async ({ user, want }) => {
    const connection = await loadKubeConnection({ kubeconfig: await kubeconfig(user) });
    expect(connection.namespace).toBe('team-a');
    expect(await seenBy(connection)).toBe(want);
  });

  it('signs in with a credential plugin, which runs again only after a 401', async () => {
    const connection = await loadKubeConnection({
      kubeconfig: await kubeconfig({ exec: await plugin() }),
      clock,
    });
    const all = await Promise.all([connection.credentials(), connection.credentials()]);
    await clock.advance(120_000);
    expect((await connection.credentials()).headers).toEqual({ authorization: 'Bearer exec-1' });
    expect(all[0]).toBe(all[1]);
    server.next('call', answerStatus(401, 'Unauthorized'));
    expect(await seenBy(connection)).toBe('Bearer exec-2');
  });

  it('signs in with a token from a file next to it, which is read again after a 401', async () => {
    await file('token', 'one\n');
    const connection = await loadKubeConnection({ kubeconfig: await kubeconfig({ tokenFile: 'token' }) });
    expect(await seenBy(connection)).toBe('Bearer one');
    await file('token', 'two\n');
    server.next('call', answerStatus(401, 'Unauthorized'));
    expect(await seenBy(connection)).toBe('Bearer two');
  });

  it('is trusted for its cluster only', async () => {
    const other = Buffer.from((await createCertificateAuthority()).pem).toString('base64');
    const path = await kubeconfig({}, { 'certificate-authority-data': other });
    await expect(seenBy(await loadKubeConnection({ kubeconfig: path }))).rejects.toMatchObject({
      kind: 'TlsUntrusted',
    });
  });

  it('may name the server as its certificate does', async () => {
    const good = await kubeconfig({ token: 't' }, { 'tls-server-name': 'kubernetes.example' });
    expect(await seenBy(await loadKubeConnection({ kubeconfig: good }))).toBe('Bearer t');
    const bad = await kubeconfig({}, { 'tls-server-name': 'other.example' });
    await expect(seenBy(await loadKubeConnection({ kubeconfig: bad }))).rejects.toMatchObject({
      kind: 'TlsUntrusted',
    });
  });

  it('may name a proxy, which is then the way to the server', async () => {
    const asked: string[] = [];
    const proxy = createServer().on('connect', (request, socket: Socket) => {
      asked.push(request.url ?? '');
      const { hostname, port } = new URL(server.url);
      const upstream = connect(Number(port), hostname, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      socket.pipe(upstream).pipe(socket);
    });
    await new Promise<void>((resolve) => {
      proxy.listen(0, '127.0.0.1', resolve);
    });
    const address = proxy.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const path = await kubeconfig({ token: 't' }, { 'proxy-url': `http://127.0.0.1:${port}` });
    expect(await seenBy(await loadKubeConnection({ kubeconfig: path }))).toBe('Bearer t');
    expect(asked).toEqual([new URL(server.url).host]);
    proxy.closeAllConnections();
    proxy.close();
  });

  it('may be several files, of which some are missing; the first current-context counts', async () => {
    const first = await kubeconfig({ token: 'first' }, {}, 'first');
    const second = await file(
      'second',
      stringify({ 'current-context': 'x', contexts: [], clusters: [], users: [] }),
    );
    const paths = [join(directory, 'missing'), first, second].join(delimiter);
    expect(await seenBy(await loadKubeConnection({ kubeconfig: paths }))).toBe('Bearer first');
  });

  it.each<{ name: string; make: () => Promise<{ kubeconfig?: string; context?: string }>; want: string }>([
    {
      name: 'there is none, and no service account',
      make: () => Promise.resolve({}),
      want: 'There is no Kubernetes API server to connect to. Run in a Pod with a service account, or name a kubeconfig.',
    },
    {
      name: 'the file is missing',
      make: () => Promise.resolve({ kubeconfig: '/nowhere/config' }),
      want: 'There is no kubeconfig at /nowhere/config. Check the path.',
    },
    {
      name: 'the context is unknown',
      make: async () => ({ kubeconfig: await kubeconfig({}), context: 'prod' }),
      want: 'The kubeconfig has no context "prod". List the contexts with kubectl config get-contexts.',
    },
    {
      name: 'it has no cluster of that name',
      make: async () => ({ kubeconfig: await kubeconfig({}, { server: 'not a url' }) }),
      want: 'The context "main" of the kubeconfig names no usable cluster. Check its cluster entry and the server URL in it.',
    },
    {
      name: 'its cluster has a port that is none',
      make: async () => ({ kubeconfig: await kubeconfig({}, { server: 'https://127.0.0.1:0' }) }),
      want: 'The context "main" of the kubeconfig names no usable cluster. Check its cluster entry and the server URL in it.',
    },
    {
      name: 'it would send the token in clear',
      make: async () => ({ kubeconfig: await kubeconfig({}, { server: 'http://127.0.0.1:8080' }) }),
      want: 'The kubeconfig reaches the API server without TLS. Use an https URL, or set insecure-skip-tls-verify if that is meant.',
    },
    {
      name: 'its proxy is of an unknown kind',
      make: async () => ({ kubeconfig: await kubeconfig({}, { 'proxy-url': 'socks5://127.0.0.1:1080' }) }),
      want: "The kubeconfig's proxy-url is not supported. Use an http or https proxy.",
    },
  ])('is refused when $name', async ({ make, want }) => {
    await expect(loadKubeConnection(await make())).rejects.toThrow(want);
  });

  it('that is broken is not quoted, for it holds credentials', async () => {
    const path = await file('broken', 'users: [\n  token: "hunter2\n');
    const error = await loadKubeConnection({ kubeconfig: path }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'KubeConfigError' });
    expect(error).not.toHaveProperty('cause');
    expect(String(error)).not.toContain('hunter2');
  });

  it('whose plugin fails says so without its output', async () => {
    const exec = { command: process.execPath, args: ['-e', 'console.error("hunter2"); process.exit(1)'] };
    const connection = await loadKubeConnection({ kubeconfig: await kubeconfig({ exec }) });
    await expect(seenBy(connection)).rejects.toThrow(/^The kubeconfig's user gives no credentials\. Check/);
  });
});

describe('the service account of a Pod', () => {
  async function load(): ReturnType<typeof loadKubeConnection> {
    await file('token', 'token-1\n');
    await file('ca.crt', authority.pem);
    await file('namespace', 'operators');
    const { hostname, port } = new URL(server.url);
    return loadKubeConnection({ inCluster: { host: hostname, port, directory }, clock });
  }

  it('gives address, namespace and token', async () => {
    const connection = await load();
    expect(connection.namespace).toBe('operators');
    expect(connection.server.href).toBe(`${server.url}/`);
    expect(await seenBy(connection)).toBe('Bearer token-1');
  });

  it('a rotated token is taken up within a minute', async () => {
    const connection = await load();
    await file('token', 'token-2');
    await clock.advance(59_999);
    expect(await seenBy(connection)).toBe('Bearer token-1');
    await clock.advance(1);
    expect(await seenBy(connection)).toBe('Bearer token-2');
  });

  it('a rotated token is taken up at once after a 401', async () => {
    const connection = await load();
    await file('token', 'token-2');
    server.next('call', answerStatus(401, 'Unauthorized'));
    expect(await seenBy(connection)).toBe('Bearer token-2');
  });

  it('a rotated CA is taken up within a minute, by the same client', async () => {
    const connection = await load();
    const client = createAdminClient({ connection, userAgent: 'test' });
    const next = await createCertificateAuthority('the next CA');
    server.next('call', (response) => response.setHeader('connection', 'close').end('{}'));
    await client.getRaw('/version', signal);

    server.setCertificate(await next.issue({ hosts: ['127.0.0.1'] }));
    await file('ca.crt', next.pem);
    await expect(client.getRaw('/version', signal)).rejects.toMatchObject({ kind: 'TlsUntrusted' });
    await clock.advance(60_000);
    server.next('call', (response) => response.end('{"ok":true}'));
    expect(await client.getRaw('/version', signal)).toEqual({ ok: true });
    await client.close();
  });

  it('files that vanish for a moment leave the last credentials in use', async () => {
    const connection = await load();
    await rm(join(directory, 'token'));
    await clock.advance(60_000);
    expect(await seenBy(connection)).toBe('Bearer token-1');
  });

  it('an address of IP version 6 is put in brackets', async () => {
    await load();
    const connection = await loadKubeConnection({ inCluster: { host: 'fd00::1', port: '443', directory } });
    expect(connection.server.href).toBe('https://[fd00::1]/');
  });

  it.each(['', '0', '0443', '65536', 'tcp://10.0.0.1:443'])('at the port %j is refused', async (port) => {
    await load();
    await expect(loadKubeConnection({ inCluster: { host: '10.0.0.1', port, directory } })).rejects.toThrow(
      'The environment names no usable API server. KUBERNETES_SERVICE_HOST must be a host and KUBERNETES_SERVICE_PORT a port from 1 to 65535, as the kubelet sets them.',
    );
  });

  it('that is not mounted is reported', async () => {
    const inCluster = { host: '127.0.0.1', port: '1', directory: '/nowhere' };
    await expect(loadKubeConnection({ inCluster })).rejects.toThrow(
      "The service account file /nowhere/token can't be read. Check automountServiceAccountToken of the Pod and its ServiceAccount.",
    );
  });
});
