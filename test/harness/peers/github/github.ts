import { createClock } from '../git-hosts/clock.ts';
import { createGitHost, type GitHostControls } from '../git-hosts/git-host.ts';
import type { Peer } from '../peer.ts';
import { createApi } from './api.ts';
import { createAppVerifier } from './app-verifier.ts';
import { createControls, type GitHubControls } from './controls.ts';
import { createRateLimits } from './rate-limits.ts';
import { createSite, type SiteOptions } from './site.ts';
import { createState } from './state.ts';
import { answerWeb } from './web.ts';

export type GitHub = Peer & GitHostControls & GitHubControls;

/**
 * A GitHub without accounts at first: github.com by default, else a GHE.com subdomain or an
 * Enterprise Server, each with its own accounts, apps and numbers.
 */
export function createGitHub(options: SiteOptions = {}): GitHub {
  const site = createSite(options);
  const state = createState();
  const limits = createRateLimits();
  const verifier = createAppVerifier(state);
  const clock = createClock();
  const api = createApi({ site, state, limits, verifier, now: clock.now });
  const host = createGitHost({
    name: site.webHost,
    clock,
    hosts: [...new Set([site.apiHost, site.webHost])],
    answer: (question) =>
      question.host === site.apiHost && question.path.startsWith(`${site.apiPrefix}/`)
        ? api(question)
        : answerWeb(site, question),
    close: () => verifier.close(),
  });
  return { ...host, ...createControls(state, limits, clock.now) };
}
