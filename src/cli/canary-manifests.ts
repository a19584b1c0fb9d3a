import { meta, secret } from './testing.ts';

/** A GitIntegration of team-a with the token of Secret `good`. */
export const integration = (name: string, spec: object = {}, more: object = {}) => ({
  apiVersion: 'codemie.ai/v1alpha1',
  kind: 'GitIntegration',
  metadata: meta(name, 'team-a', more),
  spec: { provider: 'GitHub', project: 'demo', auth: { token: { secretRef: { name: 'good' } } }, ...spec },
});
/** A spec with the token of that Secret. */
export const withToken = (name: string) => ({ auth: { token: { secretRef: { name } } } });

/** Texts of which nothing may be printed. */
interface Canaries {
  good: string;
  bad: string;
  stray: string;
  strayInBase64: string;
  userInfoUrl: string;
  pem: string;
}

const json = (object: object) => JSON.stringify(object);

/** Manifests with a credential where none belongs, by their file. */
export function misplaced({
  good,
  bad,
  stray,
  strayInBase64,
  userInfoUrl,
  pem,
}: Canaries): Record<string, string> {
  const own = {
    apiVersion: 'codemie.ai/v1alpha1',
    kind: 'ClusterCodeMieConnection',
    metadata: { name: 'own' },
  };
  const login = (auth: object) => json({ ...own, spec: { url: 'https://codemie.example.com', auth } });
  return {
    'value.yaml': json(integration('a', { auth: { token: stray } })),
    'reference.yaml': json(integration('a', { auth: { token: { secretRef: stray } } })),
    'name-of-secret.yaml': json(integration('a', withToken(stray))),
    'name-of-secret-upper.yaml': json(integration('a', withToken(good))),
    'key-of-secret.yaml': json(
      integration('a', { auth: { token: { secretRef: { name: 'good', key: stray } } } }),
    ),
    'field.yaml': json(integration('a', { token: good, auth: { [stray]: 'x', token: { [good]: good } } })),
    'url.yaml': json(integration('a', { url: userInfoUrl, apiURL: `https://${stray}@api.github.com` })),
    'project.yaml': json(integration('a', { project: stray, alias: strayInBase64 })),
    'name.yaml': json({ ...integration('a'), metadata: { name: stray, labels: { [stray]: good } } }),
    'annotation.yaml': json({
      ...integration('a'),
      metadata: { name: 'a', annotations: { [good]: 5, x: stray } },
    }),
    'key.yaml': json(
      integration('a', { auth: { githubApp: { appID: pem, privateKeySecretRef: { name: pem } } } }),
    ),
    'repositories.yaml': json(integration('a', { validation: { repositories: [userInfoUrl, stray, pem] } })),
    'login.yaml': login({
      clientCredentials: { tokenURL: userInfoUrl, clientID: stray, clientSecret: good },
    }),
    'password.yaml': login({ password: { password: stray, username: good } }),
    'kind.yaml': json({ ...integration('a'), kind: stray }),
    'secret.yaml': `${json(integration('a'))}\n---\n${json(secret('good', { token: `"${good} ${stray}"` }))}`,
    'raw-secret.yaml': `${json(integration('a'))}\n---\n${json({ ...secret('good', {}), data: { token: good } })}`,
    'string-secret.yaml': `${json(integration('a'))}\n---\n${json({ ...secret('good', {}), stringData: { token: { x: good } } })}`,
    'twice.yaml': `${json(secret('good', { token: good }))}\n---\n${json(secret('good', { token: bad }))}`,
    'broken.yaml': `kind: Secret\ndata:\n  token: ${good}: ${stray}\n\t${bad}: [\n`,
    'anchor.yaml': `kind: GitIntegration\napiVersion: codemie.ai/v1alpha1\nmetadata: {name: *${good}}\n`,
    'text.yaml': `${good}\n`,
    ...misplacedInFormer({ good, stray, userInfoUrl }),
  };
}

/** The same of the kind that KubeRocketCI had. */
function misplacedInFormer({ good, stray, userInfoUrl }: Pick<Canaries, 'good' | 'stray' | 'userInfoUrl'>) {
  const former = (gitCredential: object, alias = 'git') =>
    json({
      apiVersion: 'edp.epam.com/v1alpha1',
      kind: 'CodemieProjectSettings',
      metadata: { name: 'git', namespace: 'krci' },
      spec: { alias, projectName: 'demo', type: 'Git', gitCredential },
    });
  const ref = { name: 'ci-git', secretKey: 'token' };
  return {
    'former.yaml': former({ url: 'https://github.com', tokenName: stray, secretRef: ref }),
    'former-url.yaml': former({ url: userInfoUrl, tokenName: 'x', secretRef: ref }),
    'former-secret.yaml': former(
      { url: 'https://gitlab.com', secretRef: { name: stray, secretKey: good } },
      stray,
    ),
    'former-token.yaml': former({ url: 'https://gitlab.com', token: good, secretRef: good }),
  };
}
