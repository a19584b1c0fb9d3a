import type { ProviderName } from '../api/v1alpha1/git-integration-spec.ts';

/** A kind of token that is known by how it looks, with certainty. */
export interface TokenForm {
  /** One of our providers, or any other product by its name. */
  product:
    | ProviderName
    | 'npm'
    | 'Docker Hub'
    | 'PyPI'
    | 'RubyGems'
    | 'Slack'
    | 'HashiCorp Vault'
    | 'AWS'
    | 'Google'
    | 'Grafana'
    | 'SonarQube'
    | 'DigitalOcean'
    | 'OpenAI'
    | 'Kubernetes';
  /** Where one product has several that do not take each other's tokens. */
  edition?: 'Cloud' | 'Data Center';
  /** What it is, with its article: `a GitLab deploy token`. */
  name: string;
  /** The part of it that may be shown, because all tokens of the kind have it: `gldt-…`. */
  shown: string;
  /** Why nobody can use it here, and what to store instead; absent where it may be good. */
  useless?: { clause: string; hint: string };
}

const app = 'Configure the App itself under spec.auth.githubApp.';
const gitLabToken = 'Store a personal, project or group access token.';

const useless = (clause: string, hint: string) => ({ useless: { clause, hint } });
const github = { product: 'GitHub' } as const;
const gitlab = { product: 'GitLab' } as const;
const cloud = { product: 'Bitbucket', edition: 'Cloud' } as const;
const noApi = (name: string) => ({
  ...gitlab,
  name,
  ...useless('which opens neither repositories nor the API', gitLabToken),
});

/**
 * Prefixes that exactly one product uses. Anything else may be a token of any product: GitLab's administrators choose
 * prefixes of their own, and older tokens have none.
 * https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/github-credential-types
 * https://docs.gitlab.com/security/tokens/#token-prefixes
 */
const prefixes: Record<string, Omit<TokenForm, 'shown'>> = {
  ghp_: { ...github, name: 'a GitHub personal access token' },
  github_pat_: { ...github, name: 'a fine-grained GitHub personal access token' },
  gho_: { ...github, name: 'a token of a GitHub OAuth app' },
  ghu_: { ...github, name: 'a user token of a GitHub App' },
  ghs_: {
    ...github,
    name: 'an installation token of a GitHub App',
    ...useless('which expires after one hour', app),
  },
  ghr_: {
    ...github,
    name: 'a refresh token of a GitHub App',
    ...useless(
      "which can't authenticate on its own",
      'Store a personal access token, or configure the App itself under spec.auth.githubApp.',
    ),
  },
  'glpat-': { ...gitlab, name: 'a GitLab access token' },
  'gldt-': { ...gitlab, name: 'a GitLab deploy token' },
  'glcbt-': {
    ...gitlab,
    name: 'a GitLab CI/CD job token',
    ...useless('which expires when its job ends', gitLabToken),
  },
  'glrt-': noApi('a GitLab runner authentication token'),
  'glrtr-': noApi('a GitLab runner authentication token'),
  GR1348941: noApi('a GitLab runner registration token'),
  'glptt-': noApi('a GitLab pipeline trigger token'),
  'gloas-': noApi('the secret of a GitLab OAuth application'),
  'glft-': noApi('a GitLab feed token'),
  'glimt-': noApi('a GitLab incoming mail token'),
  'glagent-': noApi('a token of the GitLab agent for Kubernetes'),
  'glsoat-': noApi('a GitLab SCIM token'),
  'glffct-': noApi('a GitLab feature flags client token'),
  'glwt-': noApi('a GitLab workspace token'),
  ATCTT3: { ...cloud, name: 'a Bitbucket Cloud access token' },
  ATATT3: { ...cloud, name: 'an Atlassian API token' },
  ATBB: { ...cloud, name: 'a Bitbucket Cloud app password' },
  'BBDC-': {
    product: 'Bitbucket',
    edition: 'Data Center',
    name: 'a Bitbucket Data Center HTTP access token',
  },
  npm_: { product: 'npm', name: 'an npm token' },
  dckr_pat_: { product: 'Docker Hub', name: 'a Docker Hub token' },
  'pypi-': { product: 'PyPI', name: 'a PyPI token' },
  rubygems_: { product: 'RubyGems', name: 'a RubyGems API key' },
  'xoxb-': { product: 'Slack', name: 'a Slack token' },
  'xoxp-': { product: 'Slack', name: 'a Slack token' },
  'xapp-': { product: 'Slack', name: 'a Slack token' },
  dckr_oat_: { product: 'Docker Hub', name: 'a Docker Hub token' },
  'hvb.': { product: 'HashiCorp Vault', name: 'a HashiCorp Vault token' },
  'ya29.': { product: 'Google', name: 'a Google access token' },
  AIzaSy: { product: 'Google', name: 'a Google API key' },
  glsa_: { product: 'Grafana', name: 'a Grafana service account token' },
  sqp_: { product: 'SonarQube', name: 'a SonarQube token' },
  squ_: { product: 'SonarQube', name: 'a SonarQube token' },
  dop_v1_: { product: 'DigitalOcean', name: 'a DigitalOcean token' },
  'sk-proj-': { product: 'OpenAI', name: 'an OpenAI API key' },
  'hvs.': { product: 'HashiCorp Vault', name: 'a HashiCorp Vault token' },
};

/** The longest first: `glrtr-` is no `glrt-`, and `github_pat_` must not be taken for anything shorter. */
const byLength = Object.entries(prefixes).toSorted(([a], [b]) => b.length - a.length);

/**
 * Azure DevOps marks its long tokens inside:
 * https://learn.microsoft.com/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate
 */
const azureDevOps = /^(?=[A-Za-z0-9]{84}$)[A-Za-z0-9]{75,76}AZDO/;
const awsKeyId = /^A(?:KI|SI)A[0-9A-Z]{16}$/;

/** Who issues JSON Web Tokens that people store in place of a token. Others may be good: OAuth tokens of a server are some. */
const issuers: readonly { issuer: RegExp; form: Omit<TokenForm, 'shown'> }[] = [
  {
    // https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
    issuer: /^kubernetes\/serviceaccount$|^https:\/\/kubernetes\.default\.svc\b/,
    form: { product: 'Kubernetes', name: 'a token of a Kubernetes service account' },
  },
  {
    // https://docs.github.com/en/actions/concepts/security/openid-connect
    issuer: /^https:\/\/token\.actions\.githubusercontent\.com\b/,
    form: {
      ...github,
      name: 'an OpenID Connect token of GitHub Actions',
      ...useless('which expires within minutes and opens no repository', app),
    },
  },
];

/** No token of these is longer. */
const longestJwt = 8_192;

/**
 * What kind of JSON Web Token a text is, by its issuer: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.1. Its signature
 * does not matter, because it is only named.
 */
export function jwtForm(text: string): TokenForm | undefined {
  if (text.length > longestJwt) return undefined;
  const [, payload] = /^eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]*$/.exec(text) ?? [];
  if (payload === undefined) return undefined;
  const claims = Buffer.from(payload, 'base64url').toString();
  const [, issuer = ''] = /"iss"\s*:\s*"([^"\\]{1,200})"/.exec(claims) ?? [];
  const known = issuers.find((each) => each.issuer.test(issuer));
  return known && { ...known.form, shown: 'eyJ…' };
}

/** What kind of token a text is, if its looks say so with certainty. */
export function tokenForm(text: string): TokenForm | undefined {
  const known = byLength.find(([prefix]) => text.startsWith(prefix) && text.length > prefix.length);
  if (known) return { ...known[1], shown: `${known[0]}…` };
  if (azureDevOps.test(text))
    return { product: 'AzureDevOps', name: 'an Azure DevOps personal access token', shown: '…AZDO…' };
  if (awsKeyId.test(text)) return { product: 'AWS', name: 'an AWS access key ID', shown: 'AKIA…' };
  return undefined;
}
