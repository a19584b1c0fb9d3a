import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  everythingIn,
  failure,
  json,
  startTestServer,
  type TestServer,
} from '../../test/harness/net/test-server.ts';
import type { HttpClient } from './http-client.ts';

let peer: TestServer;
beforeEach(async () => {
  peer = await startTestServer();
});
afterEach(() => peer.close());

describe('request', () => {
  it('sends what it is given and parses the answer', async () => {
    let sent = '';
    peer.handler = (request, response) => {
      request.on('data', (chunk: Buffer) => (sent += chunk.toString()));
      request.on('end', () => json(response, { id: 7 }, 201));
    };
    const answer = await peer.clientWith().request({
      method: 'POST',
      url: peer.url('/things?a=b'),
      headers: { authorization: 'Bearer t0ken' },
      body: '{"name":"x"}',
    });
    expect(answer).toMatchObject({ status: 201, body: { id: 7 } });
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(sent).toBe('{"name":"x"}');
    expect(peer.requests[0]).toMatchObject({
      method: 'POST',
      url: '/things?a=b',
      headers: {
        authorization: 'Bearer t0ken',
        accept: 'application/json',
        'content-type': 'application/json',
        'user-agent': 'test/1',
      },
    });
  });

  it('gives the text and parses nothing on accept any', async () => {
    peer.handler = (_request, response) =>
      void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>');
    await expect(peer.clientWith().request({ url: peer.url(), accept: 'any' })).resolves.toMatchObject({
      body: undefined,
      text: '<p>',
    });
  });

  it.each([
    { name: 'an empty success', status: 204, type: undefined, body: '', parsed: undefined },
    {
      name: 'a failure in JSON',
      status: 401,
      type: 'application/problem+json',
      body: '{"a":1}',
      parsed: { a: 1 },
    },
    { name: 'a failure in HTML', status: 502, type: 'text/html', body: '<h1>', parsed: undefined },
    { name: 'a failure in broken JSON', status: 500, type: 'application/json', body: '{', parsed: undefined },
    {
      name: 'a charset and capitals',
      status: 200,
      type: 'Application/JSON; charset=utf-8',
      body: '{"a":"é"}',
      parsed: { a: 'é' },
    },
  ])('answers $name', async ({ status, type, body, parsed }) => {
    peer.handler = (_request, response) =>
      void response.writeHead(status, type === undefined ? {} : { 'content-type': type }).end(body);
    const answer = await peer.clientWith().request({ url: peer.url() });
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual(parsed);
  });

  it.each([
    { name: 'an HTML page', type: 'text/html', body: '<h1>Sign in to SECRET</h1>' },
    { name: 'no content type', type: '', body: '{"a":1}' },
    { name: 'broken JSON', type: 'application/json', body: '{"SECRET' },
  ])('refuses a success that is $name, without quoting it', async ({ type, body }) => {
    peer.handler = (_request, response) => {
      if (type !== '') response.setHeader('content-type', type);
      response.writeHead(200).end(body);
    };
    const error = await failure(peer.clientWith().request({ url: peer.url() }));
    expect(error).toMatchObject({ kind: 'NotJson', host: 'git.test', requestSent: true });
    expect(everythingIn(error)).not.toContain('SECRET');
  });

  it('reports each exchange', async () => {
    const records: unknown[] = [];
    const client = peer.clientWith({ onRequest: (record) => records.push(record) });
    await client.request({ url: peer.url('/user?secret=1#part') });
    await failure(client.request({ method: 'DELETE', url: 'https://elsewhere.example/' }));
    expect(records).toEqual([
      {
        method: 'GET',
        host: 'git.test',
        url: peer.url('/user'),
        status: 200,
        durationMs: expect.any(Number),
      },
      {
        method: 'DELETE',
        host: 'elsewhere.example',
        url: 'https://elsewhere.example/',
        error: 'HostNotAllowed',
        durationMs: expect.any(Number),
      },
    ]);
  });
});

describe('redirects', () => {
  function redirectTo(location: string | undefined, status = 302): void {
    peer.handler = (request, response) => {
      if (request.url === '/end') json(response, { at: 'end' });
      else response.writeHead(status, location === undefined ? {} : { location }).end();
    };
  }

  it.each([301, 302, 303, 307, 308])('follows %i within the origin', async (status) => {
    redirectTo('/end', status);
    const answer = await peer
      .clientWith()
      .request({ url: peer.url('/start'), headers: { 'private-token': 'x' } });
    expect(answer.body).toEqual({ at: 'end' });
    expect(peer.requests.map((request) => request.headers['private-token'])).toEqual(['x', 'x']);
  });

  const another =
    'Check the URL: give the address that the server knows itself by; else a sign-in page may stand before the API.';
  const signIn =
    'Check the URL; if a sign-in page or access gateway is in front of the API, let the requests of the operator pass there.';
  const unusable = 'Check the URL, and what is in front of the server.';

  it.each<{ name: string; method?: string; location: () => string | undefined; where: string; hint: string }>(
    [
      {
        name: 'another host',
        location: () => peer.url('/end', 'other.test'),
        where: ' to another host',
        hint: another,
      },
      {
        name: 'another host without scheme',
        location: () => '//other.test/end',
        where: ' to another host',
        hint: another,
      },
      {
        name: 'plain http',
        location: () => `http://git.test:${peer.port}/end`,
        where: ' to plain http',
        hint: "Correct the server's own external URL to https, or have the proxy in front of it pass on X-Forwarded-Proto.",
      },
      {
        name: 'another port',
        location: () => 'https://git.test:1/end',
        where: ' to another port of it',
        hint: another,
      },
      {
        name: 'a sign-in page of another host',
        location: () => 'https://sso.other.test/adfs/ls/?wa=wsignin1.0',
        where: ' to what looks like a sign-in page',
        hint: signIn,
      },
      {
        name: 'its own sign-in page, after a write',
        method: 'POST',
        location: () => '/users/sign_in',
        where: ' to what looks like a sign-in page',
        hint: signIn,
      },
      {
        name: 'a malformed location',
        location: () => 'https://[',
        where: ' without a usable address',
        hint: unusable,
      },
      { name: 'nowhere', location: () => undefined, where: ' without a usable address', hint: unusable },
      {
        name: 'a login in the address',
        location: () => `https://alice:pw@git.test:${peer.port}/end`,
        where: ' to an address with a login in it',
        hint: unusable,
      },
      {
        name: 'itself forever',
        location: () => '/again',
        where: ' after several others',
        hint: 'Check the URL, and the rules of the proxy in front of the server.',
      },
      {
        name: 'the same origin after a write',
        method: 'POST',
        location: () => '/end',
        where: '',
        hint: 'Check the URL: give the address that the server redirects to, often one with or without a slash or a path.',
      },
    ],
  )('refuses one to $name, and sends nothing there', async ({ method = 'GET', location, where, hint }) => {
    redirectTo(location());
    const headers = { 'private-token': 'x', authorization: 'Bearer y' };
    for (const call of [
      (client: HttpClient) => client.request({ method, url: peer.url('/start'), headers }),
      (client: HttpClient) => client.fetch(peer.url('/start'), { method, headers }),
    ]) {
      expect(await failure(call(peer.clientWith()))).toMatchObject({
        kind: 'RedirectRefused',
        host: 'git.test',
        message: `git.test answered with a redirect${where}, which is not followed.`,
        hint,
      });
    }
    expect(peer.requests.filter((request) => request.url === '/end')).toEqual([]);
  });

  it.each([
    { steps: 3, outcome: { at: 'end' }, requests: 4 },
    { steps: 4, outcome: 'RedirectRefused', requests: 4 },
  ])('$steps in a row are $outcome', async ({ steps, outcome, requests }) => {
    peer.handler = (request, response) => {
      const step = Number(request.url?.slice(1));
      if (step === steps) json(response, { at: 'end' });
      else response.writeHead(307, { location: `/${step + 1}` }).end();
    };
    const work = peer.clientWith().request({ url: peer.url('/0') });
    expect(await work.then(({ body }) => body).catch(({ kind }: { kind: string }) => kind)).toEqual(outcome);
    expect(peer.requests).toHaveLength(requests);
  });

  it('follows none if configured so', async () => {
    redirectTo('/end');
    const error = await failure(peer.clientWith().request({ url: peer.url('/start'), maxRedirects: 0 }));
    expect(error.kind).toBe('RedirectRefused');
  });
});

describe('fetch', () => {
  it('gives a complete, decompressed Response', async () => {
    peer.handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip', 'x-a': '1' });
      response.end(gzipSync('{"a":1}'));
    };
    const response = await peer.clientWith().fetch(new URL(peer.url('/x')), {
      headers: { accept: 'application/json' },
    });
    expect(response).toBeInstanceOf(Response);
    expect(response).toMatchObject({ status: 200, ok: true, url: peer.url('/x') });
    expect([...response.headers.keys()]).not.toContain('content-encoding');
    await expect(response.json()).resolves.toEqual({ a: 1 });
  });

  it('takes a Request with a body', async () => {
    peer.handler = (request, response) =>
      void request.pipe(response.writeHead(200, { 'content-type': 'text/plain' }));
    const asked = new Request(peer.url(), { method: 'POST', body: new URLSearchParams({ a: 'b' }) });
    const response = await peer.clientWith().fetch(asked);
    await expect(response.text()).resolves.toBe('a=b');
    expect(peer.requests[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded;charset=UTF-8');
  });

  it('refuses an HTML success where JSON was asked for', async () => {
    peer.handler = (_request, response) =>
      void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>');
    const accept = 'application/vnd.github.v3+json';
    expect(await failure(peer.clientWith().fetch(peer.url(), { headers: { accept } }))).toMatchObject({
      kind: 'NotJson',
    });
  });

  it.each([204, 304])('answers %i without a body', async (status) => {
    peer.handler = (_request, response) => void response.writeHead(status).end();
    await expect(peer.clientWith().fetch(peer.url())).resolves.toMatchObject({ status, body: null });
  });
});
