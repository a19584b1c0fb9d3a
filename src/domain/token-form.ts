import type { ProviderName } from '../api/v1alpha1/git-integration-spec.ts';

/** A kind of token that is known by how it looks, with certainty. */
export interface TokenForm {
  /** One of our providers by its name in manifests, or any other product. */
  product: string;
  /** Where one product has several that do not take each other's tokens. */
  edition?: 'Cloud' | 'Data Center';
  /** What it is, with its article: `a GitLab deploy token`. */
  name: string;
  /** The part of it that may be shown, because all tokens of the kind have it: `gldt-…`. */
  shown: string;
  /** Why no one can use it here, and what to store instead; absent where it may be good. */
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
 * their own prefixes, and older tokens have none.
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
  ...ofProduct('Slack', 'a Slack token', 'xoxb-', 'xoxp-', 'xoxa-', 'xoxe.', 'xapp-'),
  dckr_oat_: { product: 'Docker Hub', name: 'a Docker Hub token' },
  'hvb.': { product: 'HashiCorp Vault', name: 'a HashiCorp Vault token' },
  'ya29.': { product: 'Google', name: 'a Google access token' },
  AIzaSy: { product: 'Google', name: 'a Google API key' },
  glsa_: { product: 'Grafana', name: 'a Grafana service account token' },
  ...ofProduct('SonarQube', 'a SonarQube token', 'sqp_', 'squ_', 'sqa_'),
  ...ofProduct('Anthropic', 'an Anthropic API key', 'sk-ant-'),
  ...ofProduct('Stripe', 'a Stripe API key', 'sk_live_', 'sk_test_', 'rk_live_', 'rk_test_'),
  ...ofProduct('CircleCI', 'a CircleCI token', 'CCIPAT_', 'CCIPRJ_'),
  ...ofProduct('Buildkite', 'a Buildkite token', 'bkua_'),
  ...ofProduct('Linear', 'a Linear API key', 'lin_api_'),
  ...ofProduct('Figma', 'a Figma token', 'figd_'),
  ...ofProduct('New Relic', 'a New Relic key', 'NRAK-'),
  ...ofProduct('Shopify', 'a Shopify token', 'shpat_'),
  ...ofProduct('Sentry', 'a Sentry token', 'sntrys_', 'sntryu_'),
  ...ofProduct('1Password', 'a token of a 1Password service account', 'ops_eyJ'),
  ...ofProduct('Doppler', 'a Doppler token', 'dp.pt.', 'dp.st.', 'dp.ct.', 'dp.sa.'),
  ...ofProduct('JFrog', 'a JFrog key', 'AKCp', 'cmVmdGtuOj'),
  dop_v1_: { product: 'DigitalOcean', name: 'a DigitalOcean token' },
  'sk-proj-': { product: 'OpenAI', name: 'an OpenAI API key' },
  'hvs.': { product: 'HashiCorp Vault', name: 'a HashiCorp Vault token' },
};

function ofProduct(
  product: string,
  name: string,
  ...begins: string[]
): Record<string, Omit<TokenForm, 'shown'>> {
  return Object.fromEntries(begins.map((begin) => [begin, { product, name }]));
}

/** The longest first: `glrtr-` is no `glrt-`, and `github_pat_` must not be taken for anything shorter. */
const byLength = Object.entries(prefixes).toSorted(([a], [b]) => b.length - a.length);

/**
 * Azure DevOps marks its long tokens inside:
 * https://learn.microsoft.com/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate
 */
const azureDevOps = /^(?=[A-Za-z0-9]{84}$)[A-Za-z0-9]{75,76}AZDO/;

/** Prefixes that another product could use, with the length that only these have. */
const wholeForms: readonly { pattern: RegExp; form: TokenForm }[] = [
  {
    pattern: azureDevOps,
    form: { product: 'AzureDevOps', name: 'an Azure DevOps personal access token', shown: '…AZDO…' },
  },
  {
    pattern: /^A(?:KI|SI)A[0-9A-Z]{16}$/,
    form: { product: 'AWS', name: 'an AWS access key ID', shown: 'AKIA…' },
  },
  {
    pattern: /^hf_[A-Za-z]{34}$/,
    form: { product: 'Hugging Face', name: 'a Hugging Face token', shown: 'hf_…' },
  },
  {
    pattern: /^dapi[0-9a-f]{32}(-\d)?$/,
    form: { product: 'Databricks', name: 'a Databricks token', shown: 'dapi…' },
  },
  { pattern: /^pul-[0-9a-f]{40}$/, form: { product: 'Pulumi', name: 'a Pulumi token', shown: 'pul-…' } },
  { pattern: /^HRKU-[\w-]{30,}$/, form: { product: 'Heroku', name: 'a Heroku token', shown: 'HRKU-…' } },
  {
    pattern: /^SG\.[\w-]{22}\.[\w-]{43}$/,
    form: { product: 'SendGrid', name: 'a SendGrid API key', shown: 'SG.…' },
  },
  {
    pattern: /^[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9]{60,}$/,
    form: { product: 'HCP Terraform', name: 'an HCP Terraform token', shown: '…atlasv1…' },
  },
  { pattern: /^oy2[a-z0-9]{43}$/, form: { product: 'NuGet', name: 'a NuGet API key', shown: 'oy2…' } },
];

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
  {
    // https://docs.gitlab.com/ci/secrets/id_token_authentication/
    issuer: /^https:\/\/gitlab\.com$/,
    form: noApi('an ID token of GitLab CI/CD'),
  },
  {
    // https://learn.microsoft.com/entra/identity-platform/access-tokens
    issuer: /^https:\/\/(sts\.windows\.net|login\.microsoftonline\.(com|us))\//,
    form: {
      product: 'AzureDevOps',
      name: 'an access token of Microsoft Entra ID',
      ...useless('which expires after about an hour', 'Store a personal access token of Azure DevOps.'),
    },
  },
  {
    // https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
    issuer: /^(\d{1,10}|Iv\d[\w.]{10,30})$/,
    form: {
      ...github,
      name: 'a JSON Web Token that a GitHub App signed',
      ...useless('which expires within ten minutes', app),
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
  const issuerForm = issuers.find((each) => each.issuer.test(issuer));
  return issuerForm && { ...issuerForm.form, shown: 'eyJ…' };
}

/** What kind of token a text is, if its looks say so with certainty. */
export function tokenForm(text: string): TokenForm | undefined {
  const prefixForm = byLength.find(([prefix]) => text.startsWith(prefix) && text.length > prefix.length);
  if (prefixForm) return { ...prefixForm[1], shown: `${prefixForm[0]}…` };
  return wholeForms.find(({ pattern }) => pattern.test(text))?.form;
}

/** How the tokens of a cloud look, where they all do. Self-managed servers may have other prefixes, or passwords. */
const looks: readonly { provider: ProviderName; host: RegExp; pattern: RegExp; described: string }[] = [
  {
    provider: 'GitHub',
    host: /./,
    // Until 2021 they were 40 hexadecimal digits: https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
    pattern: /^(gh[a-z]_|github_pat_)|^[0-9a-f]{40}$|^v1\./,
    described: "does not begin as GitHub's tokens do (ghp_ or github_pat_)",
  },
  {
    provider: 'GitLab',
    host: /^gitlab\.com$/,
    pattern: /^gl[a-z]{2,6}-|^[\w-]{20}$|^[0-9a-f]{64}$/,
    described: "does not begin as GitLab's tokens do (glpat-)",
  },
  {
    provider: 'Bitbucket',
    host: /^bitbucket\.org$/,
    pattern: /^AT[A-Z]{2}/,
    described: "does not begin as Bitbucket Cloud's tokens do (ATCTT or ATATT)",
  },
  {
    provider: 'AzureDevOps',
    host: /^dev\.azure\.com$|\.visualstudio\.com$/,
    pattern: /^[a-z2-7]{52}$|^[A-Za-z0-9]{84}$/,
    described: "does not have the form of Azure DevOps' tokens (52 or 84 letters and digits)",
  },
];

/**
 * What is unusual about a token that a provider rejected: a clause without a subject, or undefined. It is no reason not
 * to send a token, because a product may change how its tokens look.
 *
 * @param hostname of the server's web address
 */
export function unusualForm(token: string, provider: ProviderName, hostname: string): string | undefined {
  const usualForm = looks.find((each) => each.provider === provider && each.host.test(hostname));
  return usualForm && !usualForm.pattern.test(token) ? usualForm.described : undefined;
}
