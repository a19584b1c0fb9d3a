import { expect, it } from 'vitest';
import type { HttpClient } from '../net/http-client.ts';
import { oidcGrant } from './oidc-grant.ts';

const auth = {
  kind: 'clientCredentials',
  tokenUrl: 'https://login.example.com/token',
  clientId: 'operator',
  clientSecret: 's3cret',
} as const;

const clientThat = (fetch: HttpClient['fetch']): HttpClient => ({
  request: () => Promise.reject(new Error('Nothing else is used.')),
  fetch,
  close: () => Promise.resolve(),
});

it('says nothing about the identity provider where the fault may be our own', async () => {
  const grant = oidcGrant(
    clientThat(() => Promise.reject(new TypeError('x is not a function'))),
    auth,
  );
  await expect(grant).rejects.toMatchObject({
    kind: 'unreachable',
    message:
      'The sign-in at the identity provider of the connection failed for a reason that is not known here.',
  });
});

it.each([{ hello: 'world' }, { access_token: 7, token_type: 'Bearer' }, ['a list'], { access_token: 'x' }])(
  'takes %j for the answer of something else',
  async (body) => {
    const grant = oidcGrant(
      clientThat(() => Promise.resolve(Response.json(body))),
      auth,
    );
    await expect(grant).rejects.toMatchObject({ kind: 'protocol' });
  },
);
