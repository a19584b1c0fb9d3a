import { createRequesterFn, type RequesterType, type ResourceOptions } from '@gitbeaker/requester-utils';
import { PersonalAccessTokens, Projects, Users } from '@gitbeaker/rest';
import { z } from 'zod';
import { type Answer, fromResponse, isSuccess } from '../answer.ts';
import { transportFailure } from '../failures.ts';
import type { Target } from '../provider.ts';
import { baseOf } from '../urls.ts';

/** The few endpoints that are asked. An answer of any status is given; without one, a ProviderError is thrown. */
export interface GitLabClient {
  /** `GET /personal_access_tokens/self` */
  token(): Promise<Answer>;
  /** `GET /user` */
  user(): Promise<Answer>;
  /** `GET /projects/:id`, by full path. */
  project(path: string): Promise<Answer>;
}

/**
 * A client for one validation: gitbeaker's endpoints over our own transport. Its default one sends the token to redirect
 * targets, keeps it in printed errors, retries ten times at once and drops the text that tells expired from revoked.
 *
 * The token goes as `Authorization: Bearer`, which GitLab takes for OAuth and for personal tokens alike, so one call
 * tells the two apart. https://docs.gitlab.com/api/rest/authentication/
 */
export function createGitLabClient(token: string, target: Target): GitLabClient {
  const options = {
    oauthToken: token,
    requesterFn: requesterOver(target),
    // The target's signal is the deadline.
    queryTimeout: null,
    rateLimits: {},
  };
  const tokens = new PersonalAccessTokens(options);
  const users = new Users(options);
  const projects = new Projects(options);
  return {
    token: () => answerTo(tokens.show({ showExpanded: true })),
    user: () => answerTo(users.showCurrentUser({ showExpanded: true })),
    project: (path) => answerTo(projects.show(path, { showExpanded: true })),
  };
}

/** Carries an answer through gitbeaker unseen: it would page on by itself if a body were a list. */
class Answered extends Error {
  readonly answer: Answer;
  constructor(answer: Answer) {
    super('answered');
    this.answer = answer;
  }
}
