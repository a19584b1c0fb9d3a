import { z } from 'zod';
import type { KubeClient } from './client.ts';
import { KubeTransportError } from './errors.ts';
import type { Resource } from './object.ts';

/** Whom the API server takes the bearer of a token for; passed on to {@link mayGet} as it is. */
export interface User {
  username: string;
  uid?: string | undefined;
  groups?: string[] | undefined;
  extra?: Record<string, string[]> | undefined;
}

/** The kind that is created to ask who the bearer of a token is. */
export const tokenReviews: Resource = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
};

/** The kind that is created to ask what another user may do. */
export const subjectAccessReviews: Resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

const tokenAnswer = z.object({
  status: z.object({
    authenticated: z.boolean().default(false),
    // An empty object where the token was not accepted.
    user: z
      .object({
        username: z.string().default(''),
        uid: z.string().optional(),
        groups: z.array(z.string()).optional(),
        extra: z.record(z.string(), z.array(z.string())).optional(),
      })
      .optional(),
  }),
});

const accessAnswer = z.object({
  status: z.object({ allowed: z.boolean(), denied: z.boolean().default(false) }),
});

/**
 * Asks the API server who the bearer of a token is. Undefined when it doesn't accept the token.
 * https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
 *
 * @throws as KubeClient does
 */
export async function authenticate(
  client: Pick<KubeClient, 'ask'>,
  token: string,
  signal: AbortSignal,
): Promise<User | undefined> {
  const answer = tokenAnswer.safeParse(await client.ask(tokenReviews, { spec: { token } }, signal));
  if (!answer.success) throw new KubeTransportError(`create ${tokenReviews.plural}`, 'Protocol');
  const { authenticated, user } = answer.data.status;
  return authenticated && user?.username ? user : undefined;
}

/**
 * Asks the API server whether a user may GET a path that is no resource, such as `/metrics`.
 * https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/subject-access-review-v1/
 *
 * @throws as KubeClient does
 */
export async function mayGet(
  client: Pick<KubeClient, 'ask'>,
  { username, ...rest }: User,
  path: string,
  signal: AbortSignal,
): Promise<boolean> {
  const spec = { user: username, ...rest, nonResourceAttributes: { path, verb: 'get' } };
  const answer = accessAnswer.safeParse(await client.ask(subjectAccessReviews, { spec }, signal));
  if (!answer.success) throw new KubeTransportError(`create ${subjectAccessReviews.plural}`, 'Protocol');
  return answer.data.status.allowed && !answer.data.status.denied;
}
