import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAzureDevOps } from '../../test/harness/peers/azure-devops/azure-devops.ts';
import { createBitbucketDataCenter } from '../../test/harness/peers/bitbucket/data-center/bitbucket-data-center.ts';
import { createGitHub } from '../../test/harness/peers/github/github.ts';
import { createGitLab } from '../../test/harness/peers/gitlab/gitlab.ts';
import { productNames } from '../api/group.ts';
import type { ProviderName } from './provider.ts';
import { providers } from './registry.ts';
import { signatures } from './signatures.ts';
import { failureOf, openWorld, type World } from './testing/world.ts';

/** Self-managed servers, whose names say nothing. */
const servers = {
  GitHub: {
    url: 'https://a.example.com',
    peer: createGitHub({ host: 'a.example.com', enterpriseServer: { version: '3.19.1' } }),
  },
  GitLab: { url: 'https://b.example.com', peer: createGitLab({ url: 'https://b.example.com' }) },
  Bitbucket: {
    url: 'https://c.example.com',
    peer: createBitbucketDataCenter({ url: 'https://c.example.com' }),
  },
  AzureDevOps: {
    url: 'https://d.example.com/acme',
    peer: createAzureDevOps({ url: 'https://d.example.com' }),
  },
};
const names = ['GitHub', 'GitLab', 'Bitbucket', 'AzureDevOps'] as const satisfies ProviderName[];
const pairs = names.flatMap((declared) =>
  names.filter((found) => found !== declared).map((found) => ({ declared, found })),
);

let world: World;
beforeAll(async () => {
  world = await openWorld(Object.values(servers).map(({ peer }) => peer));
});
afterAll(() => world.close());

it.each(pairs)('a server of $found is known when $declared was declared', async ({ declared, found }) => {
  const { url, peer } = servers[found];
  peer.requests.length = 0;
  const provider = providers[declared];
  const credential = { kind: 'token', token: 'good-elsewhere' } as const;
  const error = await failureOf(provider.validate(credential, world.target(provider, url)));
  expect(error).toMatchObject({
    reason: 'WrongProvider',
    disposition: 'needsPerson',
    message: `${new URL(url).host} is ${productNames[found]}, but spec.provider is ${declared}.`,
  });
  // What the others are asked, they are asked without the credential.
  const { path } = signatures.find((signature) => signature.provider === found) ?? { path: '' };
  const probes = peer.requests.filter((request) => request.path.endsWith(`/${path}`));
  expect(probes.filter((request) => request.header('authorization') !== undefined)).toEqual([]);
});

it('a web page in the place of a server is no product', async () => {
  const { url, peer } = servers.GitLab;
  const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>Sign in' };
  peer.failNext({ ...page, times: Number.POSITIVE_INFINITY });
  const credential = { kind: 'token', token: 'good-elsewhere' } as const;
  const error = await failureOf(providers.GitHub.validate(credential, world.target(providers.GitHub, url)));
  peer.clearFaults();
  expect(error).toMatchObject({ reason: 'ProviderError', disposition: 'retry' });
});
