import { describe, expect, it } from 'vitest';
import { providerNames } from '../api/group.ts';
import { type CreateAppOptions, type CreateTokenOptions, createApp, createToken } from './create.ts';
import { lintInput } from './lint/testing.ts';
import { testIo } from './testing.ts';

const common = { name: 'acme', namespace: 'team-a', project: 'demo' };

function token(given: Partial<CreateTokenOptions> = {}) {
  const io = testIo();
  const exitCode = createToken({ ...common, provider: 'GitHub', ...given }, io);
  return { exitCode, out: io.stdout(), err: io.stderr() };
}

/** What a provider's cloud needs: Azure DevOps has an organization in its URL. */
const cloud = (provider: (typeof providerNames)[number]) => ({
  provider,
  ...(provider === 'AzureDevOps' && { url: 'https://dev.azure.com/acme' }),
});

function app(given: Partial<CreateAppOptions> = {}) {
  const io = testIo();
  const exitCode = createApp({ ...common, ...given }, io);
  return { exitCode, out: io.stdout(), err: io.stderr() };
}

/** The address of the page where the credential is created. */
const pageOf = (err: string) => new URL(/^Create the (?:token|App): (.*)$/m.exec(err)?.[1] ?? '');

describe('create token', () => {
  it.each(providerNames)('for %s', (provider) => expect(token(cloud(provider))).toMatchSnapshot());

  it.each(providerNames)('for %s on a self-managed server', (provider) =>
    expect(token({ provider, url: 'https://git.example.com/base/' })).toMatchSnapshot(),
  );

  it('fills in what the provider lets be filled in', () => {
    const gitHub = pageOf(token({ name: 'a-1' }).err);
    expect(gitHub.origin + gitHub.pathname).toBe('https://github.com/settings/tokens/new');
    expect(gitHub.searchParams.get('description')).toBe('CodeMie a-1');
    expect(gitHub.searchParams.get('scopes')).toContain('repo');
    const gitLab = pageOf(token({ provider: 'GitLab', url: 'https://git.example.com/gitlab' }).err);
    expect(gitLab.pathname).toBe('/gitlab/-/user_settings/personal_access_tokens');
    expect(gitLab.searchParams.get('scopes')).toContain('api');
  });

  it('takes an address of the cloud for the cloud', () => {
    expect(pageOf(token({ url: 'https://api.github.com/' }).err).origin).toBe('https://github.com');
    expect(token({ provider: 'Bitbucket', url: 'https://bitbucket.org' }).err).toContain(
      'support.atlassian.com',
    );
  });

  it('takes the rest from flags, each in its place', () => {
    const given = { alias: 'yes', connection: 'second', secret: 'other', username: 'on', project: '012' };
    expect(token(given)).toMatchSnapshot();
  });
});

describe('create app', () => {
  it('of a user, of an organization, and one that exists', () => {
    expect(app()).toMatchSnapshot('a person');
    expect(app({ organization: 'acme & co' })).toMatchSnapshot('an organization');
    expect(app({ appId: 123456, url: 'https://git.example.com' })).toMatchSnapshot('one that exists');
  });

  it('asks for the permissions that the docs name', () => {
    const { searchParams } = pageOf(app().err);
    expect(searchParams.get('contents')).toBe('write');
    expect(searchParams.get('webhook_active')).toBe('false');
  });
});

describe('what is created', () => {
  it.each([
    ...providerNames.map((provider) => ({ name: provider, made: token(cloud(provider)) })),
    { name: 'an App', made: app() },
    { name: 'odd names', made: token({ alias: 'a: b # c', project: 'yes', username: '0o17' }) },
  ])('passes lint: $name', async ({ made }) => {
    const { out, exitCode } = await lintInput(made.out);
    expect({ out, exitCode }).toMatchObject({ exitCode: 0, out: expect.stringContaining('0 errors') });
  });

  it.each([
    ['a name', { name: 'Not A Name' }, 'metadata.name: must be lower-case letters'],
    ['a namespace', { namespace: 'a.b' }, 'metadata.namespace: must be lower-case letters'],
    ['a URL', { url: 'http://git.example.com' }, 'spec.url:'],
    ['no URL', { url: `https://${'/'.repeat(100_000)}` }, 'spec.url:'],
    ['an empty project', { project: '' }, 'spec.project:'],
    ['a Secret', { secret: 'x y' }, 'spec.auth.token.secretRef.name:'],
  ])('is nothing for %s that the API refuses', (_name, given, message) => {
    const io = testIo();
    expect(() => createToken({ ...common, provider: 'GitHub', ...given }, io)).toThrow(message);
    expect(io.stdout() + io.stderr()).toBe('');
  });
});
