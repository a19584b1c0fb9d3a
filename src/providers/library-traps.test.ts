import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { inspect } from 'node:util';
import { PersonalAccessTokens } from '@gitbeaker/rest';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/rest';
import { afterEach, expect, it } from 'vitest';
import { newKey } from './testing/github.ts';

/*
 * The libraries as they are, without what we do about them: traps.test.ts says that they do not catch us, and this that
 * they still exist. A test that fails here after an update is good news: the guard against it can go.
 */

const token = 'token-canary-0123456789';
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: RequestListener): Promise<{ url: string; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, requests };
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(body));

const shown = (error: unknown): string =>
  inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

it('auth-app gives two Apps on two servers one token, if they ask at once', async () => {
  const mint = (minted: string) =>
    serve(json(201, { token: minted, expires_at: '2999-01-01T00:00:00Z', permissions: {} }));
  const [ours, theirs] = [await mint('ghs_ours'), await mint('ghs_theirs')];
  const authOf = (appId: number, baseUrl: string) =>
    new Octokit({
      baseUrl,
      log: silent,
      authStrategy: createAppAuth,
      auth: { appId, privateKey: newKey(), installationId: 7 },
    }).auth({ type: 'installation' });
  const answers = await Promise.all([authOf(12, ours.url), authOf(34, theirs.url)]);
  expect(answers).toMatchObject([{ token: 'ghs_ours' }, { token: 'ghs_ours' }]);
  expect([ours.requests.length, theirs.requests.length]).toEqual([1, 0]);
});

it('gitbeaker hands the token to the target of a redirect', async () => {
  const elsewhere = await serve(json(200, { id: 1 }));
  const { url } = await serve(json(302, {}, { location: `${elsewhere.url}/api` }));
  await new PersonalAccessTokens({ host: url, token }).show();
  expect(elsewhere.requests.map(({ headers }) => headers['private-token'])).toEqual([token]);
});

it('gitbeaker keeps the token in a printed error, and drops what distinguishes expired from revoked', async () => {
  const { url } = await serve(json(401, { error: 'invalid_token', error_description: 'Token is expired.' }));
  const error = await failureOf(new PersonalAccessTokens({ host: url, token }).show());
  expect(shown(error)).toContain(token);
  expect(shown(error)).not.toContain('Token is expired.');
});

it('gitbeaker asks ten times at once, whatever Retry-After says', async () => {
  const { url, requests } = await serve(json(429, {}, { 'retry-after': '1800' }));
  await failureOf(new PersonalAccessTokens({ host: url, token }).show());
  expect(requests).toHaveLength(10);
});

it('Octokit makes no signal of request.timeout', async () => {
  let signal: unknown = 'never called';
  const fetch: typeof globalThis.fetch = (_input, init) => {
    signal = init?.signal ?? 'no signal';
    return Promise.resolve(Response.json({}));
  };
  const octokit = new Octokit({ auth: token, log: silent, request: { fetch, timeout: 50 } });
  await octokit.rest.users.getAuthenticated();
  expect(signal).toBe('no signal');
});

it('Octokit does not redact a token that ends in a newline', async () => {
  const { url } = await serve(json(401, { message: 'Bad credentials' }));
  const errorWith = (auth: string) =>
    failureOf(new Octokit({ auth, baseUrl: url, log: silent }).rest.users.getAuthenticated());
  expect(shown(await errorWith(token))).not.toContain(token);
  expect(shown(await errorWith(`${token}\n`))).toContain(token);
});

it("Octokit's paging takes a conflict for an empty page", async () => {
  const { url } = await serve(json(409, { message: 'Conflict' }));
  const octokit = new Octokit({ baseUrl: url, log: silent });
  expect(await octokit.paginate(octokit.rest.apps.listInstallations)).toEqual([]);
});

it("Octokit's paging follows a link as it is written, and auth-app then asks for an installation token", async () => {
  // As of a server whose API is reached under another name than the one that it has for itself.
  const { url, requests } = await serve(
    json(200, [], { link: '<https://github.example.com/api/v3/app/installations?page=2>; rel="next"' }),
  );
  const octokit = new Octokit({
    baseUrl: url,
    log: silent,
    authStrategy: createAppAuth,
    auth: { appId: 12, privateKey: newKey() },
  });
  const error = await failureOf(octokit.paginate(octokit.rest.apps.listInstallations));
  expect(String(error)).toContain('installationId option is required');
  expect(requests).toHaveLength(1);
});

it('both hand on a web page as data', async () => {
  const { url } = await serve(
    (_request, response) =>
      void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Sign in</p>'),
  );
  expect(await new PersonalAccessTokens({ host: url, token }).show()).toBe('<p>Sign in</p>');
  const { data } = await new Octokit({
    auth: token,
    baseUrl: url,
    log: silent,
  }).rest.users.getAuthenticated();
  expect(data).toBe('<p>Sign in</p>');
});
