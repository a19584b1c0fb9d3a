import { createSecretKey } from 'node:crypto';
import { Registry } from '@prometheus-io/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deadline } from '../../../test/harness/pace.ts';
import { createGitHub, type GitHub } from '../../../test/harness/peers/github/github.ts';
import { type Internet, startInternet } from '../../../test/harness/peers/internet.ts';
import { codeMieConnections } from '../../api/group.ts';
import { parseCodeMieConnectionSpec } from '../../api/v1alpha1/connection-spec.ts';
import { parseGitIntegrationSpec } from '../../api/v1alpha1/git-integration-spec.ts';
import { credentialDigest } from '../../domain/digests.ts';
import type { KubeObject } from '../../kube/object.ts';
import { createStore } from '../../kube/store.ts';
import { bounds } from '../../lib/bounds.ts';
import { createHttpClientPool, type HttpClientPool } from '../../net/http-client-pool.ts';
import type { CredentialReport, Installation } from '../../providers/provider.ts';
import { providers } from '../../providers/registry.ts';
import { newKey } from '../../providers/testing/github.ts';
import { createRefusals } from '../refusals.ts';
import { createSharedCalls } from '../shared-calls.ts';
import type { Credentials } from './credentials.ts';
import { Halt, providerFailureAgeMs } from './halt.ts';
import { integrationIndexes } from './indexes.ts';
import { resolveInstallation } from './installation.ts';
import { createClockMetrics, createRateLimitMetrics } from './metrics.ts';
import { parseIntegration, type Report, type ResolvedConnection, startReport } from './pass.ts';
import { type ValidationDeps, validate } from './validate.ts';

let github: GitHub;
let internet: Internet;
let clients: HttpClientPool;
beforeAll(async () => {
  github = createGitHub();
  internet = await startInternet({ peers: [github] });
  clients = createHttpClientPool({
    ca: [internet.ca],
    proxy: { httpsProxy: internet.proxyUrl },
    timeoutMs: 10_000,
    maxBodyBytes: 1_000_000,
    userAgent: 'test/1',
  });
});
afterEach(() => {
  github.clearFaults();
  github.requests.length = 0;
});
afterAll(async () => {
  await clients.close();
  await internet.close();
});

interface Process extends ValidationDeps {
  installations: ReturnType<typeof createSharedCalls<Installation>>;
  registry: Registry;
}

/** What one process knows: nothing in the beginning but what is in the cluster. */
function startProcess(objects: KubeObject[] = [], now = Date.now): Process {
  const registry = new Registry();
  const integrations = createStore(integrationIndexes);
  for (const object of objects) integrations.put(object);
  const sharing = {
    now,
    timeoutMs: 60_000,
    failureAgeMs: providerFailureAgeMs(now),
    kept: bounds.keptAnswers,
  };
  return {
    clocks: createClockMetrics(registry),
    digestKey: createSecretKey(Buffer.alloc(32, 1)),
    installations: createSharedCalls<Installation>(sharing),
    integrations,
    now,
    validations: createSharedCalls<CredentialReport>(sharing),
    providerHttp: clients,
    providers,
    rateLimits: createRateLimitMetrics(registry, now),
    refusals: createRefusals({ now, windowMs: 90_000 }),
    registry,
    tenantPrivateNetworks: false,
  };
}

const reference = { name: 'any', key: 'any' };
const connectionSpec = parseCodeMieConnectionSpec({
  url: 'https://codemie.example.com',
  auth: { token: { secretRef: reference } },
});

const metadataOf = (name: string) => ({
  name,
  namespace: 'team',
  uid: `uid-of-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-11-22T12:00:00Z',
});

function connection(): ResolvedConnection {
  if (!connectionSpec.ok) throw new Error(connectionSpec.error);
  const object = { metadata: metadataOf('own') };
  return { object, resource: codeMieConnections, uid: object.metadata.uid, spec: connectionSpec.value };
}

const auths = {
  token: { token: { secretRef: reference } },
  githubApp: { githubApp: { appID: 12, privateKeySecretRef: reference } },
};

/** What the steps find out about the integration of that name with a credential. */
async function prove(
  name: string,
  auth: Credentials['auth'],
  deps: Process,
  object: KubeObject = { metadata: metadataOf(name) },
  report = startReport(parseIntegration(object)),
): Promise<Report> {
  const spec = parseGitIntegrationSpec({ provider: 'GitHub', project: 'demo', auth: auths[auth.kind] });
  if (!spec.ok) throw new Error(spec.error);
  const integration = { ...parseIntegration(object), spec: spec.value, alias: name };
  const signal = deadline(15_000);
  const credentials = { auth, name: 'token', ca: [] };
  const pass = { integration, report, deps, signal };
  const proof = await validate(pass, credentials, connection());
  await resolveInstallation(pass, credentials, proof);
  return report;
}

const tokenOf = (token: string): Credentials['auth'] => ({ kind: 'token', token, username: undefined });
const names = Array.from({ length: 1_000 }, (_, number) => `shared-${number}`);

describe('a thousand integrations that share a credential', () => {
  it('cost one call for a token', async () => {
    github.addToken({ token: 'ghp_shared', login: 'octocat' });
    const deps = startProcess();
    const reports = await Promise.all(names.map((name) => prove(name, tokenOf('ghp_shared'), deps)));
    expect(new Set(reports.map(({ credential }) => credential?.account))).toEqual(new Set(['octocat']));
    expect(github.requests.map(({ path }) => path)).toEqual(['/user']);
  });

  it('cost two calls for an App', async () => {
    const privateKey = newKey();
    github.addApp({ id: 12, privateKey });
    github.addInstallation({ appId: 12, account: 'acme', id: 100 });
    const auth: Credentials['auth'] = {
      kind: 'githubApp',
      appId: '12',
      privateKey,
      fingerprint: 'SHA256:any',
      selector: { by: 'first' },
    };
    const deps = startProcess();
    const reports = await Promise.all(names.map((name) => prove(name, auth, deps)));
    expect(new Set(reports.map(({ installation }) => installation?.id))).toEqual(new Set([100]));
    expect(github.requests.map(({ path }) => path)).toEqual(['/app', '/app/installations']);
  });

  it('cost one call for a token that is refused', async () => {
    const deps = startProcess();
    const outcomes = await Promise.allSettled(names.map((name) => prove(name, tokenOf('ghp_bad'), deps)));
    const reasons = outcomes.map((outcome) =>
      outcome.status === 'rejected' && outcome.reason instanceof Halt
        ? outcome.reason.finding.reason
        : outcome.status,
    );
    expect(new Set(reasons)).toEqual(new Set(['Rechecking']));
    expect(github.requests).toHaveLength(1);
  });
});

/** What a reconcile comes to: the halt, or nothing. */
async function outcomeOf(proving: Promise<Report>): Promise<Halt | undefined> {
  return proving.then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof Halt) return error;
      throw error;
    },
  );
}

describe('a token that GitHub refuses without a reason', () => {
  const odd = {
    status: 401,
    body: { message: 'Bad credentials', documentation_url: 'https://docs.github.com/rest' },
  };
  let nowMs = 0;
  let deps: Process;
  beforeEach(() => {
    nowMs = Date.now();
    deps = startProcess([], () => nowMs);
  });

  /** Goes on to when the reconcile wants to come back. */
  const comeBack = ({ next }: Halt): void => {
    if (next.kind === 'at') nowMs = next.atMs;
    if (next.kind === 'wait') nowMs = next.untilMs ?? nowMs;
  };

  it('once, because it is new, is accepted seconds later', async () => {
    github.addToken({ token: 'ghp_new', login: 'octocat' });
    github.failNext(odd);
    const began = nowMs;
    const halt = await outcomeOf(prove('new', tokenOf('ghp_new'), deps));
    expect(halt).toMatchObject({
      condition: 'CredentialsValid',
      finding: {
        status: 'Unknown',
        reason: 'Rechecking',
        message:
          "github.com rejected the token; the operator rechecks for up to 90 seconds before this is final. It is invalid, expired or revoked, and GitHub doesn't say which; create a new token at https://github.com/settings/tokens/new?description=CodeMie&scopes=repo,project and store it in that Secret.",
      },
    });
    // Until then, no one asks.
    expect(await outcomeOf(prove('new', tokenOf('ghp_new'), deps))).toMatchObject({ finding: halt?.finding });
    expect(github.requests).toHaveLength(1);
    if (halt) comeBack(halt);
    expect(nowMs - began).toBe(5_000);
    expect((await prove('new', tokenOf('ghp_new'), deps)).credential?.account).toBe('octocat');
    expect(github.requests).toHaveLength(2);
  });

  it('once, after it was accepted for months, stays without a verdict', async () => {
    github.addToken({ token: 'ghp_old', login: 'octocat' });
    await prove('old', tokenOf('ghp_old'), deps);
    nowMs += 2 * 3_600_000;
    github.failNext(odd);
    const halt = await outcomeOf(prove('old', tokenOf('ghp_old'), deps));
    expect(halt?.finding).toMatchObject({ status: 'Unknown', reason: 'Rechecking' });
    if (halt) comeBack(halt);
    expect((await prove('old', tokenOf('ghp_old'), deps)).credential?.account).toBe('octocat');
  });

  it('always, gets a verdict after four calls and 80 seconds for all who share it, and is rechecked soon', async () => {
    const began = nowMs;
    const seen: string[] = [];
    for (let pass = 0; pass < 6; pass += 1) {
      const both = await Promise.all(
        ['one', 'two'].map((name) => outcomeOf(prove(name, tokenOf('ghp_no'), deps))),
      );
      expect(both[0]?.finding).toEqual(both[1]?.finding);
      const [halt] = both;
      seen.push(`${(nowMs - began) / 1000}s ${halt?.finding.status} ${halt?.finding.reason}`);
      if (halt) comeBack(halt);
    }
    expect(seen).toEqual([
      '0s Unknown Rechecking',
      '5s Unknown Rechecking',
      '20s Unknown Rechecking',
      '80s False Unauthorized',
      '380s False Unauthorized',
      '980s False Unauthorized',
    ]);
    expect(github.requests).toHaveLength(6);
  });

  it('is no doubt for a process that finds the verdict in the status', async () => {
    const before = await outcomeOf(prove('bad', tokenOf('ghp_no'), { ...deps, refusals: noWindow() }));
    const digest = credentialDigest(
      'GitHub',
      new URL('https://github.com'),
      { kind: 'token', token: 'ghp_no' },
      deps.digestKey,
    );
    const verdict = {
      type: 'CredentialsValid',
      ...before?.finding,
      observedGeneration: 1,
      lastTransitionTime: '2026-11-22T12:00:00Z',
    };
    const object: KubeObject = {
      metadata: { ...metadataOf('bad'), generation: 1 },
      status: { observedGeneration: 1, conditions: [verdict], credential: { digest } },
    };
    const halt = await outcomeOf(prove('bad', tokenOf('ghp_no'), startProcess([object]), object));
    expect(halt?.finding).toEqual(before?.finding);
    const other = await outcomeOf(prove('bad', tokenOf('ghp_other'), startProcess([object]), object));
    expect(other?.finding).toMatchObject({ status: 'Unknown', reason: 'Rechecking' });
  });

  const noWindow = () => createRefusals({ now: () => nowMs, windowMs: 0 });
});

describe('a key that is not the App’s', () => {
  it('is reported with its fingerprint, in the status as well', async () => {
    github.addApp({ id: 14, privateKey: newKey() });
    const auth: Credentials['auth'] = {
      kind: 'githubApp',
      appId: '14',
      privateKey: newKey(),
      fingerprint: 'SHA256:any',
      selector: { by: 'first' },
    };
    const report = startReport(parseIntegration({ metadata: metadataOf('key') }));
    const refused = await outcomeOf(
      prove('key', auth, startProcess(), { metadata: metadataOf('key') }, report),
    );
    expect(refused?.finding.reason).toBe('Rechecking');
    expect(report.credential).toEqual({ fingerprint: 'SHA256:any', digest: expect.any(String) });
  });
});

describe('the end of a token', () => {
  const inAnHour = (): number => Date.now() + 3_600_000;

  it('is known to the next process for all who share the token, also for those it has not seen', async () => {
    const token = 'ghp_ending';
    github.addToken({ token, login: 'octocat', expiresAt: new Date(Date.now() + 1_800_000) });
    const { credential } = await prove('seen', tokenOf(token), startProcess());
    github.expireToken(token);
    const seen: KubeObject = { metadata: metadataOf('seen'), status: { credential } };
    const proving = prove('new', tokenOf(token), startProcess([seen], inAnHour));
    await expect(proving).rejects.toMatchObject({ finding: { reason: 'Expired' } });
    const another = prove('seen', tokenOf('ghp_other'), startProcess([seen], inAnHour), seen);
    await expect(another).rejects.toMatchObject({ finding: { reason: 'Rechecking' } });
  });
});

describe('a clock that is wrong', () => {
  it('is reported in the condition, the same on every try, and measured', async () => {
    const privateKey = newKey();
    github.addApp({ id: 13, privateKey, slug: 'late' });
    github.addInstallation({ appId: 13, account: 'acme' });
    const deps = startProcess([], () => Date.now() - 600_000);
    const auth: Credentials['auth'] = {
      kind: 'githubApp',
      appId: '13',
      privateKey,
      fingerprint: 'SHA256:any',
      selector: { by: 'owner', owner: 'acme' },
    };
    const { findings } = await prove('late', auth, deps);
    expect(findings.CredentialsValid).toEqual({
      status: 'True',
      reason: 'Valid',
      message:
        'GitHub accepts the credential of late[bot]. The clocks of github.com and of the operator differ by more than half a minute, which was allowed for; an administrator should set the one that is wrong.',
    });
    expect(await deps.registry.metrics()).toMatch(
      /^codemie_provider_clock_skew_seconds\{host="github\.com"\} (59\d|60\d)$/m,
    );
  });
});
