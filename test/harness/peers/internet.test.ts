import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { inspect } from 'node:util';
import { Agent, fetch, ProxyAgent } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConnectionFault } from './connection-fault.ts';
import { type Internet, startInternet } from './internet.ts';
import type { Peer } from './peer.ts';

function echoPeer(): Peer {
  return {
    name: 'echo',
    hosts: ['echo.example.com', 'git.example.com:8443'],
    requests: [],
    handler(request, response) {
      request.resume().once('end', () => {
        response.end(`${request.method} ${request.headers.host}${request.url}`);
      });
    },
    close: () => Promise.resolve(),
  };
}

describe('startInternet', () => {
  let internet: Internet;
  let peer: Peer;
  let dispatcher: ProxyAgent;

  beforeEach(async () => {
    peer = echoPeer();
    internet = await startInternet({ peers: [peer] });
    dispatcher = new ProxyAgent({ uri: internet.proxyUrl, requestTls: { ca: internet.ca } });
  });

  afterEach(async () => {
    await dispatcher.destroy();
    await internet.close();
  });

  /** The innermost code of a failed fetch: what a client can report to its user. */
  async function codeOfFailure(url: string, timeoutMs = 10_000): Promise<string> {
    try {
      const response = await fetch(url, { dispatcher, signal: AbortSignal.timeout(timeoutMs) });
      return `status ${response.status}, ${(await response.text()).length} bytes`;
    } catch (error) {
      for (let cause = error; cause instanceof Error; cause = cause.cause) {
        if ('code' in cause && typeof cause.code === 'string') {
          return cause.code;
        }
        if (cause.name === 'TimeoutError' || cause.cause === undefined) {
          return cause.name === 'TimeoutError' ? 'timeout' : cause.message;
        }
      }
      return 'unknown';
    }
  }

  it.each([
    { url: 'https://echo.example.com/a/b?c=d', text: 'GET echo.example.com/a/b?c=d' },
    { url: 'https://git.example.com:8443/', text: 'GET git.example.com:8443/' },
  ])('routes $url by its public name', async ({ url, text }) => {
    const response = await fetch(url, { dispatcher });
    expect(await response.text()).toBe(text);
  });

  it('answers without the proxy too', async () => {
    const direct = new Agent({ connect: { ca: await readFile(internet.caFile, 'utf8') } });
    const { host, port } = internet.addressOf('echo.example.com');
    const response = await fetch(`https://${host}:${port}/direct`, { dispatcher: direct });
    expect(await response.text()).toBe(`GET 127.0.0.1:${port}/direct`);
    await direct.destroy();
  });

  it.each([
    { name: 'an unknown host', url: 'https://api.github.com/', remembered: 'api.github.com' },
    {
      name: 'a known host on another port',
      url: 'https://echo.example.com:444/',
      remembered: 'echo.example.com:444',
    },
    { name: 'plain http', url: 'http://echo.example.com/', remembered: 'echo.example.com:80' },
  ])('refuses $name and remembers it', async ({ url, remembered }) => {
    await codeOfFailure(url);
    expect(internet.refusedHosts).toEqual([remembered]);
    expect(internet.requests).toEqual([]);
  });

  it('records requests and shows no secret when printed', async () => {
    await fetch('https://echo.example.com/a?key=SECRET', {
      method: 'POST',
      body: 'SECRET',
      headers: { authorization: 'Bearer SECRET' },
      dispatcher,
    });
    const [record] = peer.requests;
    expect(record).toMatchObject({ host: 'echo.example.com', method: 'POST', path: '/a', status: 200 });
    expect(record?.headerNames).toContain('authorization');
    expect(record?.header('authorization')).toBe('Bearer SECRET');
    expect(record?.body()).toBe('SECRET');
    expect(record?.query().get('key')).toBe('SECRET');
    expect(internet.requests).toEqual(peer.requests);
    expect(inspect(record, { depth: 10 }) + JSON.stringify(record)).not.toContain('SECRET');
  });

  it.each<{ fault: ConnectionFault; code: string }>([
    { fault: { kind: 'refuse' }, code: 'UND_ERR_ABORTED' },
    { fault: { kind: 'hang' }, code: 'timeout' },
    { fault: { kind: 'hang', at: 'connect' }, code: 'timeout' },
    { fault: { kind: 'reset', afterBytes: 0 }, code: 'ECONNRESET' },
    { fault: { kind: 'reset', afterBytes: 1500 }, code: 'ECONNRESET' },
    { fault: { kind: 'certificate', problem: 'wrongName' }, code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    { fault: { kind: 'certificate', problem: 'expired' }, code: 'CERT_HAS_EXPIRED' },
    { fault: { kind: 'certificate', problem: 'unknownAuthority' }, code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
  ])('breaks one host with $fault and restores it', async ({ fault, code }) => {
    expect(await codeOfFailure('https://echo.example.com/')).toMatch('status 200');
    internet.setFault('echo.example.com', fault);
    expect(await codeOfFailure('https://echo.example.com/', 1_000)).toBe(code);
    expect(await codeOfFailure('https://git.example.com:8443/')).toMatch('status 200');
    internet.setFault('echo.example.com', undefined);
    expect(await codeOfFailure('https://echo.example.com/')).toMatch('status 200');
    expect(internet.refusedHosts).toEqual([]);
  });

  it('closes while a client hangs', async () => {
    internet.setFault('echo.example.com', { kind: 'hang' });
    const client = connect(Number(new URL(internet.proxyUrl).port), '127.0.0.1');
    client.write('CONNECT echo.example.com:443 HTTP/1.1\r\nHost: echo.example.com\r\n\r\n');
    await once(client, 'data');
    const closed = once(client, 'close');
    await internet.close();
    await closed;
    expect(client.destroyed).toBe(true);
  });
});
