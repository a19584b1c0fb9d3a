import type { LintRule } from './finding.ts';

/** Manifests that are right, each of which the cases below break in one place. */
export const goodManifests = {
  token: `apiVersion: codemie.ai/v1alpha1
kind: GitIntegration
metadata:
  name: github
  namespace: team-a
spec:
  provider: GitHub
  project: demo
  auth:
    token:
      secretRef:
        name: github-token
`,
  app: `apiVersion: codemie.ai/v1alpha1
kind: GitIntegration
metadata:
  name: github-app
  namespace: team-a
spec:
  provider: GitHub
  project: demo
  auth:
    githubApp:
      appID: 123456
      privateKeySecretRef:
        name: github-app
      installation:
        owner: acme
`,
  cluster: `apiVersion: codemie.ai/v1alpha1
kind: ClusterCodeMieConnection
metadata:
  name: default
spec:
  url: https://codemie.example.com/code-assistant-api
  auth:
    clientCredentials:
      tokenURL: https://auth.example.com/token
      clientID: operator
      clientSecretRef:
        name: login
  providerHosts: [github.com, api.github.com]
  consumers:
    - namespaces: [team-a]
      projects: [demo]
`,
  own: `apiVersion: codemie.ai/v1alpha1
kind: CodeMieConnection
metadata:
  name: own
  namespace: team-a
spec:
  url: https://codemie.example.com/code-assistant-api
  auth:
    token:
      secretRef:
        name: login
`,
} as const;

/** One broken manifest: in `of`, `from` is replaced by `to`, in which `«` stands right before the place of the finding. */
export interface BrokenManifest {
  of: keyof typeof goodManifests;
  rule: LintRule;
  from: string;
  to: string;
}

const broken = (of: BrokenManifest['of'], rule: LintRule, from: string, to: string): BrokenManifest => ({
  of,
  rule,
  from,
  to,
});

/** What people write by mistake, as far as it can be seen in one manifest. */
export const brokenManifests: readonly BrokenManifest[] = [
  // Text that is no YAML.
  broken('token', 'yaml-syntax', '  project: demo', '  project: demo\n« \tauthor: x'),
  broken('token', 'yaml-syntax', 'provider: GitHub', 'provider: GitHub\n  «provider: GitLab'),
  broken('token', 'yaml-syntax', 'name: github-token\n', 'name: "github-token\n«'),
  broken('token', 'yaml-syntax', 'project: demo', 'project: «*demo'),
  broken('token', 'yaml-syntax', 'apiVersion: codemie.ai/v1alpha1\n', '«api: codemie.ai/v1alpha1\n'),
  broken(
    'token',
    'yaml-syntax',
    'apiVersion: codemie.ai/v1alpha1\nkind: GitIntegration\n',
    '«apiVersion: codemie.ai/v1alpha1\n',
  ),
  broken('token', 'yaml-syntax', 'project: demo', 'project: «{{ .Values.project }}'),
  broken('token', 'yaml-syntax', 'spec:\n', '«{{- if .Values.git }}\nspec:\n'),
  broken('token', 'yaml-syntax', 'project: demo', 'project: demo # theirs«\u0085  alias: hidden'),
  broken('token', 'yaml-syntax', 'project: demo', 'project: demo # theirs«\u2028  alias: hidden'),
  broken('token', 'yaml-syntax', 'project: demo', 'project: demo # theirs«\r  alias: hidden'),
  broken('token', 'yaml-syntax', 'project: demo', 'project: "de«\u2029mo"'),
  broken('token', 'yaml-syntax', 'project: demo', 'project: de«\u0000mo'),
  broken('token', 'yaml-syntax', 'project: demo', 'project: demo # «\u0007'),
  broken('token', 'yaml-syntax', 'apiVersion:', '«%YAML 1.2\n---\napiVersion:'),
  broken('token', 'yaml-syntax', 'apiVersion:', '# above\n\n«%TAG ! tag:example.com,2000:\napiVersion:'),
  broken('token', 'yaml-syntax', 'apiVersion:', '---« {"kind": "List"}\napiVersion:'),
  broken('token', 'yaml-syntax', 'project: demo', 'project: demo\n  «<<: {project: other}'),
  broken('token', 'yaml-syntax', 'project: demo', 'project: demo\n  «<<: other'),
  broken('token', 'yaml-syntax', 'spec:\n', 'spec: &spec\n  suspend: «*spec\n'),
  broken('token', 'yaml-syntax', 'project: demo', String.raw`project: "de«\/mo"`),
  broken('token', 'yaml-syntax', 'project: demo', String.raw`project: "de\\«\ud83d\ude00mo"`),
  broken('token', 'yaml-syntax', 'project: demo', 'project: «.inf'),
  broken('token', 'yaml-syntax', 'project: demo', 'project: demo\n«\t# a comment'),
  broken('token', 'yaml-syntax', 'project: demo', 'project: &a.b «demo'),
  broken('token', 'yaml-syntax', 'name: github-token\n', 'name: github-token\n...\n«kind: x\n'),
  broken('token', 'yaml-syntax', 'apiVersion:', '«...\napiVersion:'),
  // A template whose expressions are in quotes.
  broken('token', 'template', 'project: demo', 'project: «"{{ .Values.project }}"'),
  broken('token', 'template', 'project: demo', "project: demo\n  alias: «'{{ $key }}'"),
  // Kinds and versions.
  broken('token', 'unknown-version', 'apiVersion: codemie.ai/v1alpha1', 'apiVersion: «codemie.ai/v1'),
  broken('token', 'unknown-version', 'apiVersion: codemie.ai/v1alpha1', 'apiVersion: «codemie.ai/v1alpha2'),
  broken('token', 'unknown-version', 'apiVersion: codemie.ai/v1alpha1', 'apiVersion: «codemie.io/v1alpha1'),
  broken('token', 'unknown-version', 'apiVersion: codemie.ai/v1alpha1', 'apiVersion: «codemie.ai'),
  broken('token', 'unknown-version', 'kind: GitIntegration', 'kind: «Gitintegration'),
  broken('token', 'unknown-version', 'kind: GitIntegration', 'kind: «Integration'),
  broken('cluster', 'unknown-version', 'kind: ClusterCodeMieConnection', 'kind: «ClusterCodemieConnection'),
  // Metadata.
  broken('token', 'metadata', 'name: github\n', 'name: «GitHub\n'),
  broken('token', 'metadata', 'name: github\n', 'name: «git_hub\n'),
  broken('token', 'metadata', 'name: github\n', 'name: «-github\n'),
  broken('token', 'metadata', 'name: github\n', 'name: «123\n'),
  broken('token', 'metadata', 'name: github\n', `name: «${'a'.repeat(254)}\n`),
  broken('token', 'metadata', '  name: github\n', '  generateName: «github-\n'),
  broken('token', 'metadata', 'metadata:\n  name: github\n', '«metadata:\n'),
  broken('token', 'metadata', 'namespace: team-a', 'namespace: «Team-A'),
  broken('token', 'metadata', 'namespace: team-a', 'namespace: «team.a'),
  broken('token', 'metadata', 'namespace: team-a', 'namespace: «42'),
  broken('token', 'metadata', 'namespace: team-a', 'namespace: team-a\n  labels:\n    team: «true'),
  broken('token', 'metadata', 'namespace: team-a', 'namespace: team-a\n  labels:\n    team: «"a b"'),
  broken('token', 'metadata', 'namespace: team-a', 'namespace: team-a\n  annotations:\n    year: «2026'),
  broken('cluster', 'metadata', 'name: default\n', 'name: default\n  namespace: «codemie-system\n'),
  // Fields that do not exist.
  broken('token', 'unknown-field', 'project: demo', 'project: demo\n  «projct: demo'),
  broken('token', 'unknown-field', 'project: demo', 'project: demo\n  «Alias: x'),
  broken('token', 'unknown-field', 'project: demo', 'project: demo\n  «token: x'),
  broken('token', 'unknown-field', 'spec:\n', '«spce: {}\nspec:\n'),
  broken(
    'token',
    'unknown-field',
    '        name: github-token',
    '        name: github-token\n        «namespace: team-b',
  ),
  broken(
    'token',
    'unknown-field',
    '        name: github-token',
    '        name: github-token\n      «expireAt: 2027-01-31T00:00:00Z',
  ),
  broken('token', 'unknown-field', 'project: demo', 'project: demo\n  validation:\n    «intervall: 1h'),
  broken(
    'token',
    'unknown-field',
    'project: demo',
    'project: demo\n  connectionRef:\n    name: default\n    «namespace: x',
  ),
  broken(
    'token',
    'unknown-field',
    'project: demo',
    'project: demo\n  «apiUrl: https://github.example.com/api/v3',
  ),
  broken('app', 'unknown-field', 'appID: 123456', 'appID: 123456\n      «clientID: Iv1.abc'),
  broken('app', 'unknown-field', 'owner: acme', 'owner: acme\n        «org: acme'),
  broken('cluster', 'unknown-field', 'clientID: operator', 'clientID: operator\n      «clientSecret: x'),
  broken(
    'cluster',
    'unknown-field',
    '      projects: [demo]',
    '      projects: [demo]\n      «project: demo',
  ),
  broken('cluster', 'unknown-field', '  providerHosts:', '  «hosts: []\n  providerHosts:'),
  broken('own', 'unknown-field', 'spec:\n', 'spec:\n  «consumers: []\n'),
  // Values that the CRD refuses.
  broken('token', 'schema', 'provider: GitHub', 'provider: «Github'),
  broken('token', 'schema', 'provider: GitHub', 'provider: «Gitea'),
  broken('token', 'schema', 'provider: GitHub', 'provider: «1'),
  broken('token', 'schema', 'spec:\n  provider: GitHub\n', '«spec:\n'),
  broken('token', 'schema', 'spec:\n  provider: GitHub\n  project: demo\n', '«spec:\n  provider: GitHub\n'),
  broken('token', 'schema', 'project: demo', 'project: «42'),
  broken('token', 'schema', 'project: demo', 'project: «""'),
  broken('token', 'schema', 'project: demo', 'project: «|\n    demo'),
  broken('token', 'schema', 'project: demo', 'project: &name «yes'),
  broken('token', 'schema', 'project: demo', '«project: {a: 1}'),
  broken('token', 'schema', 'project: demo', '«project:\n    - demo'),
  broken('token', 'unknown-field', 'project: demo', 'project: demo\n  «__proto__: x'),
  broken('token', 'yaml-syntax', 'project: demo', 'project: demo\n  ? «[a, b]\n  : x'),
  broken('token', 'yaml-syntax', 'project: demo', 'project: demo\n  «~: x'),
  broken('token', 'schema', 'project: demo', 'project: «" demo"'),
  broken('token', 'schema', 'project: demo', `project: «${'p'.repeat(101)}`),
  broken('token', 'schema', 'project: demo', 'project: demo\n  url: «github.com'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  url: «http://github.example.com'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  url: «https://user:pass@github.example.com'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  url: «https://github.example.com/?a=b'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  suspend: «"true"'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  syncInterval: «10'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  syncInterval: «1s'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  syncInterval: «"10 m"'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  adoptionPolicy: «Maybe'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  deletionPolicy: «orphan'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  driftPolicy: «Ignore'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  scope: «Team'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  global: «true'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  validation:\n    policy: «Ignore'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  validation:\n    repositories: «acme/shop'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  connectionRef:\n    kind: «Connection'),
  broken('token', 'schema', 'project: demo', 'project: demo\n  connectionRef:\n    name: «Default'),
  broken('token', 'schema', 'name: github-token', 'name: «GitHub_Token'),
  broken('token', 'schema', 'name: github-token', 'name: github-token\n        key: «"my key"'),
  broken(
    'token',
    'schema',
    '      secretRef:\n        name: github-token\n',
    '      secretRef: «github-token\n',
  ),
  broken('token', 'schema', '    token:\n      secretRef:\n        name: github-token\n', '    «token: {}\n'),
  broken(
    'token',
    'schema',
    '  auth:\n    token:\n      secretRef:\n        name: github-token\n',
    '  «auth: {}\n',
  ),
  broken(
    'token',
    'schema',
    '        name: github-token\n',
    '        name: github-token\n      expiresAt: «tomorrow\n',
  ),
  broken(
    'token',
    'schema',
    '        name: github-token\n',
    '        name: github-token\n      username: bot\n      «usernameSecretRef:\n        name: x\n',
  ),
  broken(
    'app',
    'schema',
    'provider: GitHub\n  project: demo\n  auth:\n    githubApp:',
    'provider: GitLab\n  project: demo\n  auth:\n    «githubApp:',
  ),
  broken('app', 'schema', 'appID: 123456', 'appID: «Iv23liAbCdEf'),
  broken('app', 'schema', 'appID: 123456', 'appID: «0'),
  broken('app', 'schema', 'appID: 123456', 'appID: «1.5'),
  broken('app', 'schema', '    githubApp:\n      appID: 123456\n', '    «githubApp:\n'),
  broken('app', 'schema', 'owner: acme', 'owner: «acme/shop'),
  broken(
    'app',
    'schema',
    '      installation:\n        owner: acme\n',
    '      «installation:\n        owner: acme\n        id: 5\n',
  ),
  broken('app', 'schema', 'owner: acme', 'repository: «shop'),
  broken('app', 'schema', 'owner: acme', 'id: «acme'),
  broken(
    'cluster',
    'schema',
    'url: https://codemie.example.com/code-assistant-api',
    'url: «codemie.example.com',
  ),
  broken(
    'cluster',
    'schema',
    'url: https://codemie.example.com/code-assistant-api',
    'url: «http://codemie.example.com',
  ),
  broken(
    'cluster',
    'schema',
    'tokenURL: https://auth.example.com/token',
    'tokenURL: «http://auth.example.com/token',
  ),
  broken(
    'cluster',
    'schema',
    'providerHosts: [github.com, api.github.com]',
    'providerHosts: [«https://github.com]',
  ),
  broken('cluster', 'schema', 'providerHosts: [github.com, api.github.com]', 'providerHosts: «github.com'),
  broken(
    'cluster',
    'schema',
    '    - namespaces: [team-a]\n      projects: [demo]\n',
    '    - «projects: [demo]\n',
  ),
  broken('cluster', 'schema', '      projects: [demo]\n', '      projects: [«7]\n'),
  broken('cluster', 'schema', '  providerHosts:', '  limits:\n    concurrency: «0\n  providerHosts:'),
  broken(
    'own',
    'schema',
    '  auth:\n',
    '  «auth:\n    localLogin:\n      emailSecretRef: {name: a}\n      passwordSecretRef: {name: a}\n',
  ),
  broken('cluster', 'schema', '- namespaces: [team-a]', '- namespaces: [team-a, «team-a]'),
  broken('cluster', 'schema', 'projects: [demo]', 'projects: [demo, other, «demo]'),
  broken(
    'token',
    'schema',
    'project: demo',
    'project: demo\n  validation:\n    repositories: [acme/shop, «acme/shop]',
  ),
  broken(
    'cluster',
    'schema',
    '- namespaces: [team-a]',
    `- namespaceSelector:\n        «matchLabels: {${Array.from({ length: 51 }, (_, n) => `k${n}: v`).join(', ')}}`,
  ),
];
