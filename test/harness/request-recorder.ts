import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKubeConnection } from '../../src/kube/kube-config.ts';

/** A request to the API server as its authorizers see it. */
export interface ApiRequest {
  verb: string;
  group: string;
  resource: string;
  subresource: string | undefined;
  namespace: string | undefined;
  name: string | undefined;
  /** The status of the answer. */
  code: number;
}

/** A door to the API server that keeps a list of who goes through. */
export interface RequestRecorder {
  /** Of a kubeconfig that leads through the door, with the token that was given. */
  kubeconfig: string;
  requests: readonly ApiRequest[];
  /** Does something just before the next request that fits is passed on. */
  before(fits: (request: Omit<ApiRequest, 'code'>) => boolean, act: () => Promise<unknown>): void;
  close(): Promise<void>;
}

/**
 * Starts a recorder in front of the API server of an administrator's kubeconfig. It speaks plain http to its client
 * and passes everything on as it comes, watches too.
 */
export async function startRequestRecorder(adminKubeconfig: string, token: string): Promise<RequestRecorder> {
  const admin = await loadKubeConnection({ kubeconfig: adminKubeconfig });
  const { server } = admin;
  const { ca } = (await admin.credentials()).tls;
  const requests: ApiRequest[] = [];
  const actions: { fits: (request: Omit<ApiRequest, 'code'>) => boolean; act: () => Promise<unknown> }[] = [];

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = requestOf(incoming.method ?? '', new URL(incoming.url ?? '/', server));
    const index = actions.findIndex(({ fits }) => fits(seen));
    if (index >= 0) await actions.splice(index, 1)[0]?.act();
    const { host: _, ...headers } = incoming.headers;
    const onward = httpsRequest(new URL(incoming.url ?? '/', server), {
      method: incoming.method,
      headers,
      ca,
      agent: false,
    });
    onward.on('response', (answer) => {
      requests.push({ ...seen, code: answer.statusCode ?? 0 });
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    incoming.pipe(onward);
  }

  const door = createServer((incoming, response) => void pass(incoming, response));
  await new Promise<void>((resolve) => void door.listen(0, '127.0.0.1', resolve));
  const address = door.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'recorder-'));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigFor(`http://127.0.0.1:${port}`, token), { mode: 0o600 });
  return {
    kubeconfig,
    requests,
    before: (fits, act) => void actions.push({ fits, act }),
    async close() {
      door.closeAllConnections();
      await new Promise((resolve) => void door.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb */
export function requestOf(method: string, url: URL): Omit<ApiRequest, 'code'> {
  const parts = url.pathname.split('/').filter((part) => part !== '');
  const group = parts[0] === 'api' ? '' : (parts[1] ?? '');
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3);
  // The API server counts a Namespace to the namespace that it is.
  const isInNamespace = rest[0] === 'namespaces' && rest[1] !== undefined;
  const namespace = isInNamespace ? rest[1] : undefined;
  const [resource = '', name, subresource] = isInNamespace && rest.length > 2 ? rest.slice(2) : rest;
  const reading = url.searchParams.get('watch') === 'true' ? 'watch' : 'list';
  const verbs: Record<string, string> = {
    GET: name === undefined ? reading : 'get',
    POST: 'create',
    PUT: 'update',
    PATCH: 'patch',
    DELETE: 'delete',
  };
  return { verb: verbs[method] ?? method, group, resource, subresource, namespace, name };
}

function kubeconfigFor(server: string, token: string): string {
  const name = 'recorder';
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
}
