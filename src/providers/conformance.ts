import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ConnectionFault } from '../../test/harness/peers/connection-fault.ts';
import type { Fault } from '../../test/harness/peers/git-hosts/faults.ts';
import type { GitHostControls } from '../../test/harness/peers/git-hosts/git-host.ts';
import type { Peer } from '../../test/harness/peers/peer.ts';
import type { Credential, CredentialReport, Provider, ProviderError, Target } from './provider.ts';
import { canary, expectPresentable, failureOf, openWorld, type World } from './testing/world.ts';

/** What the suite needs of one provider. */
export interface ProviderUnderTest<P extends Peer & GitHostControls> {
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
    name: 'a redirect to another host, such as the sign-in page of a hotel',
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
    name: 'a body of 100 MB',
    fault: { hostile: 'endless' },
    error: { reason: 'ProviderError', disposition: 'retry' },
  },
  {
    name: 'a body of 100 MB that is small on the way',
    fault: { hostile: 'bomb' },
    error: { reason: 'ProviderError', disposition: 'retry' },
  },
  {
    name: 'a body that ends in the middle',
    fault: { hostile: 'cut' },
    error: { reason: 'ProviderUnreachable', disposition: 'retry' },
  },
  {
    name: 'the sign-in page of a network',
    fault: { status: 511, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
    error: { reason: 'ProviderError', disposition: 'retry' },
  },
  {
    name: '304 to a request without conditions',
    fault: { status: 304, headers: { etag: `"${canary}"` } },
    error: { reason: 'ProviderError', disposition: 'retry' },
  },
];

/** What can happen before there is an answer. */
const ways: { name: string; fault: ConnectionFault; error: Partial<ProviderError> }[] = [
  {
    name: 'a refused connection',
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
    name: 'an expired certificate',
    fault: { kind: 'certificate', problem: 'expired' },
    error: { reason: 'TLSUntrusted', disposition: 'retry' },
  },
  {
    name: 'a self-signed certificate',
    fault: { kind: 'certificate', problem: 'selfSigned' },
    error: { reason: 'TLSUntrusted', disposition: 'retry' },
  },
  {
    name: 'a server with TLS 1.1',
    fault: { kind: 'oldProtocol' },
    error: { reason: 'ProviderUnreachable', disposition: 'retry' },
  },
  {
    name: 'a certificate for another name',
    fault: { kind: 'certificate', problem: 'wrongName' },
    error: { reason: 'TLSUntrusted', disposition: 'retry' },
  },
];

/** The suite that every provider passes. Call it in the provider's own test file. */
export function describeConformance<P extends Peer & GitHostControls>(subject: ProviderUnderTest<P>): void {
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
      expect(provider.kinds).toContain(report.kind);
      expect(JSON.stringify(report)).not.toContain(good.token);
      expect(peer.requests.length).toBeLessThanOrEqual(2);
      expect(new Set(peer.requests.map(({ host }) => host))).toEqual(new Set([apiHost]));
      expect(world.internet.refusedHosts).toEqual([]);
    });

    it('asks for action when the credential is bad', async () => {
      expect(await failing(bad)).toMatchObject({ reason: 'Unauthorized', disposition: 'needsPerson' });
    });

    it('reports a credential as expired when its expiry was known', async () => {
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

    it.each(['connect', 'connected', 'head', 'body'] as const)('does not wait forever at %s', async (at) => {
      if (at === 'head' || at === 'body')
        peer.failNext({ hostile: at === 'head' ? 'dripHead' : 'dripBody', times: Number.POSITIVE_INFINITY });
      else world.internet.setFault(apiHost, { kind: 'hang', at });
      const error = await failureOf(
        provider.validate(good, world.target(provider, webUrl, { http: world.client(100) })),
      );
      expect(error).toMatchObject({ reason: 'ProviderUnreachable', disposition: 'retry' });
      expectPresentable(error, good.token);
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
