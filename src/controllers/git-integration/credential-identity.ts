import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { GitIntegrationSpec } from '../../api/v1alpha1/git-integration-spec.ts';
import { valueName } from '../../domain/secret-value.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Store } from '../../kube/store.ts';
import type { Credential, ProviderName } from '../../providers/provider.ts';

/**
 * Knows a credential again without keeping it: a keyed digest, 128 bits in hex, of the credential and the server that
 * it is for. It may stand in a status: who has not the key can try out no tokens against it.
 */
export function credentialDigest(
  provider: ProviderName,
  webUrl: URL,
  credential: Credential,
  key: Buffer,
): string {
  const text = JSON.stringify([provider, webUrl.href, credential]);
  return createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
}

const remembering = z.object({
  status: z.object({ credential: z.object({ digest: z.string(), expiresAt: z.string().optional() }) }),
});

/** What the status of an integration says of its credential, if it can be known again. No more of it is parsed. */
export function rememberedCredential(
  object: KubeObject,
): { digest: string; expiresAt?: string | undefined } | undefined {
  return remembering.safeParse(object).data?.status.credential;
}

/**
 * When a credential ends, RFC 3339, as far as the status of any integration remembers it. GitHub tells the end only
 * while a token lives: after a restart, nothing else tells an expired one from a wrong one.
 */
export function rememberedEnd(digest: string, integrations: Pick<Store, 'byIndex'>): string | undefined {
  const ends = integrations
    .byIndex('credential', digest)
    .map((object) => rememberedCredential(object)?.expiresAt)
    .filter((end) => end !== undefined);
  // Of one that was prolonged, the former end may stand where nobody looked since.
  return ends.toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1);
}

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
