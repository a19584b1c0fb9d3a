import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { KubeClient } from '../kube/client.ts';
import { isAlreadyExists, isNotFound } from '../kube/errors.ts';
import { type KubeObject, secrets } from '../kube/object.ts';

/** The Secret in the operator's namespace that holds the key of the digests. */
export const digestKeySecret = 'codemie-git-operator-digest-key';

const keyBytes = 32;
const stored = z.object({ data: z.object({ key: z.base64() }) });

/**
 * The random key of the digests that are in status, from its Secret, which is made at the first start. Losing
 * it costs one more write per integration and nothing else.
 *
 * @throws Error when the namespace does not exist, or the Secret is there and holds no such key; what the
 *   KubeClient throws
 */
export async function ensureDigestKey(
  kube: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<KeyObject> {
  const name = `${namespace}/${digestKeySecret}`;
  const found = (await kube.get(secrets, name, signal)) ?? (await make(kube, namespace, signal));
  const object = found ?? (await kube.get(secrets, name, signal));
  const parsed = stored.safeParse(object);
  const key = Buffer.from(parsed.data?.data.key ?? '', 'base64');
  // As a KeyObject, which Node.js prepares once: a Buffer costs each digest eight times as much. It prints no bytes either.
  if (key.length === keyBytes) return createSecretKey(key);
  throw new Error(
    `Secret "${name}" does not hold a key of ${keyBytes} bytes. Delete it, and a new one is made.`,
  );
}

/** Undefined when another replica was faster. */
async function make(
  kube: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const data = { key: randomBytes(keyBytes).toString('base64') };
  const secret = { metadata: { name: digestKeySecret, namespace }, type: 'Opaque', immutable: true, data };
  try {
    return await kube.create(secrets, secret, signal);
  } catch (error) {
    if (isAlreadyExists(error)) return undefined;
    if (isNotFound(error))
      throw new Error(
        `The operator's namespace "${namespace}" does not exist. Create it, or set --operator-namespace.`,
        {
          cause: error,
        },
      );
    throw error;
  }
}
