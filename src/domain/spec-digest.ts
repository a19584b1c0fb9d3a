import { createHash } from 'node:crypto';
import type { GitIntegrationSpec } from '../api/v1alpha1/git-integration-spec.ts';

/**
 * A short name for all that a spec asks for. `suspend` is left out: it only says when. Nothing in a spec is secret,
 * so the digest needs no key.
 */
export function specDigest(spec: GitIntegrationSpec): string {
  const asked = { ...spec, suspend: undefined };
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 32);
}
