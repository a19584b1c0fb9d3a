import { createClock } from '../../git-hosts/clock.ts';
import { type Answer, type Question, withHeaders } from '../../git-hosts/exchange.ts';
import { createGitHost, type GitHostControls } from '../../git-hosts/git-host.ts';
import type { Peer } from '../../peer.ts';
import { authenticate, type Caller } from './authentication.ts';
import { type BitbucketDataCenterControls, createControls } from './controls.ts';
import { answerRest } from './routes.ts';
import { createState } from './state.ts';

export type BitbucketDataCenter = Peer & GitHostControls & BitbucketDataCenterControls;

export interface BitbucketDataCenterOptions {
  /** Where it is served, with the context path if it has one: `https://git.corp.example/bitbucket`. */
  url: string;
  /** Default `9.4.1`. */
  version?: string;
  /**
   * What `application-properties`, which anybody may read, answers to a bad token: nothing public says whether a
   * 401 (default) or the same as for an anonymous request.
   */
  badTokenOnProperties?: 'refused' | 'anonymous';
}

/** A Bitbucket Data Center without accounts at first. */
export function createBitbucketDataCenter(options: BitbucketDataCenterOptions): BitbucketDataCenter {
  const url = new URL(options.url);
  const root = url.pathname.replace(/\/$/, '');
  const webUrl = url.origin + root;
  const state = createState();
  const clock = createClock();
  const context = { state, webUrl, version: options.version ?? '9.4.1' };

  function callerOf(question: Question, path: string): Caller | Answer {
    const caller = authenticate(state, question, clock.now());
    const forgiven = options.badTokenOnProperties === 'anonymous' && path === '/application-properties';
    return 'status' in caller && forgiven ? { kind: 'anonymous' } : caller;
  }

  async function answer(question: Question): Promise<Answer> {
    if (!question.path.startsWith(`${root}/`)) {
      return {
        status: 404,
        headers: { 'content-type': 'text/html' },
        body: '<html><body>Not Found</body></html>',
      };
    }
    const path = question.path.slice(root.length);
    const rest = /^\/rest\/api\/(?:latest|1\.0)(\/.+)$/.exec(path)?.[1];
    const isWhoami = path === '/plugins/servlet/applinks/whoami';
    if (rest === undefined && !isWhoami) {
      // A token opens only /rest and /scm:
      // https://support.atlassian.com/bitbucket-data-center/kb/access-tokens-no-longer-work-as-expected-after-upgrading-bitbucket-data-center
      return { status: 302, headers: { location: `${webUrl}/login` }, body: '' };
    }
    const caller = callerOf(question, rest ?? path);
    if ('status' in caller) {
      return caller;
    }
    const name = caller.kind === 'signedIn' ? caller.name : undefined;
    const told = isWhoami
      ? { status: 200, body: name ?? '' }
      : await answerRest(context, question, rest ?? '', caller);
    const user = name === undefined ? undefined : state.users.get(name);
    return withHeaders(told, {
      ...(name === undefined ? {} : { 'x-ausername': encodeURIComponent(name) }),
      ...(user === undefined ? {} : { 'x-auserid': String(user.id) }),
    });
  }

  const host = createGitHost({
    name: url.host,
    hosts: [url.host],
    clock,
    // https://github.com/jenkinsci/stashnotifier-plugin/issues/263
    answer: async (question) =>
      withHeaders(await answer(question), {
        'x-arequestid': '@1TEST0Rx720x1234x0',
        'x-asen': 'SEN-0000000',
        'cache-control': 'private, no-cache',
      }),
  });
  return { ...host, ...createControls(state, clock.now) };
}
