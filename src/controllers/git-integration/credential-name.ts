import type { GitIntegrationSpec } from '../../api/v1alpha1/git-integration-spec.ts';
import { valueName } from '../../domain/secret-value.ts';

/**
 * What every sentence about a credential calls it, without an article: `token in Secret "acme" (key "token")`, and for
 * an App its private key with the fingerprint that GitHub shows next to the key.
 */
export function credentialName(
  { token, githubApp }: GitIntegrationSpec['auth'],
  fingerprint?: string,
): string {
  if (githubApp) return valueName('private key', 'Secret', githubApp.privateKeySecretRef, fingerprint);
  // The schema allows exactly one of token and githubApp.
  return token ? valueName('token', 'Secret', token.secretRef) : 'credential';
}
