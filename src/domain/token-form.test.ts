import { describe, expect, it } from 'vitest';
import { jwtForm, tokenForm } from './token-form.ts';

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
