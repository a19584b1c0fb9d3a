import { durations } from '../lib/durations.ts';
import { hostOf } from '../net/egress-policy.ts';

/** Counts the sign-ins at one CodeMie, which allows a few of them per client address. */
export interface SignInBudget {
  /**
   * Takes one sign-in.
   *
   * @returns undefined if it may be made now, else the earliest time for it in epoch milliseconds
   */
  take(): number | undefined;
}

/** The budgets of all CodeMie servers. */
export interface SignInBudgets {
  /**
   * The budget of the server behind a base URL. All connections to it share the count, because the server counts by
   * address and they all come from the same one.
   *
   * @param ofTenant whether a tenant created the connection: it leaves {@link keptForAdministrators} sign-ins alone
   */
  of(baseUrl: string, ofTenant: boolean): SignInBudget;
}

/** CodeMie's default, `routers/local_auth_router.py` of https://github.com/codemie-ai/codemie. */
const allowed = 5;
const windowMs = durations.codemie.signInBudgetMs;
/** So that tenants with wrong passwords can't keep the connections of the cluster from signing in. */
const keptForAdministrators = 2;

/**
 * Creates the budgets of this process. A restart forgets them; the server's own 429 is the backstop.
 *
 * @param now epoch milliseconds
 */
export function createSignInBudgets(now: () => number): SignInBudgets {
  const spentAt = new Map<string, number[]>();

  function recentOf(host: string): number[] {
    const since = now() - windowMs;
    // The map holds servers with recent sign-ins only, whatever hosts tenants write into their URLs.
    for (const [each, times] of spentAt) {
      const recent = times.filter((atMs) => atMs > since);
      if (recent.length === 0) spentAt.delete(each);
      else spentAt.set(each, recent);
    }
    return spentAt.get(host) ?? [];
  }

  return {
    of(baseUrl, ofTenant) {
      // Whatever the port, and with the dot of a full name or without it.
      const host = hostOf(new URL(baseUrl)).replace(/\.$/, '');
      const limit = ofTenant ? allowed - keptForAdministrators : allowed;
      return {
        take() {
          const recent = recentOf(host);
          // Times are in order: once so many of the oldest have left the window, there is room again.
          const blocking = recent.at(-limit);
          if (blocking !== undefined) return blocking + windowMs;
          spentAt.set(host, [...recent, now()]);
          return undefined;
        },
      };
    },
  };
}
