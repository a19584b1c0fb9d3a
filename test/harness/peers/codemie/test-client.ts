import { fetch, ProxyAgent } from 'undici';
import { z } from 'zod';
import { type Internet, startInternet } from '../internet.ts';
import type { Peer } from '../peer.ts';
import { type CodeMiePeer, type CodeMiePeerOptions, createCodeMiePeer } from './codemie-peer.ts';

/** What came back; `body` is parsed where it is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: unknown;
}

/** For the peer's own tests: the peer behind TLS, its users, and plain calls. */
export interface TestClient {
  readonly peer: CodeMiePeer;
  readonly internet: Internet;
  /** `path` without the prefix. The token is sent as Bearer; default that of the administrator; null sends none. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  close(): Promise<void>;
}

interface CallOptions {
  readonly token?: string | null;
  /** Sent as JSON; a string as it is. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/**
 * Users of the peer, each with a token that is his name: `admin`, `owner` (project administrator of
 * `team-a`), `member` (of `team-a`), `stranger`.
 */
export async function startTestClient(
  options: CodeMiePeerOptions = {},
  otherPeers: readonly Peer[] = [],
): Promise<TestClient> {
  const peer = createCodeMiePeer({ insertDelayMs: 0, ...options });
  peer.addProject('team-a');
  peer.addProject('team-b');
  peer.addToken('admin', peer.addUser({ username: 'admin', isAdmin: true }));
  peer.addToken('owner', peer.addUser({ username: 'owner', projectAdminOf: ['team-a'] }));
  peer.addToken('member', peer.addUser({ username: 'member', memberOf: ['team-a'] }));
  peer.addToken('stranger', peer.addUser({ username: 'stranger' }));
  const internet = await startInternet({ peers: [peer, ...otherPeers] });
  const dispatcher = new ProxyAgent({ uri: internet.proxyUrl, requestTls: { ca: internet.ca } });
  return {
    peer,
    internet,
    async call(method, path, { token = 'admin', body, headers = {} } = {}) {
      const response = await fetch(`${peer.url}${path}`, {
        method,
        dispatcher,
        redirect: 'manual',
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      return { status: response.status, headers: response.headers, body: parsed(await response.text()) };
    },
    async close() {
      await dispatcher.destroy();
      await internet.close();
    },
  };
}

/** The body of a create or an update of a Git setting. */
export function gitSetting(
  values: Readonly<Record<string, unknown>>,
  fields: { project?: string | null; alias?: string; is_global?: boolean | null; type?: string } = {},
): Record<string, unknown> {
  const { project = 'team-a', alias = 'alias', type = 'Git', ...rest } = fields;
  return {
    project_name: project,
    alias,
    credential_type: type,
    credential_values: Object.entries(values).map(([key, value]) => ({ key, value })),
    ...rest,
  };
}

/** The credential values of a row, by key. */
export function valuesOf(row: unknown): Record<string, unknown> {
  const { credential_values } = z
    .object({ credential_values: z.array(z.object({ key: z.string(), value: z.unknown() })) })
    .parse(row);
  return Object.fromEntries(credential_values.map(({ key, value }) => [key, value]));
}

/** An application error as CodeMie writes it. */
export function errorOf(answer: Answer): { message: string; details: unknown } {
  return z.object({ error: z.object({ message: z.string(), details: z.unknown() }) }).parse(answer.body)
    .error;
}

/** The rows of a list. */
export function listOf(answer: Answer): {
  data: Record<string, unknown>[];
  pagination: Record<string, number>;
} {
  return z
    .object({
      data: z.array(z.record(z.string(), z.unknown())),
      pagination: z.record(z.string(), z.number()),
    })
    .parse(answer.body);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
