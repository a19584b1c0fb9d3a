import { randomUUID } from 'node:crypto';
import { createClock } from '../../git-hosts/clock.ts';
import { withHeaders } from '../../git-hosts/exchange.ts';
import { createGitHost, type GitHostControls } from '../../git-hosts/git-host.ts';
import type { Peer } from '../../peer.ts';
import { type BitbucketCloudControls, createControls } from './controls.ts';
import { createApi } from './routes.ts';
import { createState } from './state.ts';

export type BitbucketCloud = Peer & GitHostControls & BitbucketCloudControls;

/** bitbucket.org with its API, without accounts at first. */
export function createBitbucketCloud(): BitbucketCloud {
  const state = createState();
  const clock = createClock();
  const api = createApi(state, clock.now);
  const host = createGitHost({
    name: 'bitbucket.org',
    hosts: ['api.bitbucket.org', 'bitbucket.org'],
    clock,
    answer: async (question) =>
      question.host === 'api.bitbucket.org'
        ? withHeaders(await api(question), {
            server: 'envoy',
            'x-request-id': randomUUID().replaceAll('-', ''),
          })
        : {
            status: question.path === '/' ? 200 : 404,
            headers: { 'content-type': 'text/html; charset=utf-8' },
            body: '<!DOCTYPE html><html lang="en"><head><title>Bitbucket</title></head><body></body></html>',
          },
  });
  return { ...host, ...createControls(state, clock.now) };
}
