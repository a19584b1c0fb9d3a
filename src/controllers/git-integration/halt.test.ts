import { describe, expect, it } from 'vitest';
import { askForHost, askForPrivateNetworks } from '../../net/egress-policy.ts';
import { ProviderError, type ProviderErrorFields } from '../../providers/provider.ts';
import { Refusal } from '../refusals.ts';
import { StillWaitingError } from '../shared-calls.ts';
import { type ProviderFailure, providerFailureAgeMs, providerHalt } from './halt.ts';

const connection = 'CodeMieConnection "own"';
const named = 'token in Secret "acme" (key "token")';
const now = 1_800_000_000_000;
const error = (fields: Partial<ProviderErrorFields>): ProviderError =>
  new ProviderError({ reason: 'Unauthorized', sentence: 'It failed.', hint: 'Look.', ...fields });

const question = (step: ProviderFailure['step'], wasReady = false): ProviderFailure => ({
  step,
  host: 'github.com',
  credential: named,
  connection,
  wasReady,
});

const cases = [
  {
    name: 'a verdict on the credential',
    thrown: error({ reason: 'Expired', sentence: (token) => `The ${token} has expired.` }),
    condition: 'CredentialsValid',
    finding: { status: 'False', reason: 'Expired', message: `The ${named} has expired. Look.` },
    next: { kind: 'wait' },
    standsMs: 3_600_000,
  },
  {
    name: 'a verdict on the installation',
    thrown: error({ reason: 'Suspended' }),
    condition: 'InstallationResolved',
    finding: { status: 'False', reason: 'Suspended', message: 'It failed. Look.' },
    next: { kind: 'wait' },
    standsMs: 3_600_000,
  },
  {
    name: 'a blip',
    thrown: error({ reason: 'ProviderUnreachable' }),
    condition: 'InstallationResolved',
    finding: { status: 'Unknown', reason: 'ProviderUnreachable', message: 'It failed. Look.' },
    next: { kind: 'retry' },
    standsMs: 500,
  },
  {
    name: 'a limit',
    thrown: error({ reason: 'RateLimited', retryAtMs: now + 90_000 }),
    condition: 'InstallationResolved',
    finding: { status: 'Unknown', reason: 'RateLimited', message: 'It failed. Look.' },
    next: { kind: 'at', atMs: now + 90_000 },
    standsMs: 90_000,
  },
  {
    name: 'a limit that has expired by now',
    thrown: error({ reason: 'RateLimited', retryAtMs: now - 1 }),
    condition: 'InstallationResolved',
    finding: { status: 'Unknown', reason: 'RateLimited', message: 'It failed. Look.' },
    next: { kind: 'at', atMs: now - 1 },
    standsMs: 500,
  },
  {
    name: 'an answer that takes its time',
    thrown: new StillWaitingError('There is no answer yet.'),
    condition: 'InstallationResolved',
    finding: {
      status: 'Unknown',
      reason: 'ProviderUnreachable',
      message:
        'github.com has not responded yet. The operator still waits for it; if this persists, check the server and the network path to it.',
    },
    next: { kind: 'retry' },
    standsMs: 500,
  },
  {
    name: 'anything else',
    thrown: new TypeError('x is not a function'),
    condition: 'InstallationResolved',
    finding: {
      status: 'Unknown',
      reason: 'ProviderError',
      message:
        'github.com could not be asked, for a reason that is not known here. The operator retries; its log has the error.',
    },
    next: { kind: 'retry' },
    standsMs: 500,
  },
];

describe('while the installation was looked for', () => {
  it.each(cases)('$name becomes $finding.status on $condition', ({ thrown, condition, finding, next }) => {
    const halt = providerHalt(thrown, question('InstallationResolved'));
    expect(halt).toMatchObject({ condition, finding, next, cause: thrown });
  });

  it('a limit of the credential itself is reported on the step that met it', () => {
    const halt = providerHalt(error({ reason: 'RateLimited', retryAtMs: now }), question('CredentialsValid'));
    expect(halt.condition).toBe('CredentialsValid');
  });
});

describe('a certificate that is not trusted', () => {
  const untrusted = error({ reason: 'TLSUntrusted', isLasting: true });

  it('needs a user where it never was, and is retried all the same', () => {
    expect(providerHalt(untrusted, question('CredentialsValid'))).toMatchObject({
      finding: { status: 'False', reason: 'TLSUntrusted' },
      next: { kind: 'retry' },
    });
  });

  it('is waited for where the integration was Ready', () => {
    expect(providerHalt(untrusted, question('CredentialsValid', true))).toMatchObject({
      finding: { status: 'Unknown', reason: 'TLSUntrusted' },
      next: { kind: 'retry' },
    });
  });

  it('is waited for while it has expired, as certificates are renewed', () => {
    const expired = error({ reason: 'TLSUntrusted' });
    expect(providerHalt(expired, question('CredentialsValid'))).toMatchObject({
      finding: { status: 'Unknown' },
    });
  });
});

describe('a host that the connection does not allow', () => {
  it.each([
    [askForHost, 'Ask the owner of CodeMieConnection "own" to add it to spec.providerHosts.'],
    [
      askForPrivateNetworks,
      'It is in a private network: ask the owner of CodeMieConnection "own" to set spec.allowPrivateNetworks.',
    ],
  ])('is reported with the field that allows it', (hint, says) => {
    const { finding } = providerHalt(error({ reason: 'HostNotAllowed', hint }), question('CredentialsValid'));
    expect(finding.message).toBe(`It failed. ${says}`);
  });
});

describe('a token that does not look like one of the provider', () => {
  const refusal = (fields: Partial<ProviderErrorFields>) =>
    new Refusal({ error: error(fields), isConfirmed: true, againAtMs: now, windowMs: 90_000 });
  const unusual = "does not begin as GitHub's tokens do (ghp_ or github_pat_)";
  const said = (fields: Partial<ProviderErrorFields>): string =>
    providerHalt(refusal(fields), { ...question('CredentialsValid'), unusual }).finding.message;

  it('is said to be unusual where the provider does not say why it rejects it', () => {
    expect(said({})).toBe(`It failed. Look; check the stored value first, because it ${unusual}.`);
  });

  it('is not where the provider says why', () => {
    expect(said({ isExplained: true })).toBe('It failed. Look.');
    expect(said({ reason: 'RepositoryNotAccessible' })).toBe('It failed. Look.');
  });
});

describe('for all who share the credential', () => {
  const ageOf = providerFailureAgeMs(() => now);

  it.each(cases)('$name stands $standsMs ms', ({ thrown, standsMs }) => {
    expect(ageOf(thrown, 3_600_000)).toBe(standsMs);
  });
});
