import {
  app,
  appAuth,
  clientCredentials,
  cluster,
  connection,
  git,
  login,
  password,
  type RefusedCase,
  refuse,
  token,
  tokenAuth,
} from './manifests.ts';

const REQUIRED = 'Required value';
const FORBIDDEN = 'Forbidden';
const invalid = (value?: string) =>
  value === undefined ? 'Invalid value' : `Invalid value: ${JSON.stringify(value)}`;

/** Written behind the colon of a host, none of them is a port that every parser reads alike. */
const ports = ['', '0', '0443', '65536', '99999'];

/** Every rule, broken. */
export const refused: RefusedCase[] = [
  ...[
    { name: 'no credential', auth: {} },
    { name: 'two credentials', auth: { ...tokenAuth, ...appAuth } },
  ].map(({ name, auth }) =>
    refuse(
      git(name, { auth }),
      'auth',
      invalid(),
      'give exactly one credential; write either auth.token or auth.githubApp',
    ),
  ),
  ...[undefined, 'https://dev.azure.com', 'https://ado.example.com/'].map((url) =>
    refuse(
      git(`AzureDevOps at ${url}`, { provider: 'AzureDevOps', ...(url && { url }) }),
      'url',
      invalid(),
      'must name the organization or collection of Azure DevOps, such as https://dev.azure.com/acme or https://ado.example.com/DefaultCollection',
    ),
  ),
  ...['GitLab', 'Bitbucket'].map((provider) =>
    refuse(
      git(`a GitHub App on ${provider}`, { provider, auth: appAuth }),
      'auth.githubApp',
      FORBIDDEN,
      'a GitHub App exists on GitHub only; set provider: GitHub, or use auth.token',
    ),
  ),
  refuse(
    git('global in scope Project', { global: true }),
    'global',
    FORBIDDEN,
    'only a personal setting can be global; set scope: User, or remove global',
  ),
  refuse(
    git('scope User on a shared connection', { scope: 'User' }),
    'connectionRef.kind',
    invalid(),
    "scope User registers for the connection's own login, so it needs a connection of this namespace; set connectionRef.kind: CodeMieConnection, or use scope: Project",
  ),
  ...['http://github.com', 'github.com', 'ssh://github.com', 'https://', 'https://git hub.com'].map((url) =>
    refuse(
      git(`url ${url}`, { url }),
      'url',
      invalid(url),
      'must be an https URL, such as https://github.com; write a blank as %20',
    ),
  ),
  refuse(
    git('a token in the url', { url: 'https://bot:secret@github.com' }),
    'url',
    FORBIDDEN,
    'must not contain a user name or password; put credentials in a Secret and refer to it under auth',
  ),
  ...['https://github.com?a=b', 'https://github.com/x#readme'].map((url) =>
    refuse(
      git(`url ${url}`, { url }),
      'url',
      FORBIDDEN,
      "must end with the path; remove the query ('?…') and the fragment ('#…')",
    ),
  ),
  ...['https://*.example.com', 'https://gitlab.*/group'].map((url) =>
    refuse(git(`url ${url}`, { url }), 'url', invalid(url), "must name one host; remove the '*'"),
  ),
  refuse(
    connection('a pattern for a host', { url: 'https://*a*a.example.com/api' }),
    'url',
    invalid('https://*a*a.example.com/api'),
    "must name one host; remove the '*'",
  ),
  refuse(
    git('a plain http apiURL', { apiURL: 'http://git.example.com/api' }),
    'apiURL',
    invalid('http://git.example.com/api'),
    'must be an https URL, such as https://gitlab.example.com/api/v4; write a blank as %20',
  ),
  ...[' demo', 'demo ', 'de\nmo', 'de\tmo'].map((project) =>
    refuse(
      git(`project ${JSON.stringify(project)}`, { project }),
      'project',
      invalid(project),
      'must be one line that neither begins nor ends with a blank; remove the blanks and line breaks',
    ),
  ),
  refuse(
    git('an alias with a line break', { alias: 'a\nb' }),
    'alias',
    invalid('a\nb'),
    'must be one line that neither begins nor ends with a blank; remove the blanks and line breaks',
  ),
  ...['59s', '24h1s', '10', '1d', '1.5h'].map((syncInterval) =>
    refuse(
      git(`syncInterval ${syncInterval}`, { syncInterval }),
      'syncInterval',
      invalid(syncInterval),
      'must be a duration from 1m to 24h, in whole hours, minutes and seconds, such as 10m or 1h30m',
    ),
  ),
  ...['4m', '169h'].map((interval) =>
    refuse(
      git(`validation.interval ${interval}`, { validation: { interval } }),
      'validation.interval',
      invalid(interval),
      'must be a duration from 5m to 168h, in whole hours, minutes and seconds, such as 10m or 1h30m',
    ),
  ),
  refuse(
    git('an expiry warning of more than a year', { validation: { expiryWarning: '8761h' } }),
    'validation.expiryWarning',
    invalid('8761h'),
    'must be a duration from 0s to 8760h, in whole hours, minutes and seconds, such as 10m or 1h30m',
  ),
  ...['shop', '/acme/shop', 'https://github.com/acme/shop'].map((repository) =>
    refuse(
      git(`repository ${repository}`, { validation: { repositories: [repository] } }),
      'validation.repositories[0]',
      invalid(repository),
      'must be the path of a repository without host and leading slash, such as acme/shop; write a blank as %20',
    ),
  ),
  refuse(
    git('the user name twice', token({ username: 'a', usernameSecretRef: { name: 'git' } })),
    'auth.token.usernameSecretRef',
    FORBIDDEN,
    'give the user name once; remove username or usernameSecretRef',
  ),
  refuse(
    git('a user name from another Secret', token({ usernameSecretRef: { name: 'another' } })),
    'auth.token.usernameSecretRef.name',
    invalid(),
    'must be the Secret of secretRef, because CodeMie shows user names in clear; store the user name there, or write username',
  ),
  refuse(
    git('a user name from a Secret under policy Skip', {
      ...token({ usernameSecretRef: { name: 'git' } }),
      validation: { policy: 'Skip' },
    }),
    'auth.token.usernameSecretRef',
    FORBIDDEN,
    'cannot be used with validation.policy Skip, because CodeMie shows the value in clear and nothing has shown that it is a user name; write username, or choose the policy Warn',
  ),
  ...[
    { installation: { idSecretRef: { name: 'another' } } },
    { appID: undefined, appIDSecretRef: { name: 'another' } },
  ].map((changes) =>
    refuse(
      git(`a number from another Secret under policy Skip: ${Object.keys(changes).join()}`, {
        ...app(changes),
        validation: { policy: 'Skip' },
      }),
      'auth.githubApp',
      invalid(),
      'must take its numbers from the Secret of privateKeySecretRef under validation.policy Skip, because CodeMie shows them in clear; store them there, or write appID and installation.id',
    ),
  ),
  refuse(
    git('no App ID', { auth: { githubApp: { privateKeySecretRef: { name: 'app' } } } }),
    'auth.githubApp',
    invalid(),
    'give the App ID exactly once; write either appID or appIDSecretRef',
  ),
  ...['Iv23liAbCdEf', 'my-app', '0', '1e6'].map((appID) =>
    refuse(
      git(`the App ID ${appID}`, app({ appID })),
      'auth.githubApp.appID',
      invalid(appID),
      "must be the App ID, a number from the app's settings page on GitHub; it is neither the client ID (Iv…) nor the name of the app",
    ),
  ),
  refuse(
    git('a client ID in quotes for an App ID', app({ appID: '"Iv23liAbCdEf"' })),
    'auth.githubApp.appID',
    invalid('"Iv23liAbCdEf"'),
    "must be the App ID, a number from the app's settings page on GitHub; it is neither the client ID (Iv…) nor the name of the app",
  ),
  refuse(
    git('a name for the number of an installation', app({ installation: { id: 'acme' } })),
    'auth.githubApp.installation.id',
    invalid('acme'),
    'must be the number of the installation, which its settings URL on GitHub ends in',
  ),
  refuse(
    git('the App ID twice', app({ appIDSecretRef: { name: 'app' } })),
    'auth.githubApp',
    invalid(),
    'give the App ID exactly once; write either appID or appIDSecretRef',
  ),
  ...[{}, { id: 1, owner: 'acme' }, { owner: 'acme', repository: 'acme/shop' }].map((installation) =>
    refuse(
      git(`installation ${JSON.stringify(installation)}`, app({ installation })),
      'auth.githubApp.installation',
      invalid(),
      'give exactly one of id, idSecretRef, owner and repository, or remove installation to use the first one available',
    ),
  ),
  refuse(
    git('an owner with a slash', app({ installation: { owner: 'acme/shop' } })),
    'auth.githubApp.installation.owner',
    invalid('acme/shop'),
    'must be the login of an organization or user on GitHub, such as acme',
  ),
  refuse(
    git('a repository without owner', app({ installation: { repository: 'shop' } })),
    'auth.githubApp.installation.repository',
    invalid('shop'),
    'must be owner/name of a repository on GitHub, such as acme/shop',
  ),
  refuse(
    git('a Secret name in upper case', token({ secretRef: { name: 'Git' } })),
    'auth.token.secretRef.name',
    invalid('Git'),
    "must be the name of an object: lower-case letters, digits, '-' and '.', such as acme-github",
  ),
  refuse(
    git('a Secret key with a blank', token({ secretRef: { name: 'git', key: 'my token' } })),
    'auth.token.secretRef.key',
    invalid('my token'),
    "must be a key of a Secret or ConfigMap: letters, digits, '-', '_' and '.', such as token",
  ),
  ...[{}, { ...login, ...clientCredentials({}).auth }].map((auth) =>
    refuse(
      connection(`logins: ${Object.keys(auth).join(' and ') || 'none'}`, { auth }),
      'auth',
      invalid(),
      'give exactly one login; write one of clientCredentials, password, localLogin and token',
    ),
  ),
  ...[
    'codemie.example.com',
    'ftp://codemie.example.com',
    'https://codemie.example.com:+443',
    'https://codemie.example.com:4 43/api',
  ].map((url) =>
    refuse(
      connection(`url ${url}`, { url }),
      'url',
      invalid(url),
      'must be a URL, such as https://codemie.example.com/code-assistant-api',
    ),
  ),
  ...['http://codemie.lan', 'http://codemie.svc.example.com', 'http://codemie.example.com/x.svc'].map((url) =>
    refuse(
      connection(`plain http to ${url}`, { url }),
      'url',
      invalid(),
      'must be https; plain http is only for a Service of the cluster, whose host ends in .svc or .svc.cluster.local, unless insecure: true is set',
    ),
  ),
  refuse(
    connection('a token endpoint without scheme', clientCredentials({ tokenURL: 'auth.example.com/token' })),
    'auth.clientCredentials.tokenURL',
    invalid('auth.example.com/token'),
    'must be a URL, such as https://auth.example.com/auth/realms/codemie-prod/protocol/openid-connect/token',
  ),
  refuse(
    connection('a plain http token endpoint', clientCredentials({ tokenURL: 'http://auth.lan/token' })),
    'auth.clientCredentials.tokenURL',
    invalid(),
    'must be https; plain http is only for a Service of the cluster, whose host ends in .svc or .svc.cluster.local, unless insecure: true is set',
  ),
  refuse(
    connection('a plain http token endpoint for a password', password({ tokenURL: 'http://auth.lan/token' })),
    'auth.password.tokenURL',
    invalid(),
    'must be https; plain http is only for a Service of the cluster, whose host ends in .svc or .svc.cluster.local, unless insecure: true is set',
  ),
  refuse(
    connection('a host with scheme', { providerHosts: ['https://github.com'] }),
    'providerHosts[0]',
    invalid('https://github.com'),
    'must be a host name in lower case without scheme and path, such as gitlab.example.com, *.example.com or gitlab.example.com:8443; a port is a number from 1 to 65535',
  ),
  ...['*', '+443', '4 43', ...ports].map((port) =>
    refuse(
      connection(`a host with the port ${JSON.stringify(port)}`, {
        providerHosts: [`git.example.com:${port}`],
      }),
      'providerHosts[0]',
      invalid(`git.example.com:${port}`),
      'must be a host name in lower case without scheme and path, such as gitlab.example.com, *.example.com or gitlab.example.com:8443; a port is a number from 1 to 65535',
    ),
  ),
  ...ports.flatMap((port) => {
    const url = `https://git.example.com:${port}/a`;
    const sentence = 'must have a port from 1 to 65535 behind the host, without leading zeros, or none';
    return [
      refuse(connection(`url ${url}`, { url }), 'url', invalid(url), sentence),
      refuse(
        connection(`token endpoint ${url}`, clientCredentials({ tokenURL: url })),
        'auth.clientCredentials.tokenURL',
        invalid(url),
        sentence,
      ),
      refuse(git(`url ${url}`, { url }), 'url', invalid(url), sentence),
      refuse(git(`apiURL ${url}`, { apiURL: url }), 'apiURL', invalid(url), sentence),
    ];
  }),
  refuse(
    cluster('consumers without namespaces', { consumers: [{ projects: ['*'] }] }),
    'consumers[0]',
    REQUIRED,
    'say which namespaces are meant; write namespaces, namespaceSelector or both',
  ),
  refuse(
    cluster('a namespace that cannot be one', { consumers: [{ namespaces: ['Team A'], projects: ['*'] }] }),
    'consumers[0].namespaces[0]',
    invalid('Team A'),
    'must be the name of a namespace, such as team-a or team-*',
  ),
];
