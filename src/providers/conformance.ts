import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ConnectionFault } from '../../test/harness/peers/connection-fault.ts';
import type { Fault } from '../../test/harness/peers/git-hosts/faults.ts';
import type { GitHostControls } from '../../test/harness/peers/git-hosts/git-host.ts';
import { type Internet, startInternet } from '../../test/harness/peers/internet.ts';
import type { Peer } from '../../test/harness/peers/peer.ts';
import { createHttpClient, type HttpClient } from '../net/http-client.ts';
import {
  type Credential,
  type CredentialReport,
  type Provider,
  ProviderError,
  type Target,
} from './provider.ts';

/** Peers behind real names and TLS, and targets that reach them. */
export interface World {
  internet: Internet;
  /** A target at a web address; `change` replaces parts of it. */
  target(provider: Provider, webUrl: string, change?: Partial<Target>): Target;
  /** One more HTTP client, which gives an exchange that much time. It is closed with the rest. */
  client(timeoutMs: number): HttpClient;
  close(): Promise<void>;
}

/** Starts the peers and an HTTP client that trusts them. */
export async function openWorld(peers: Peer[]): Promise<World> {
  const internet = await startInternet({ peers });
  const clients: HttpClient[] = [];
  const client = (timeoutMs: number): HttpClient => {
    const created = createHttpClient({
      policy: { allowedHosts: ['*'], allowPrivateNetworks: false },
      ca: [internet.ca],
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
      signal: AbortSignal.timeout(15_000),
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

/** What the suite needs of one provider. */
export interface Subject<P extends Peer & GitHostControls> {
  provider: Provider;
  /** A server that accepts `good` and nothing else. */
  peer: P;
  webUrl: string;
  good: Extract<Credential, { kind: 'token' }>;
  /** What a report about `good` has to have. */
  report: Partial<CredentialReport>;
  /** Another provider's cloud. */
  foreignUrl: string;
}

/** Stands for whatever a server writes into its answers; it must not be seen again. */
export const canary = 'remote-body-canary';

const answers: { name: string; fault: Fault; error: Partial<ProviderError> }[] = [
  {
    name: 'a web page with 200',
    fault: { status: 200, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
    error: { reason: 'ProviderError', disposition: 'retry' },
  },
  {
    name: 'another JSON object with 200',
    fault: { status: 200, body: { hello: canary } },
    error: { reason: 'ProviderError', disposition: 'retry' },
  },
  {
    name: 'a JSON list with 200',
    fault: { status: 200, body: [canary] },
    error: { reason: 'ProviderError', disposition: 'retry' },
  },
  {
    name: 'a redirect to another host',
    fault: { status: 302, headers: { location: `https://evil.example.net/${canary}` } },
    error: { reason: 'ProviderError', disposition: 'retry' },
  },
  {
    name: 'a server error in JSON',
    fault: { status: 500, body: { message: canary, error: canary } },
    error: { reason: 'ProviderError', disposition: 'retry' },
  },
  {
    name: 'a gateway error in HTML',
    fault: { status: 503, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
    error: { reason: 'ProviderError', disposition: 'retry' },
  },
  {
    name: 'an unknown client error',
    fault: { status: 418, body: { message: canary, error: { message: canary } } },
    error: { reason: 'ProviderError', disposition: 'retry' },
  },
  {
    name: 'too many calls, in plain text',
    fault: { status: 429, headers: { 'content-type': 'text/plain', 'retry-after': '90' }, body: canary },
    error: { reason: 'RateLimited', disposition: 'waitUntil', retryAtMs: 1_800_000_090_000 },
  },
  {
    name: 'too many calls, without a time',
    fault: { status: 429, body: { message: { error: canary } } },
    error: { reason: 'RateLimited', disposition: 'waitUntil', retryAtMs: 1_800_000_060_000 },
  },
  {
    name: 'a connection that breaks',
    fault: { reset: true },
    error: { reason: 'ProviderUnreachable', disposition: 'retry' },
  },
  {
    name: 'an answer without end',
    fault: { status: 200, body: { hello: canary.repeat(100_000) } },
    error: { reason: 'ProviderError', disposition: 'retry' },
  },
  {
    name: 'that nothing has changed, though nobody asked for changes',
    fault: { status: 304, headers: { etag: `"${canary}"` } },
    error: { reason: 'ProviderError', disposition: 'retry' },
  },
];

/** What can happen before there is an answer. */
const ways: { name: string; fault: ConnectionFault; error: Partial<ProviderError> }[] = [
  {
    name: 'nobody who answers',
    fault: { kind: 'refuse' },
    error: { reason: 'ProviderUnreachable', disposition: 'retry' },
  },
  {
    name: 'a connection that breaks in the handshake',
    fault: { kind: 'reset', afterBytes: 100 },
    error: { reason: 'ProviderUnreachable', disposition: 'retry' },
  },
  {
    name: 'a certificate of an unknown authority',
    fault: { kind: 'certificate', problem: 'unknownAuthority' },
    error: { reason: 'TLSUntrusted', disposition: 'retry' },
  },
  {
    name: 'a certificate that has ended',
    fault: { kind: 'certificate', problem: 'expired' },
    error: { reason: 'TLSUntrusted', disposition: 'retry' },
  },
  {
    name: 'a certificate for another name',
    fault: { kind: 'certificate', problem: 'wrongName' },
    error: { reason: 'TLSUntrusted', disposition: 'retry' },
  },
];

/** One row of a provider's catalogue of failures: an answer, and what the operator makes of it. */
export interface CatalogueRow {
  name: string;
  /** Where the texts of the server stand, {@link canary} should be among them. */
  answer: Fault;
  /** What the answer is to; the credential by default. */
  about?: 'credential' | 'repository';
  /** Instead of the catalogue's own. */
  credential?: Credential;
  change?: Partial<Target>;
  reason: ProviderError['reason'];
  /** Sentence and hint, as the condition shows them. */
  says: string;
  /** `person`: not before something changes. `backoff`: soon, then ever later. A number: after so many seconds. */
  again: 'person' | 'backoff' | number;
  /** How many calls it costs to find out; 1 by default, 2 for a repository. */
  calls?: number;
}

/** A provider's catalogue of failures, each row as its server answers it. */
export interface Catalogue<P extends Peer & GitHostControls> {
  provider: Provider;
  /** A server that accepts the credential until a row says otherwise. */
  peer: P;
  webUrl: string;
  credential: Credential;
  repository: string;
  /** Fits the request for that repository, and no other. */
  repositoryRequest: RegExp;
  rows: CatalogueRow[];
}

/** Checks every row of a catalogue: the reason, the whole message, when it is tried again, and what it costs. */
export function describeCatalogue<P extends Peer & GitHostControls>(catalogue: Catalogue<P>): void {
  const { provider, peer, webUrl, repository } = catalogue;
  const nowMs = 1_800_000_000_000;
  let world: World;

  beforeAll(async () => {
    peer.setClock(() => nowMs);
    world = await openWorld([peer]);
  });
  afterEach(() => {
    peer.clearFaults();
    peer.requests.length = 0;
  });
  afterAll(() => world.close());

  it.each(catalogue.rows)('$reason: $name', async (row) => {
    const ofRepository = row.about === 'repository';
    const credential = row.credential ?? catalogue.credential;
    peer.failNext({
      ...row.answer,
      times: Number.POSITIVE_INFINITY,
      ...(ofRepository && { match: catalogue.repositoryRequest }),
    });
    const target = world.target(provider, webUrl, {
      now: () => nowMs,
      repositories: ofRepository ? [repository] : [],
      ...row.change,
    });
    const error = await failureOf(provider.validate(credential, target));
    expect([error.reason, `${error.message} ${error.hint}`]).toEqual([row.reason, row.says]);
    expect([error.disposition, error.retryAtMs]).toEqual(
      typeof row.again === 'number'
        ? ['waitUntil', nowMs + row.again * 1000]
        : [row.again === 'person' ? 'needsPerson' : 'retry', undefined],
    );
    expectPresentable(error, credential.kind === 'token' ? credential.token : credential.privateKey);
    expect(peer.requests).toHaveLength(row.calls ?? (ofRepository ? 2 : 1));
  });
}

/** The suite that every provider passes. Call it in the provider's own test file. */
export function describeConformance<P extends Peer & GitHostControls>(subject: Subject<P>): void {
  const { provider, peer, webUrl, good } = subject;
  const bad = { ...good, token: `${good.token}-revoked` };
  const apiHost = provider.apiUrl(new URL(webUrl)).host;
  let world: World;

  beforeAll(async () => {
    world = await openWorld([peer]);
  });
  afterEach(() => {
    peer.clearFaults();
    world.internet.setFault(apiHost, undefined);
    peer.requests.length = 0;
  });
  afterAll(() => world.close());

  /** The error of a validation, which is fit to be shown and has the same words on every try. */
  async function failing(credential = good, change?: Partial<Target>): Promise<ProviderError> {
    const validate = () => failureOf(provider.validate(credential, world.target(provider, webUrl, change)));
    const error = await validate();
    expectPresentable(error, credential.token);
    const again = await validate();
    expect([again.message, again.hint]).toEqual([error.message, error.hint]);
    return error;
  }

  describe(`${provider.name} at ${webUrl} conforms`, () => {
    it('accepts a good credential with at most two calls, to its own API only', async () => {
      const report = await provider.validate(good, world.target(provider, webUrl));
      expect(report).toMatchObject(subject.report);
      expect(JSON.stringify(report)).not.toContain(good.token);
      expect(peer.requests.length).toBeLessThanOrEqual(2);
      expect(new Set(peer.requests.map(({ host }) => host))).toEqual(new Set([apiHost]));
      expect(world.internet.refusedHosts).toEqual([]);
    });

    it('asks for a person when the credential is bad', async () => {
      expect(await failing(bad)).toMatchObject({ reason: 'Unauthorized', disposition: 'needsPerson' });
    });

    it('says that a credential has expired when its end was known', async () => {
      const error = await failing(bad, { knownExpiresAt: '2020-01-01T00:00:00Z' });
      expect(error).toMatchObject({ reason: 'Expired', disposition: 'needsPerson' });
    });

    it.each(answers)('survives $name', async ({ fault, error }) => {
      peer.failNext({ ...fault, times: Number.POSITIVE_INFINITY });
      expect(await failing(good, { now: () => 1_800_000_000_000 })).toMatchObject(error);
    });

    it.each(ways)('survives $name', async ({ fault, error }) => {
      world.internet.setFault(apiHost, fault);
      expect(await failing()).toMatchObject(error);
    });

    it.each(['connect', 'connected'] as const)('does not wait for ever at %s', async (at) => {
      world.internet.setFault(apiHost, { kind: 'hang', at });
      const error = await failing(good, { http: world.client(300) });
      expect(error).toMatchObject({ reason: 'ProviderUnreachable', disposition: 'retry' });
    });

    it("ends with the signal's own reason when it is aborted", async () => {
      peer.failNext({ hang: true });
      const abort = new AbortController();
      const reason = new Error('enough');
      const validation = provider.validate(good, world.target(provider, webUrl, { signal: abort.signal }));
      const ended = validation.catch((error: unknown) => error);
      await vi.waitUntil(() => peer.requests.length > 0, { timeout: 10_000 });
      abort.abort(reason);
      expect(await ended).toBe(reason);
    });

    it("refuses another provider's cloud without a call", async () => {
      const error = await failureOf(provider.validate(good, world.target(provider, subject.foreignUrl)));
      expect(error).toMatchObject({ reason: 'WrongProvider', disposition: 'needsPerson' });
      expect(peer.requests).toEqual([]);
      expect(world.internet.refusedHosts).toEqual([]);
    });
  });
}

/** Nothing that is shown or logged holds a secret or a remote byte, and the sentences are sentences. */
function expectPresentable(error: ProviderError, token: string): void {
  const everything = inspect(error, { depth: 10, showHidden: true });
  expect(everything).not.toContain(token);
  expect(everything).not.toContain(canary);
  expect(error.message).toMatch(/^[^\n]{10,500}\.$/);
  expect(error.hint).toMatch(/^[A-Z][^\n]{10,500}$/);
}
