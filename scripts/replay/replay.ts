import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Halt, providerHalt } from '../../src/controllers/git-integration/halt.ts';
import { unusualForm } from '../../src/domain/token-form.ts';
import { rfc3339 } from '../../src/lib/time.ts';
import { createHttpClient } from '../../src/net/http-client.ts';
import {
  type Credential,
  type CredentialReport,
  type Installation,
  type InstallationSelector,
  type Provider,
  ProviderError,
  type Target,
} from '../../src/providers/provider.ts';
import { providers } from '../../src/providers/registry.ts';
import { startInternet } from '../../test/harness/peers/internet.ts';
import type { Peer } from '../../test/harness/peers/peer.ts';
import type { RecordedExchange, Recording, Verdict } from './recording.ts';

/** What came of a replay. */
export interface Replayed {
  verdict: Verdict;
  /** Calls for which the recording has no answer: the verdict rests on a connection that broke off. */
  unrecorded: string[];
}

/** Longest time for one call. The server is on this machine; only `silent` takes it all. */
const callTimeoutMs = 2_000;
const replayTimeoutMs = 120_000;

/**
 * Replays a recording: a real HTTPS server on this machine answers under the recorded hosts' names as they did, and the
 * provider's own code asks it, at the time of the recording. Nothing leaves the machine. The credential is made up: its
 * form is the recorded one, and no answer depends on the rest.
 */
export async function replay(recording: Recording): Promise<Replayed> {
  const calls: string[] = [];
  const unrecorded: string[] = [];
  const nowMs = Date.parse(recording.recordedAt);
  const provider = providers[recording.provider];
  const webUrl = new URL(recording.url ?? provider.defaultUrl);
  const apiUrl = recording.apiURL === undefined ? provider.apiUrl(webUrl) : new URL(recording.apiURL);
  const hosts = new Set([webUrl, apiUrl, ...recording.exchanges.map(({ url }) => new URL(url))].map(hostOf));
  const answers = answersOf(recording.exchanges);
  const peer = recordedHosts([...hosts], (host, request, response) => {
    const call = `${request.method} https://${host}${request.url}`;
    calls.push(call);
    const next = answers.next(call);
    if (next === undefined) unrecorded.push(call);
    answer(response, next, nowMs);
  });
  const internet = await startInternet({ peers: peer });
  const http = createHttpClient({
    policy: { allowedHosts: ['*'], allowPrivateNetworks: false },
    ca: [internet.ca],
    proxy: { httpsProxy: internet.proxyUrl },
    timeoutMs: callTimeoutMs,
    maxBodyBytes: 8 * 1024 * 1024,
    userAgent: 'codemie-git-operator',
  });
  const target: Target = {
    webUrl,
    apiUrl,
    repositories: recording.repositories,
    ...(recording.requiredScopes && { requiredScopes: recording.requiredScopes }),
    ...(recording.expiresAt !== undefined && { knownExpiresAt: recording.expiresAt }),
    http,
    now: () => nowMs,
    signal: AbortSignal.timeout(replayTimeoutMs),
  };
  try {
    return { verdict: { ...(await ask(recording, target)), calls }, unrecorded: [...new Set(unrecorded)] };
  } finally {
    await http.close();
    await internet.close();
  }
}

async function ask(recording: Recording, target: Target): Promise<Omit<Verdict, 'calls'>> {
  const provider: Provider = providers[recording.provider];
  const credential = makeUp(recording.credential);
  const host = target.webUrl.host;
  const name = `${credential.kind === 'token' ? 'token' : 'private key'} in Secret "git" (key "token")`;
  let step: 'CredentialsValid' | 'InstallationResolved' = 'CredentialsValid';
  try {
    const report = await provider.validate(credential, target);
    if (recording.credential.kind !== 'githubApp') return accepted(report);
    step = 'InstallationResolved';
    const selector = selectorOf(recording.credential.installation);
    const installation = await provider.resolveInstallation?.(credential, selector, target, report);
    return accepted(report, installation);
  } catch (error) {
    const { wasReady } = recording;
    const connection = 'the connection';
    const unusual = unusualFormOf(recording, target.webUrl);
    return halted(providerHalt(error, { step: step, host, credential: name, connection, wasReady, unusual }));
  }
}

/** The rest of the token is made up, so only a beginning that was recorded says something. */
function unusualFormOf({ credential, provider }: Recording, { hostname }: URL): string | undefined {
  if (credential.kind !== 'token' || credential.prefix === '') return undefined;
  return unusualForm(`${credential.prefix}x`, provider, hostname);
}

function accepted(report: CredentialReport, installation?: Installation): Omit<Verdict, 'calls'> {
  const { kind, account, scopes, expiresAt } = report;
  const { permissions, missing, remedy } = installation ?? report;
  const found = {
    kind,
    ...(account !== undefined && { account }),
    ...(scopes && { scopes }),
    ...(expiresAt !== undefined && { expiresAt }),
    permissions,
    ...(missing.length > 0 && { missing, remedy }),
    ...(installation && { installation: installation.id, installedFor: installation.account }),
  };
  return { condition: 'CredentialsValid', status: 'True', reason: 'Valid', retry: 'onChange', found };
}

function halted({ condition, finding, next, cause }: Halt): Omit<Verdict, 'calls'> {
  const retries = { wait: () => afterRefusal(cause), soon: () => 'backoff', retry: () => 'backoff' };
  const retry = next.kind === 'at' ? rfc3339(next.atMs) : retries[next.kind]();
  return { condition, status: finding.status, reason: finding.reason, message: finding.message, retry };
}

/** When a refusal is asked about again: see `refusals.ts`, which has the times. */
function afterRefusal(error: unknown): string {
  if (!(error instanceof ProviderError) || error.reason === 'Expired' || error.reason === 'Revoked')
    return 'onChange';
  return error.isExplained ? 'growing' : 'recheck';
}

function makeUp(credential: Recording['credential']): Credential {
  if (credential.kind === 'token') {
    const { prefix, username } = credential;
    const token = `${prefix}${randomUUID().replaceAll('-', '')}`;
    return { kind: 'token', token, ...(username !== undefined && { username }) };
  }
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  return { kind: 'githubApp', appId: credential.appID, privateKey: pem };
}

function selectorOf(
  installation: Extract<Recording['credential'], { kind: 'githubApp' }>['installation'],
): InstallationSelector {
  if (installation === undefined) return { by: 'first' };
  if ('id' in installation) return { by: 'id', id: installation.id };
  if ('owner' in installation) return { by: 'owner', owner: installation.owner };
  return { by: 'repository', repository: installation.repository };
}

/** Each call gets the next answer that was recorded for it; after the last one, that one again. */
function answersOf(exchanges: readonly RecordedExchange[]) {
  const left = Map.groupBy(exchanges, ({ method, url }) => keyOf(`${method} ${url}`));
  return {
    next(call: string): RecordedExchange | undefined {
      const queue = left.get(keyOf(call));
      return queue && queue.length > 1 ? queue.shift() : queue?.[0];
    },
  };
}

/** The order of a query means nothing. */
function keyOf(call: string): string {
  const blank = call.indexOf(' ');
  const url = new URL(call.slice(blank + 1));
  url.searchParams.sort();
  return `${call.slice(0, blank)} ${url.href}`;
}

const hostOf = (url: URL): string => url.host;

function recordedHosts(
  hosts: readonly string[],
  handle: (host: string, request: IncomingMessage, response: ServerResponse) => void,
): Peer[] {
  return hosts.map((host) => ({
    name: host,
    hosts: [host],
    requests: [],
    handler(request, response) {
      // What was asked is complete before it is answered, as a recording has it.
      request.resume().once('end', () => handle(host, request, response));
    },
    close: () => Promise.resolve(),
  }));
}

/** What the transport decides, and what it decided when it was recorded no longer holds. */
const transportHeaders = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'transfer-encoding',
]);

function answer(response: ServerResponse, exchange: RecordedExchange | undefined, nowMs: number): void {
  if (exchange === undefined) return void response.destroy();
  const { status, headers, body, failure } = exchange;
  if (status === undefined) {
    if (failure === 'reset') response.destroy();
    return;
  }
  response.setHeader('date', new Date(nowMs).toUTCString());
  if (typeof body !== 'string' && body !== undefined) response.setHeader('content-type', 'application/json');
  for (const [name, value] of Object.entries(headers))
    if (!transportHeaders.has(name.toLowerCase())) response.setHeader(name, value);
  response.writeHead(status);
  response.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body));
}
