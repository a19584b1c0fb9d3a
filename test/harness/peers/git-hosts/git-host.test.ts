import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Peer } from '../peer.ts';
import { openPeer, type PeerPort } from './ask.ts';
import { createClock } from './clock.ts';
import { createGitHost, type GitHostControls } from './git-host.ts';

const url = 'https://api.example.com/user';
let host: Peer & GitHostControls;
let port: PeerPort;

beforeEach(async () => {
  host = createGitHost({
    name: 'any',
    hosts: ['api.example.com'],
    clock: createClock(),
    answer: () => ({ status: 200, body: {} }),
  });
  port = await openPeer(host);
});

afterEach(() => port.close());

it('fails as often as set, and only where set', async () => {
  host.failNext({ match: /GET api\.example\.com\/user\?x=1$/, status: 502, times: 2 });
  host.failNext({ match: '/user', reset: true });
  await expect(port.ask(url)).rejects.toThrow('socket hang up');
  const statuses = [];
  for (let i = 0; i < 3; i += 1) {
    statuses.push((await port.ask(`${url}?x=1`)).status);
  }
  expect(statuses).toEqual([502, 502, 200]);
});

it('leaves a hanging request open until it is closed', async () => {
  host.failNext({ hang: true });
  const hanging = port.ask(url);
  await expect(port.ask(url)).resolves.toMatchObject({ status: 200 });
  await Promise.all([expect(hanging).rejects.toThrow('socket hang up'), port.close()]);
});

it.each(['dripHead', 'dripBody'] as const)('never comes to the end of an answer: %s', async (hostile) => {
  host.failNext({ hostile });
  const dripping = port.ask(url);
  await expect(port.ask(url)).resolves.toMatchObject({ status: 200 });
  await Promise.all([expect(dripping).rejects.toThrow(/socket hang up|aborted/), port.close()]);
});

it('breaks off in the middle of a body', async () => {
  host.failNext({ hostile: 'cut' });
  await expect(port.ask(url)).rejects.toThrow(/socket hang up|aborted/);
});
