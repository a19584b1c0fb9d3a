import { z } from 'zod';
import type { KubeClient } from './client.ts';
import { KubeTransportError } from './errors.ts';
import type { Resource } from './object.ts';

/** One permission. */
export interface ResourceAttributes {
  verb: string;
  resource: Pick<Resource, 'group' | 'plural'>;
  subresource?: string;
  /** Absent: in all namespaces, or of a kind that has none. */
  namespace?: string;
  /** Absent: every object. */
  name?: string;
}

const reviews: Resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'selfsubjectaccessreviews',
  kind: 'SelfSubjectAccessReview',
  namespaced: false,
};

const answerSchema = z.object({ status: z.object({ allowed: z.boolean() }) });

/**
 * Asks the API server whether the client's own login may do something. By default everyone may ask that; the
 * answer takes all authorizers into account, not RBAC alone.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 *
 * @throws as KubeClient does; KubeStatusError 403 where an administrator took the right to ask away
 */
export async function isAllowed(
  client: Pick<KubeClient, 'ask'>,
  access: ResourceAttributes,
  signal: AbortSignal,
): Promise<boolean> {
  const { verb, resource, subresource, namespace, name } = access;
  const resourceAttributes = {
    verb,
    group: resource.group,
    resource: resource.plural,
    ...(subresource !== undefined && { subresource }),
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
  };
  const answer = answerSchema.safeParse(await client.ask(reviews, { spec: { resourceAttributes } }, signal));
  if (!answer.success) throw new KubeTransportError(`create ${reviews.plural}`, 'Protocol');
  return answer.data.status.allowed;
}
