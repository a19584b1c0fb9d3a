import { randomUUID } from 'node:crypto';
import { createClock } from '../git-hosts/clock.ts';
import { type Answer, type Question, withHeaders } from '../git-hosts/exchange.ts';
import { createGitHost, type GitHostControls } from '../git-hosts/git-host.ts';
import type { Peer } from '../peer.ts';
import { type AzureDevOpsControls, createControls } from './controls.ts';
import { notFoundPage } from './errors.ts';
import { answerApi } from './routes.ts';
import { createState } from './state.ts';

export type AzureDevOps = Peer & GitHostControls & AzureDevOpsControls;

export interface AzureDevOpsOptions {
  /** Where it is served, with the virtual directory of a server if it has one; default `https://dev.azure.com`. */
  url?: string;
}

/**
 * An Azure DevOps without accounts at first: the Services, whose organizations are below dev.azure.com, or
 * a Server with its collections. https://learn.microsoft.com/azure/devops/integrate/how-to/call-rest-api
 */
export function createAzureDevOps(options: AzureDevOpsOptions = {}): AzureDevOps {
  const url = new URL(options.url ?? 'https://dev.azure.com');
  const root = url.pathname.replace(/\/$/, '');
  const state = createState();
  const clock = createClock();
  const site = { isServer: url.host !== 'dev.azure.com', realm: `${url.origin}${root}` };

  async function answer(question: Question): Promise<Answer> {
    const [, organization = '', path = ''] =
      /^\/([^/]+)(\/.*)?$/.exec(
        question.path.startsWith(`${root}/`) ? question.path.slice(root.length) : '',
      ) ?? [];
    const found = state.organizations.get(decodeURIComponent(organization).toLowerCase());
    const told =
      found === undefined
        ? notFoundPage()
        : await answerApi({ state, site, organization: found, now: clock.now }, question, path);
    return withHeaders(told, {
      // On every answer, and on no other product's.
      'x-tfs-processid': randomUUID(),
      'x-vss-e2eid': randomUUID(),
      activityid: randomUUID(),
    });
  }

  return {
    ...createGitHost({ name: url.host, hosts: [url.host], clock, answer }),
    ...createControls(state, clock.now),
  };
}
