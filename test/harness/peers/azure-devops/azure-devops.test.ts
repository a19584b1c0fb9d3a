import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AskOptions, openPeer, type PeerPort } from '../git-hosts/ask.ts';
import { type AzureDevOps, createAzureDevOps } from './azure-devops.ts';
import { throttled } from './errors.ts';

const base = 'https://dev.azure.com/acme';
const who = '/_apis/connectionData';
const shop = '/Web%20Shop/_apis/git/repositories/shop?api-version=5.0';

let azure: AzureDevOps;
let port: PeerPort;

beforeEach(async () => {
  azure = createAzureDevOps();
  azure.addOrganization('acme');
  azure.addOrganization('open', { hasPublicProjects: true });
  azure.addRepository({ fullName: 'acme/Web Shop/shop' });
  azure.addRepository({ fullName: 'acme/Web Shop/vault', readers: [] });
  azure.addToken({ token: 'good' });
  port = await openPeer(azure);
});
afterEach(() => port.close());

const basic = (secret: string, user = ''): AskOptions => ({
  headers: { authorization: `Basic ${btoa(`${user}:${secret}`)}`, 'x-tfs-fedauthredirect': 'Suppress' },
});
const browser = (secret: string): AskOptions => ({
  headers: { authorization: `Basic ${btoa(`:${secret}`)}` },
});

interface Row {
  name: string;
  arrange?: (peer: AzureDevOps) => void;
  url?: string;
  options?: AskOptions;
  status: number;
  body?: object;
  text?: string;
}

const rows: Row[] = [
  {
    name: 'a token',
    status: 200,
    body: { authenticatedUser: { properties: { Account: { $value: 'alice@example.com' } } } },
  },
  { name: 'a token with a user name', options: basic('good', 'whoever'), status: 200 },
  { name: 'another case of the organization', url: `https://dev.azure.com/ACME${who}`, status: 200 },
  {
    name: 'a token whose scopes are of something else',
    arrange: (peer) => peer.setScopes('good', []),
    status: 200,
  },
  { name: 'no credential', options: {}, status: 203, text: 'Sign In' },
  { name: 'an unknown token', options: browser('bad'), status: 203, text: 'Sign In' },
  { name: 'an unknown token of a program', options: basic('bad'), status: 401, text: '' },
  { name: 'a token as Bearer', options: { headers: { authorization: 'Bearer good' } }, status: 203 },
  {
    name: 'an unknown token where there are public projects: anonymous',
    url: `https://dev.azure.com/open${who}`,
    options: basic('bad'),
    status: 200,
    body: { authenticatedUser: { providerDisplayName: 'Anonymous' } },
  },
  {
    name: 'an expired token',
    arrange: (peer) => peer.expireToken('good'),
    status: 401,
    body: { typeKey: 'AccessCheckException' },
  },
  { name: 'a revoked token', arrange: (peer) => peer.revokeToken('good'), status: 401, text: '' },
  {
    name: 'a token of another organization',
    arrange: (peer) => peer.addToken({ token: 'good', organization: 'open' }),
    status: 401,
    text: '',
  },
  {
    name: 'a policy about addresses',
    arrange: (peer) => peer.refuseAddresses('acme'),
    status: 403,
    body: { typeKey: 'VssServiceException' },
  },
  {
    name: 'no such organization',
    url: `https://dev.azure.com/none${who}`,
    status: 404,
    text: 'cannot be found',
  },
  { name: 'no organization', url: `https://dev.azure.com${who}`, status: 404 },
  {
    name: 'a repository',
    url: base + shop,
    status: 200,
    body: { name: 'shop', project: { name: 'Web Shop' } },
  },
  {
    name: 'a repository without the scope',
    arrange: (peer) => peer.setScopes('good', ['vso.work']),
    url: base + shop,
    status: 401,
    text: '',
  },
  {
    name: 'a repository that is hidden',
    url: base + shop.replace('/shop?', '/vault?'),
    status: 404,
    body: { typeKey: 'GitRepositoryNotFoundException' },
  },
  {
    name: 'a repository of no project',
    url: `${base}/none/_apis/git/repositories/shop`,
    status: 404,
    body: { typeKey: 'ProjectDoesNotExistWithNameException' },
  },
  {
    name: 'a repository, anonymous',
    url: base + shop,
    options: basic('bad'),
    status: 401,
  },
  {
    name: 'throttled',
    arrange: (peer) => peer.failNext({ ...throttled({ retryAfterS: 30 }) }),
    status: 429,
    body: { typeKey: 'RequestBlockedException' },
  },
];

it.each(rows)('$name', async (row) => {
  row.arrange?.(azure);
  const reply = await port.ask(row.url ?? base + who, row.options ?? basic('good'));
  expect(reply.status).toBe(row.status);
  expect(row.body === undefined ? {} : reply.json()).toMatchObject(row.body ?? {});
  expect(reply.text).toContain(row.text ?? '');
  expect(row.text === '' ? reply.text : '').toBe('');
});

describe('a server', () => {
  it('returns 401 for every unknown token, and is known by its headers', async () => {
    const server = createAzureDevOps({ url: 'https://ado.example.com/tfs' });
    server.addOrganization('DefaultCollection');
    server.addToken({ token: 'good' });
    const own = await openPeer(server);
    const url = `https://ado.example.com/tfs/DefaultCollection${who}`;
    const replies = [await own.ask(url), await own.ask(url, basic('good'))];
    await own.close();
    expect(replies.map(({ status }) => status)).toEqual([401, 200]);
    expect(replies.map(({ headers }) => headers['x-tfs-processid'] !== undefined)).toEqual([true, true]);
    expect(replies[0]?.headers['www-authenticate']).toContain('NTLM');
  });
});
