/** Gives a slot back. To be called once. */
type Release = () => void;

/** Bounds how many requests one host is sent at the same time. */
export interface HostSlots {
  /**
   * Waits for a slot, first come, first served, as long as the host works off its requests. Undefined if all that run
   * have been running for too long, so that there is no telling when one ends.
   *
   * @throws the signal's reason if it aborts while waiting
   */
  take(host: string, signal?: AbortSignal): Promise<Release | undefined>;
}

/** Options for {@link createHostSlots}. */
export interface HostSlotsOptions {
  perHost: number;
  /** For how long the slots may be taken by the same requests before nobody waits for them any more. */
  patienceMs: number;
  /** Any steady clock, milliseconds. */
  now: () => number;
}

interface Host {
  /** When each request that has a slot began. */
  running: Set<{ sinceMs: number }>;
  waiting: Set<(slot: Release | undefined) => void>;
}

/** Creates the slots of all hosts. It knows only those that are being asked. */
export function createHostSlots({ perHost, patienceMs, now }: HostSlotsOptions): HostSlots {
  const hosts = new Map<string, Host>();

  function occupy(name: string, host: Host): Release {
    const own = { sinceMs: now() };
    host.running.add(own);
    return () => {
      host.running.delete(own);
      const [next] = host.waiting;
      if (next !== undefined) {
        host.waiting.delete(next);
        next(occupy(name, host));
      } else if (host.running.size === 0) hosts.delete(name);
    };
  }

  /** How long the host may still go on without ending a request. */
  function patienceLeftMs({ running }: Host): number {
    return Math.max(...[...running].map(({ sinceMs }) => sinceMs)) + patienceMs - now();
  }

  async function wait(host: Host, signal?: AbortSignal): Promise<Release | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Release | undefined>();
    let timer: NodeJS.Timeout | undefined;
    const look = (): void => {
      const leftMs = patienceLeftMs(host);
      if (leftMs > 0) timer = setTimeout(look, leftMs);
      else if (host.waiting.delete(resolve)) resolve(undefined);
    };
    const leave = (): void => {
      if (host.waiting.delete(resolve)) reject(signal?.reason);
    };
    host.waiting.add(resolve);
    signal?.addEventListener('abort', leave, { once: true });
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
    }
  }

  return {
    async take(name, signal) {
      signal?.throwIfAborted();
      const host = hosts.get(name) ?? { running: new Set(), waiting: new Set() };
      hosts.set(name, host);
      return host.running.size < perHost ? occupy(name, host) : wait(host, signal);
    },
  };
}
