import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { behave } from '../../harness/peers/git-hosts/hostile.ts';
import type { Peer } from '../../harness/peers/peer.ts';

/** How a server of an attacker answers whatever it is asked. */
type Behaviour = (response: ServerResponse, request: IncomingMessage) => void;

const json = { 'content-type': 'application/json' };

/** Fields of answers that the operator reads, and those that JavaScript itself would. */
const names =
  'id login username name email display_name account_id uuid slug version scopes permissions expires_at expires_in access_token token_type revoked active user_id is_admin projects applications applications_admin data pagination value values count next full_name account target_type app_id suspended_at message error error_description documentation_url authenticatedUser providerDisplayName __proto__ constructor toJSON then'.split(
    ' ',
  );

/** A body that parses and fits what is asked as far as names go, with unexpected values. */
function shaped(value: (name: string) => unknown): string {
  return `{${names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(value(name))}`).join(',')}}`;
}

const send =
  (status: number, headers: Record<string, string>, body: string | Buffer): Behaviour =>
  (response) =>
    void response.writeHead(status, { ...json, ...headers }).end(body);

/** 8 MB of objects for a page that may hold a hundred, made once. */
const manyRows = JSON.stringify(
  Array.from({ length: 40_000 }, (_, index) => ({
    id: `row-${index}`,
    alias: 'x'.repeat(150),
    project_name: 'shared',
  })),
);

/** One way to behave for each kind of harm that an answer can do. */
const behaviours: Record<string, Behaviour> = {
  'drip-head': (response) => behave(response, 'dripHead'),
  'drip-body': (response) => behave(response, 'dripBody'),
  endless: (response) => behave(response, 'endless'),
  bomb: (response) => behave(response, 'bomb'),
  cut: (response) => behave(response, 'cut'),
  silent: () => {},
  'deep-json': send(200, {}, `${'['.repeat(500_000)}${']'.repeat(500_000)}`),
  'deep-objects': send(200, {}, `${'{"data":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
  'many-rows': send(200, {}, manyRows),
  'many-rows-gzip': send(200, { 'content-encoding': 'gzip' }, gzipSync(`{"data":${manyRows}}`)),
  'long-texts': send(
    200,
    {},
    shaped(() => 'x'.repeat(20_000)),
  ),
  'long-lists': send(
    200,
    { 'x-oauth-scopes': 'repo, '.repeat(1_000) },
    shaped(() => Array(20_000).fill('repo')),
  ),
  'odd-types': send(
    200,
    {},
    shaped((name) => (name.length % 2 === 0 ? { [name]: null } : -1e308)),
  ),
  'huge-numbers': send(200, {}, `{"id":${'9'.repeat(50_000)},"expires_in":1e999,"count":-0,"version":"1"}`),
  'not-json': send(200, {}, '<!doctype html>'.repeat(2_000)),
  html: send(200, { 'content-type': 'text/html; charset=x-made-up' }, '<html>'.repeat(1_000)),
  'wrong-encoding': send(200, { 'content-encoding': 'gzip, br, zstd, gzip' }, 'not compressed'),
  'long-headers': (response) => {
    for (let index = 0; index < 100; index += 1) response.setHeader(`x-${index}`, 'y'.repeat(140));
    send(200, {}, '{}')(response, response.req);
  },
  'too-long-headers': (response) => {
    response.setHeader('x-oauth-scopes', 'repo, '.repeat(40_000));
    send(200, {}, '{}')(response, response.req);
  },
  redirects: (response, request) =>
    void response.writeHead(302, { location: `${request.url}${request.url}`.slice(0, 4_000) }).end(),
  'redirects-away': send(307, { location: 'https://169.254.169.254/latest/meta-data' }, ''),
  unauthorized: send(401, { 'www-authenticate': 'Basic realm="'.concat('x'.repeat(4_000), '"') }, '{}'),
  forbidden: send(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '99999999999999' }, '{}'),
  'wait-forever': send(429, { 'retry-after': '9'.repeat(300) }, '{}'),
  'wait-until-never': send(503, { 'retry-after': 'Fri, 31 Dec 9999 23:59:59 GMT', date: 'never' }, '{}'),
  'one-more-page': (response, request) => {
    const next = `https://${request.headers.host}${request.url?.split('?')[0]}?page=${Math.random()}`;
    response.setHeader('link', `<${next}>; rel="next"`);
    const body = { data: [], values: [], next, pagination: { page: 1, pages: 1e9, total: 1e9, per_page: 1 } };
    send(200, {}, JSON.stringify(body))(response, request);
  },
  // What came in goes out in every place that a client may repeat.
  echo: (response, request) => {
    const secret = String(request.headers.authorization ?? request.headers['private-token']);
    const text = secret.replace(/^\w+ /, '').slice(0, 200);
    response.setHeader('x-oauth-scopes', text);
    send(
      200,
      {},
      shaped((name) => (name === 'id' ? 1 : text)),
    )(response, request);
  },
  'echo-failure': (response, request) => {
    const text = (request.headers.authorization ?? '').slice(0, 200);
    response.statusMessage = 'No';
    response.setHeader('www-authenticate', `Bearer error_description="${text.replaceAll('"', '')}"`);
    send(400, {}, JSON.stringify({ error: text, error_description: text, message: text }))(response, request);
  },
};

/** An attacker's Git hosts and identity providers, one for each way to behave badly: `bomb.evil.example.com`. */
export function hostileHosts(): Peer[] {
  return Object.entries(behaviours).map(([name, behaviour]) => peer(`${name}.evil.example.com`, behaviour));
}

/**
 * A CodeMie of an attacker's own: a real one answers the sign-in and the account, so that the connection is Ready, and the
 * rest is answered badly.
 */
export function hostileCodeMies(real: RequestListener, basePath: string): Peer[] {
  return Object.entries(behaviours).map(([name, misbehave]) =>
    peer(`codemie-${name}.evil.example.com`, (response, request) => {
      const path = request.url?.slice(basePath.length) ?? '';
      if (path === '/v1/info' || path === '/v1/user') real(request, response);
      else misbehave(response, request);
    }),
  );
}

function peer(host: string, behaviour: Behaviour): Peer {
  return {
    name: host,
    hosts: [host],
    requests: [],
    handler(request, response) {
      response.on('error', () => response.destroy());
      behaviour(response, request);
    },
    close: () => Promise.resolve(),
  };
}
