import { describe, expect, it } from 'vitest';
import { jwtForm, tokenForm, unusualForm } from './token-form.ts';

describe('tokenForm', () => {
  it.each([
    ['ghp_abc', 'GitHub', 'ghp_…'],
    ['github_pat_11ABC', 'GitHub', 'github_pat_…'],
    ['gho_abc', 'GitHub', 'gho_…'],
    ['ghu_abc', 'GitHub', 'ghu_…'],
    ['ghs_123_eyJ.abc.def', 'GitHub', 'ghs_…'],
    ['ghr_abc', 'GitHub', 'ghr_…'],
    ['glpat-abc.01.xyz', 'GitLab', 'glpat-…'],
    ['gldt-abc', 'GitLab', 'gldt-…'],
    ['glrtr-abc', 'GitLab', 'glrtr-…'],
    ['glrt-t1_abc', 'GitLab', 'glrt-…'],
    ['ATCTT3xFfGN0abc=DEF', 'Bitbucket', 'ATCTT3…'],
    ['ATATT3xFfGF0abc=DEF', 'Bitbucket', 'ATATT3…'],
    ['ATBBabc', 'Bitbucket', 'ATBB…'],
    ['BBDC-abc+/=', 'Bitbucket', 'BBDC-…'],
    [`${'aB3'.repeat(25)}9AZDO4xYz`, 'AzureDevOps', '…AZDO…'],
    [`${'aB3'.repeat(25)}AZDO94xYz`, 'AzureDevOps', '…AZDO…'],
    ['npm_abc', 'npm', 'npm_…'],
    ['hvb.abc', 'HashiCorp Vault', 'hvb.…'],
    ['ya29.a0abc', 'Google', 'ya29.…'],
    ['glsa_abc', 'Grafana', 'glsa_…'],
    ['squ_abc', 'SonarQube', 'squ_…'],
    ['sk-proj-abc', 'OpenAI', 'sk-proj-…'],
    ['AKIAIOSFODNN7EXAMPLE', 'AWS', 'AKIA…'],
    ['xoxe.xoxp-1-abc', 'Slack', 'xoxe.…'],
    ['sk-ant-api03-abc', 'Anthropic', 'sk-ant-…'],
    ['rk_live_abc', 'Stripe', 'rk_live_…'],
    ['CCIPAT_abc', 'CircleCI', 'CCIPAT_…'],
    ['AKCp8abc', 'JFrog', 'AKCp…'],
    [`hf_${'aB'.repeat(17)}`, 'Hugging Face', 'hf_…'],
    [`dapi${'0f'.repeat(16)}`, 'Databricks', 'dapi…'],
    [`pul-${'0f'.repeat(20)}`, 'Pulumi', 'pul-…'],
    [`SG.${'a'.repeat(22)}.${'b'.repeat(43)}`, 'SendGrid', 'SG.…'],
    [`${'aB3'.repeat(4)}xy.atlasv1.${'a'.repeat(67)}`, 'HCP Terraform', '…atlasv1…'],
  ])('knows %s for one of %s', (text, product, shown) => {
    expect(tokenForm(text)).toMatchObject({ product, shown });
  });

  it.each([
    'b64377d7043139fc99ddb8a693f9a70900112233',
    'acme-glpat-abc',
    'ghp_',
    'GHP_abc',
    'xghp_abc',
    'abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst',
    'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJnaXQifQ.c2ln',
    `AZDO${'a'.repeat(80)}`,
    'AKIAX',
    // A GitLab may have its own prefix like this.
    'pul-aBcDeFgHiJkLmNoPqRsT',
    'hf_aBcDeFgHiJkLmNoPqRsT',
    'dapi-aBcDeFgHiJkLmNoPqRsT',
  ])('leaves open what %s is', (text) => {
    expect(tokenForm(text)).toBeUndefined();
  });
});

describe('jwtForm', () => {
  const jwt = (claims: Record<string, unknown>): string =>
    ['{"alg":"RS256"}', JSON.stringify(claims), 'signature']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');

  it.each([
    ['kubernetes/serviceaccount', 'Kubernetes'],
    ['https://kubernetes.default.svc.cluster.local', 'Kubernetes'],
    ['https://token.actions.githubusercontent.com', 'GitHub'],
    ['https://token.actions.githubusercontent.com/acme', 'GitHub'],
  ])('knows a token of %s', (iss, product) => {
    expect(jwtForm(jwt({ aud: 'x', iss }))).toMatchObject({ product, shown: 'eyJ…' });
  });

  it.each([
    jwt({ iss: 'https://gitlab.example.com' }),
    jwt({ iss: 'https://kubernetes.default.svcx' }),
    jwt({ iss: 7 }),
    jwt({}),
    'eyJ.eyJ.',
    `${jwt({ iss: 'kubernetes/serviceaccount' })}.more`,
    jwt({ iss: 'kubernetes/serviceaccount', more: 'x'.repeat(9_000) }),
  ])('leaves open what %s is', (text) => {
    expect(jwtForm(text)).toBeUndefined();
  });
});

describe('unusualForm', () => {
  it.each([
    [
      'ghp-16C7e42F292c6912',
      'GitHub',
      'github.com',
      "does not begin as GitHub's tokens do (ghp_ or github_pat_)",
    ],
    [
      'GHP_16C7E42F292C6912',
      'GitHub',
      'git.corp.example',
      "does not begin as GitHub's tokens do (ghp_ or github_pat_)",
    ],
    ['hunter2!', 'GitLab', 'gitlab.com', "does not begin as GitLab's tokens do (glpat-)"],
    [
      'hunter2!',
      'Bitbucket',
      'bitbucket.org',
      "does not begin as Bitbucket Cloud's tokens do (ATCTT or ATATT)",
    ],
    [
      'abcdef',
      'AzureDevOps',
      'dev.azure.com',
      "does not have the form of Azure DevOps' tokens (52 or 84 letters and digits)",
    ],
  ] as const)('says of %s for %s at %s what is unusual', (token, provider, host, says) => {
    expect(unusualForm(token, provider, host)).toBe(says);
  });

  it.each([
    ['ghp_abc', 'GitHub', 'github.com'],
    ['b64377d7043139fc99ddb8a693f9a70900112233', 'GitHub', 'github.com'],
    ['glpat-abc', 'GitLab', 'gitlab.com'],
    ['xY9-aBcDeFgHiJkLmNoP', 'GitLab', 'gitlab.com'],
    ['acme-whatever', 'GitLab', 'gitlab.example.com'],
    ['ATATT3abc', 'Bitbucket', 'bitbucket.org'],
    ['MDk4NDU2Nzg5MDEyOhzzz', 'Bitbucket', 'git.example.com'],
    ['abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst', 'AzureDevOps', 'dev.azure.com'],
    ['abcdef', 'AzureDevOps', 'tfs.example.com'],
  ] as const)('finds nothing in %s for %s at %s', (token, provider, host) => {
    expect(unusualForm(token, provider, host)).toBeUndefined();
  });
});
