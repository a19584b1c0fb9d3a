import {
  type AcceptedCase,
  app,
  clientCredentials,
  cluster,
  connection,
  git,
  password,
  token,
} from './manifests.ts';

/** Specs at the edges of what is right. */
export const accepted: AcceptedCase[] = [
  git('only what is required', {}),
  git('numbers in quotes', {
    auth: {
      githubApp: {
        appID: '4475970',
        privateKeySecretRef: { name: 'app' },
        installation: { id: '7890' },
      },
    },
  }),
  git('the largest number in quotes', app({ appID: '999999999999999' })),
  git('a GitHub App with its id in a Secret', {
    auth: {
      githubApp: {
        appIDSecretRef: { name: 'app' },
        privateKeySecretRef: { name: 'app', key: 'private-key.pem' },
      },
    },
  }),
  git('an installation by id', app({ installation: { id: 7 } })),
  git('an installation by Secret', app({ installation: { idSecretRef: { name: 'app' } } })),
  git('an installation by owner', app({ installation: { owner: 'acme_emu' } })),
  git('an installation by repository', app({ installation: { repository: 'acme/shop.git-tools' } })),
  git('a Bitbucket token without user name', { provider: 'Bitbucket' }),
  git('an organization of AzureDevOps', { provider: 'AzureDevOps', url: 'https://dev.azure.com/acme' }),
  git('a collection of AzureDevOps', {
    provider: 'AzureDevOps',
    url: 'https://ado.example.com:8443/tfs/DefaultCollection',
  }),
  git('a token with user name', token({ username: 'x-token-auth' })),
  git('a token with its user name in a Secret', token({ usernameSecretRef: { name: 'git' } })),
  git('a token whose end is known', token({ expiresAt: '2027-01-31T00:00:00Z' })),
  git('a server under a path and port', { provider: 'GitLab', url: 'https://git.example.com:8443/gitlab' }),
  git('a global personal setting', {
    scope: 'User',
    global: true,
    connectionRef: { kind: 'CodeMieConnection', name: 'own' },
  }),
  git('the shortest sync interval', { syncInterval: '1m' }),
  git('the longest sync interval', { syncInterval: '24h' }),
  git('a sync interval in several units', { syncInterval: '1h30m30s' }),
  git('no expiry warning', { validation: { expiryWarning: '0s' } }),
  git('no required scopes', { validation: { requiredScopes: [] } }),
  git('a repository in nested groups', { provider: 'GitLab', validation: { repositories: ['a/b/c'] } }),
  git('a personal project and an alias with blanks inside', {
    project: 'ann@example.com',
    alias: 'Ann: my Git',
  }),
  connection('only what is required', {}),
  connection('client credentials', clientCredentials({ scope: 'openid profile' })),
  connection('a password', password({})),
  connection('a local login', {
    auth: { localLogin: { emailSecretRef: { name: 'l' }, passwordSecretRef: { name: 'l' } } },
  }),
  connection('plain http to a Service', { url: 'http://codemie.codemie.svc:8080' }),
  connection('plain http to a Service by its full name', {
    url: 'http://codemie.codemie.svc.cluster.local/api',
  }),
  connection('plain http anywhere on purpose', { url: 'http://codemie.lan', insecure: true }),
  connection(
    'a plain http token endpoint of a Service',
    clientCredentials({ tokenURL: 'http://keycloak.auth.svc/t' }),
  ),
  connection('hosts by pattern', {
    providerHosts: [
      '*.example.com',
      'git',
      '10.0.0.1',
      'git.example.com:8443',
      '*.example.com:65535',
      'git:1',
    ],
    allowPrivateNetworks: true,
  }),
  connection('no hosts', { providerHosts: [] }),
  cluster('consumers by name', { consumers: [{ namespaces: ['team-*'], projects: ['demo', 'team-*'] }] }),
  cluster('consumers by label', {
    consumers: [
      {
        namespaceSelector: {
          matchLabels: { team: 'a' },
          matchExpressions: [{ key: 'env', operator: 'In', values: ['prod'] }],
        },
        projects: ['*'],
      },
    ],
  }),
  cluster('every namespace', { consumers: [{ namespaceSelector: {}, projects: ['*'] }] }),
];
