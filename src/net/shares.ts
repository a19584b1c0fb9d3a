import type { Clock } from '../lib/clock.ts';
import { createTurns } from '../lib/turns.ts';

/** Gives a place back. To be called once. */
export type Release = () => void;

/** Requests that are counted together, such as those of a namespace. */
export interface Share {
  /** Names the group among all. */
  name: string;
  /** How many requests of the group may be under way while so many are left for all. */
  most: (left: number) => number;
}

/** Bounds how many requests are under way, in all and of each group. */
export interface Shares {
  /**
   * Waits for a place, as long as the requests before it are worked off. Gives the share that is in the way instead, if
   * its requests have been under way for too long, so that it is unknown when one ends.
   *
   * @param tenant takes turns with others that wait
   * @throws the signal's reason if it aborts while waiting
   */
  take(tenant: string, shares: readonly Share[], signal?: AbortSignal): Promise<Release | Share>;
  /** Requests under way. */
  readonly running: number;
}

/** Options for {@link createShares}. */
export interface SharesOptions {
  /** Requests at the same time, all together. */
  capacity: number;
  /** For how long a group may be taken up by the same requests before nothing waits for it any more. */
  patienceMs: number;
  clock: Clock;
}

interface Group {
  count: number;
  /** When the youngest of its requests began. */
  newestMs: number;
}

interface Waiter {
  shares: readonly Share[];
  resolve: (release: Release) => void;
}

/** One that waits. */
interface Waiting {
  place: Promise<Release>;
  /** False if it has its place already. */
  leave: () => boolean;
  shares: readonly Share[];
}

/** Creates the shares. They know only groups with requests under way. */
export function createShares({ capacity, patienceMs, clock }: SharesOptions): Shares {
  const groups = new Map<string, Group>();
  const all: Share = { name: '', most: () => capacity };
  const turns = createTurns<Waiter, 'waiting'>();
  let running = 0;

  function occupy(shares: readonly Share[]): Release {
    running++;
    for (const { name } of shares) {
      const group = groups.get(name) ?? { count: 0, newestMs: 0 };
      group.count++;
      group.newestMs = clock.now();
      groups.set(name, group);
    }
    return () => {
      running--;
      for (const { name } of shares) {
        const group = groups.get(name);
        if (group && --group.count === 0) groups.delete(name);
      }
      serve();
    };
  }

  function isFull({ name, most }: Share): boolean {
    return (groups.get(name)?.count ?? 0) >= most(capacity - running);
  }

  function serve(): void {
    const itemMay = ({ shares }: Waiter): boolean => !shares.some(isFull);
    for (;;) {
      const turn = turns.take({ order: ['waiting'], itemMay });
      if (turn === undefined) return;
      turn.item.resolve(occupy(turn.item.shares));
    }
  }

  /** The share that has been in the way for longest, and how long that may still go on. */
  function inTheWay(shares: readonly Share[]): { share: Share | undefined; leftMs: number } {
    let found: { share: Share | undefined; leftMs: number } = { share: undefined, leftMs: patienceMs };
    for (const share of shares) {
      if (!isFull(share)) continue;
      const leftMs = (groups.get(share.name)?.newestMs ?? clock.now()) + patienceMs - clock.now();
      if (leftMs < found.leftMs || found.share === undefined) found = { share, leftMs };
    }
    return found;
  }

  async function wait({ place, leave, shares }: Waiting, signal?: AbortSignal): Promise<Release | Share> {
    const gone = Promise.withResolvers<Share>();
    let cancelTimer = (): void => {};
    const check = (): void => {
      const { share, leftMs } = inTheWay(shares);
      if (share === undefined || leftMs > 0) cancelTimer = clock.setTimer(check, leftMs);
      else if (leave()) gone.resolve(share);
    };
    const abort = (): void => {
      if (leave()) gone.reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    check();
    try {
      return await Promise.race([place, gone.promise]);
    } finally {
      cancelTimer();
      signal?.removeEventListener('abort', abort);
    }
  }

  return {
    async take(tenant, own, signal) {
      signal?.throwIfAborted();
      const shares = [all, ...own];
      // Had one that waits a place open to it, it would not wait any more.
      if (!shares.some(isFull)) return occupy(shares);
      const { promise: place, resolve } = Promise.withResolvers<Release>();
      let waits = true;
      const withdraw = turns.add(tenant, 'waiting', {
        shares,
        resolve: (release) => {
          waits = false;
          resolve(release);
        },
      });
      const leave = (): boolean => {
        if (!waits) return false;
        waits = false;
        withdraw();
        return true;
      };
      return wait({ place, leave, shares }, signal);
    },
    get running() {
      return running;
    },
  };
}
