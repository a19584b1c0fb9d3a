import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failure, startTestServer, type TestServer } from '../../test/harness/net/test-server.ts';

let peer: TestServer;
beforeEach(async () => {
  peer = await startTestServer();
});
afterEach(() => peer.close());

const heldBack = {
  kind: 'Aborted',
  message: 'The request to git.test was held back, because another replica may be at work by now.',
  requestSent: false,
};

describe('a client that is not allowed to send', () => {
  it.each(['GET', 'POST', 'PUT', 'DELETE'])('holds a %s back', async (method) => {
    const client = peer.clientWith({ maySend: () => false });
    expect(await failure(client.request({ method, url: peer.url() }))).toMatchObject(heldBack);
    expect(peer.requests).toEqual([]);
  });

  it('holds back what libraries fetch', async () => {
    const client = peer.clientWith({ maySend: () => false });
    expect(await failure(client.fetch(peer.url()))).toMatchObject(heldBack);
    expect(peer.requests).toEqual([]);
  });

  it('is asked when the connection stands, not before', async () => {
    let may = true;
    const client = peer.clientWith({
      maySend: () => may,
      resolve: async () => {
        may = false;
        return [{ address: '127.0.0.1', family: 4 }];
      },
    });
    expect(await failure(client.request({ method: 'POST', url: peer.url() }))).toMatchObject(heldBack);
    expect(peer.requests).toEqual([]);
  });

  it('holds back what would go out on a kept connection, and goes on when it may again', async () => {
    let may = true;
    const client = peer.clientWith({ maySend: () => may });
    await client.request({ url: peer.url() });
    may = false;
    await failure(client.request({ url: peer.url() }));
    may = true;
    await client.request({ url: peer.url() });
    expect(peer.requests).toHaveLength(2);
  });
});
