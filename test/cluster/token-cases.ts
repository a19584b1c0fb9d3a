import type { World } from '../harness/world.ts';
import { type Outcome, ready, stalled } from './outcome.ts';

/** One token, what its provider knows of it, and what becomes of an integration with it. */
export interface TokenCase extends Outcome {
  /** Registers the token at its provider; without it, the token is unknown. */
  know?: (world: World, token: string) => void;
  /** How the provider's tokens begin. */
  prefix?: string;
  /** Fields of `auth.token` besides the Secret. */
  auth?: Record<string, unknown>;
  /** A part of `status.credential`. */
  credential?: Record<string, unknown>;
  /** URL and token name as CodeMie has to hold them. Default: those of GitHub. */
  held?: { url: string; name: string };
}

/** Nothing but the test's own clock decides about it, and that by days. */
const inDays = (days: number) => new Date(Math.ceil(Date.now() / 1000) * 1000 + days * 86_400_000);
const toSeconds = (date: Date) => date.toISOString().replace('.000Z', 'Z');
const soon = inDays(3);
const far = inDays(300);

const ofOctocat =
  (change: Partial<Parameters<World['github']['addToken']>[0]> = {}) =>
  ({ github }: World, token: string) =>
    github.addToken({ token, login: 'octocat', ...change });

const gitHubUser = 'GET api.github.com/user';

/** Tokens of github.com. */
export const gitHubTokens: Record<string, TokenCase> = {
  'with all scopes': {
    know: ofOctocat(),
    conditions: { ...ready, PermissionsSufficient: 'True/Sufficient', CredentialExpiring: '' },
    calls: [gitHubUser],
    credential: { kind: 'ClassicPersonalAccessToken', account: 'octocat', scopes: ['project', 'repo'] },
  },
  'without scopes': {
    know: ofOctocat({ scopes: [] }),
    conditions: {
      ...stalled('MissingPermissions'),
      CredentialsValid: 'True/Valid',
      PermissionsSufficient: 'False/MissingPermissions',
    },
    calls: [gitHubUser],
    says: 'The <token> lacks repo, project. Tick them for the token, or change validation.requiredScopes: https://github.com/settings/tokens',
  },
  'with one scope of two': {
    know: ofOctocat({ scopes: ['repo'] }),
    conditions: stalled('MissingPermissions'),
    calls: [gitHubUser],
    says: 'The <token> lacks project. Tick it for the token, or change validation.requiredScopes: https://github.com/settings/tokens',
  },
  'with the scope that the spec asks for': {
    know: ofOctocat({ scopes: ['repo'] }),
    spec: { validation: { requiredScopes: ['repo'] } },
    conditions: { ...ready, PermissionsSufficient: 'True/Sufficient' },
    calls: [gitHubUser],
  },
  'without scopes, under policy Warn': {
    know: ofOctocat({ scopes: [] }),
    spec: { validation: { policy: 'Warn' } },
    conditions: { ...ready, PermissionsSufficient: 'False/MissingPermissions' },
    calls: [gitHubUser],
  },
  'that nobody knows, under policy Skip': {
    spec: { validation: { policy: 'Skip' } },
    conditions: { ...ready, CredentialsValid: 'True/NotChecked', PermissionsSufficient: '' },
    calls: [],
  },
  'that is fine-grained': {
    know: ofOctocat({ kind: 'fineGrained', expiresAt: far }),
    conditions: { ...ready, PermissionsSufficient: 'Unknown/NotReported', CredentialExpiring: '' },
    calls: [gitHubUser],
    credential: { kind: 'FineGrainedPersonalAccessToken', account: 'octocat', expiresAt: toSeconds(far) },
  },
  'that ends soon': {
    know: ofOctocat({ expiresAt: soon, expiryZone: '-0700' }),
    conditions: { ...ready, CredentialExpiring: 'True/ExpiresSoon' },
    calls: [gitHubUser],
    credential: { expiresAt: toSeconds(soon) },
  },
  'that ends soon, and the warning is due later': {
    know: ofOctocat({ expiresAt: soon }),
    spec: { validation: { expiryWarning: '24h' } },
    conditions: { ...ready, CredentialExpiring: '' },
    calls: [gitHubUser],
    credential: { expiresAt: toSeconds(soon) },
  },
  'that nobody knows': {
    conditions: { ...stalled('Unauthorized'), CredentialsValid: 'False/Unauthorized' },
    calls: [gitHubUser],
    says: "github.com rejected the <token>. It is invalid, expired or revoked, and GitHub doesn't say which; create a new token at https://github.com/settings/tokens/new?description=CodeMie&scopes=repo,project and store it in that Secret.",
  },
  'that nobody knows after the end that the spec names': {
    auth: { expiresAt: '2020-01-01T00:00:00Z' },
    conditions: stalled('Expired'),
    calls: [gitHubUser],
    says: 'The <token> has expired at github.com. Create a new token at https://github.com/settings/tokens/new?description=CodeMie&scopes=repo,project and store it in that Secret.',
  },
  'that reaches the repository of the spec': {
    know: ofOctocat(),
    spec: { validation: { repositories: ['octocat/shop'] } },
    conditions: ready,
    calls: [gitHubUser, 'GET api.github.com/repos/octocat/shop'],
  },
  'that does not reach it': {
    know: ofOctocat(),
    spec: { validation: { repositories: ['acme/vault'] } },
    conditions: stalled('RepositoryNotAccessible'),
    calls: [gitHubUser, 'GET api.github.com/repos/acme/vault'],
  },
  'of an organization that demands single sign-on': {
    know: ofOctocat(),
    spec: { validation: { repositories: ['sso/shop'] } },
    conditions: stalled('SSORequired'),
    calls: [gitHubUser, 'GET api.github.com/repos/sso/shop'],
  },
};

const ofAlice =
  (change: Partial<Parameters<World['gitlab']['addToken']>[0]> = {}) =>
  ({ gitlab }: World, token: string) =>
    gitlab.addToken({ token, ...change });

const gitLabSelf = 'GET gitlab.com/api/v4/personal_access_tokens/self';
const gitLabUser = 'GET gitlab.com/api/v4/user';
const ofGitLab = { prefix: 'glpat-', spec: { provider: 'GitLab' } };

/** Tokens of gitlab.com. */
export const gitLabTokens: Record<string, TokenCase> = {
  'with the scope api, which brings the others along': {
    ...ofGitLab,
    know: ofAlice({ expiresOn: soon.toISOString().slice(0, 10) }),
    conditions: {
      ...ready,
      PermissionsSufficient: 'True/Sufficient',
      CredentialExpiring: 'True/ExpiresSoon',
    },
    calls: [gitLabSelf, gitLabUser],
    credential: {
      kind: 'PersonalAccessToken',
      account: 'alice',
      scopes: ['api'],
      expiresAt: `${soon.toISOString().slice(0, 10)}T00:00:00Z`,
    },
    held: { url: 'https://gitlab.com', name: 'oauth2' },
  },
  'that may only read': {
    ...ofGitLab,
    know: ofAlice({ scopes: ['read_api', 'read_repository'] }),
    conditions: stalled('MissingPermissions'),
    calls: [gitLabSelf, gitLabUser],
    says: "The <token> lacks api. GitLab can't add scopes to a token: create a new one that has them, or change validation.requiredScopes: https://gitlab.com/-/user_settings/personal_access_tokens?name=CodeMie&scopes=api",
  },
  'that has expired': {
    ...ofGitLab,
    know: ofAlice({ expiresOn: '2020-01-01' }),
    conditions: stalled('Expired'),
    calls: [gitLabSelf],
  },
  'that was revoked': {
    ...ofGitLab,
    know: (world, token) => {
      ofAlice()(world, token);
      world.gitlab.revokeToken(token);
    },
    conditions: stalled('Revoked'),
    calls: [gitLabSelf],
  },
};

const scopesOfApiToken = ['project', 'repository', 'user'].map((what) => `read:${what}:bitbucket`);
const bitbucketUser = 'GET api.bitbucket.org/2.0/user';

/** Tokens of bitbucket.org. */
export const bitbucketTokens: Record<string, TokenCase> = {
  'of a workspace, without a user name': {
    prefix: 'ATCTT',
    spec: { provider: 'Bitbucket' },
    know: ({ bitbucket: cloud }, token) =>
      cloud.addToken({
        token,
        kind: 'workspace_access_token',
        resource: 'acme',
        scopes: ['repository:write', 'project'],
      }),
    conditions: { ...ready, PermissionsSufficient: 'True/Sufficient' },
    calls: [bitbucketUser],
    credential: { kind: 'WorkspaceAccessToken' },
    held: { url: 'https://bitbucket.org', name: 'x-token-auth' },
  },
  'of a person, with the e-mail address': {
    prefix: 'ATATT',
    spec: { provider: 'Bitbucket' },
    auth: { username: 'alice@example.com' },
    know: ({ bitbucket: cloud }, token) =>
      cloud.addToken({ token, scopes: [...scopesOfApiToken, 'write:repository:bitbucket'] }),
    conditions: { ...ready, PermissionsSufficient: 'True/Sufficient' },
    calls: [bitbucketUser],
    credential: { kind: 'ApiToken', account: 'alice' },
    held: { url: 'https://bitbucket.org', name: 'x-bitbucket-api-token-auth' },
  },
  'of a person, without the e-mail address': {
    prefix: 'ATATT',
    spec: { provider: 'Bitbucket' },
    know: ({ bitbucket: cloud }, token) => cloud.addToken({ token }),
    conditions: stalled('Unauthorized'),
    calls: [bitbucketUser],
  },
  'that is an app password': {
    prefix: 'ATBB',
    spec: { provider: 'Bitbucket' },
    auth: { username: 'alice' },
    conditions: stalled('AppPasswordRetired'),
    calls: [bitbucketUser],
  },
};
