import { inspect } from 'node:util';
import { expect } from 'vitest';
import { deadline } from '../../../test/harness/pace.ts';
import { type Internet, startInternet } from '../../../test/harness/peers/internet.ts';
import type { Peer } from '../../../test/harness/peers/peer.ts';
import { sentencesOf } from '../../../test/harness/sentences.ts';
import { createSharedTrust } from '../../net/ca-bundle.ts';
import { createHttpClient, type HttpClient } from '../../net/http-client.ts';
import type { Answer } from '../answer.ts';
import { type Provider, ProviderError, type Target } from '../provider.ts';

/** Peers behind real names and TLS, and targets that reach them. */
export interface World {
  internet: Internet;
  /** A target at a web address; `change` replaces parts of it. */
  target(provider: Provider, webUrl: string, change?: Partial<Target>): Target;
  /** One more HTTP client, which gives an exchange that much time. It is closed with the rest. */
  client(timeoutMs: number): HttpClient;
  close(): Promise<void>;
}

/** All worlds of a process have the same root. */
const trustFor = createSharedTrust();

/** Starts the peers and an HTTP client that trusts them. */
export async function openWorld(peers: Peer[]): Promise<World> {
  const internet = await startInternet({ peers });
  const clients: HttpClient[] = [];
  const client = (timeoutMs: number): HttpClient => {
    const created = createHttpClient({
      policy: { allowedHosts: ['*'], allowPrivateNetworks: false },
      ca: [internet.ca],
      trustFor,
      proxy: { httpsProxy: internet.proxyUrl },
      timeoutMs,
      maxBodyBytes: 1_000_000,
      userAgent: 'conformance',
    });
    clients.push(created);
    return created;
  };
  const http = client(10_000);
  return {
    internet,
    client,
    target: (provider, webUrl, change) => ({
      webUrl: new URL(webUrl),
      apiUrl: provider.apiUrl(new URL(webUrl)),
      repositories: [],
      http,
      now: Date.now,
      signal: deadline(60_000),
      ...change,
    }),
    async close() {
      await Promise.all(clients.map((each) => each.close()));
      await internet.close();
    },
  };
}

/** The error that a validation must end with. Anything else than a ProviderError fails the test. */
export async function failureOf(validation: Promise<unknown>): Promise<ProviderError> {
  const outcome = await validation.then(
    () => 'no error at all',
    (error: unknown) => error,
  );
  if (!(outcome instanceof ProviderError)) throw new Error(`No ProviderError: ${inspect(outcome)}`);
  return outcome;
}

/** Stands for whatever a server writes into its answers; it must not be seen again. */
export const canary = 'remote-body-canary';

/** Nothing that is shown or logged holds a secret or a remote byte, and the sentences are sentences. */
export function expectPresentable(error: ProviderError, token: string): void {
  const everything = inspect(error, { depth: 10, showHidden: true });
  expect(everything).not.toContain(token);
  expect(everything).not.toContain(canary);
  expect(error.message).toMatch(/^[^\n]{10,500}\.$/);
  expect(error.hint).toMatch(/^[A-Z][^\n]{10,500}$/);
  expect(sentencesOf(`${error.message} ${error.hint}`).length).toBeLessThanOrEqual(2);
}

/** An answer as a client gives it, of headers by their lower-case names. */
export function answerWith(status: number, headers: Record<string, string> = {}, body?: unknown): Answer {
  return { status, header: (name) => headers[name], body };
}
