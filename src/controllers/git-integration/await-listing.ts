import type { Scope } from '../../domain/setting.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { durations } from '../../lib/durations.ts';
import type { Session } from '../codemie-connection/session.ts';
import type { Deps } from './deps.ts';

/** When a pass that waits for a listing comes back anyway, should that never come. */
export const listedWithinMs = durations.integrations.listedWithinMs;

/**
 * Has a key looked at again when there is a listing that began after now. The pass ends meanwhile and holds no worker,
 * and all who wait at the same time are woken by the same listing.
 */
export function awaitListing(
  key: ObjectKey,
  scope: Scope,
  session: Session,
  { wake }: Pick<Deps, 'wake'>,
): void {
  void session.listedLater(scope).then(() => wake(key));
}
