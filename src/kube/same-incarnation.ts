import { isConflict, KubeStatusError } from './errors.ts';
import type { KubeObject } from './object.ts';

/** How to reach one object. */
export interface Incarnation {
  /** For the error message, as KubeRequest's `what`. */
  what: string;
  uid: string;
  /** A version of it that the caller knows; saves the read when it is still current. */
  resourceVersion?: string | undefined;
  read: () => Promise<KubeObject | undefined>;
}

/** How often a write is tried when others write at the same time. */
const maxTries = 5;

/**
 * Writes to an object only while it is the incarnation of that uid. The API server ignores `metadata.uid` in an
 * apply to `/status` of a custom resource, so the version is what protects: it never matches another incarnation.
 *
 * @param write must send the version, so that the server answers 409 when it is not current
 * @throws KubeStatusError 404 when this incarnation is gone, 409 when others wrote each time in between
 */
export async function writeToSame(
  target: Incarnation,
  write: (resourceVersion: string) => Promise<KubeObject>,
): Promise<KubeObject> {
  let version = target.resourceVersion;
  for (let attempt = 1; ; attempt++) {
    version ??= await currentVersion(target);
    try {
      return await write(version);
    } catch (error) {
      if (!isConflict(error) || attempt === maxTries) throw error;
      version = undefined;
    }
  }
}

async function currentVersion({ what, uid, read }: Incarnation): Promise<string> {
  const current = await read();
  if (current?.metadata.uid === uid) return current.metadata.resourceVersion;
  throw new KubeStatusError(what, { code: 404, reason: 'NotFound' });
}
