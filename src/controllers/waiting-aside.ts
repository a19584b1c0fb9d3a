import type { ReconcileContext } from '../kube/controller.ts';
import type { Session } from './codemie-connection/session.ts';
import type { SessionPool } from './codemie-connection/session-pool.ts';
import type { SharedCalls } from './shared-calls.ts';

/** How a reconcile waits for servers other than the API server: see {@link ReconcileContext.aside}. */
type Aside = ReconcileContext['aside'];

/** The same sessions for one reconcile, which holds no worker while it waits for CodeMie or a sign-in. */
export function sessionsAside(
  sessions: SessionPool,
  namespace: string | undefined,
  aside: Aside,
): SessionPool {
  const ofNamespace = (session: Session): Session =>
    sessionAside(namespace === undefined ? session : session.of(namespace), aside);
  return {
    ...sessions,
    open: async (connection, signal) => ofNamespace(await aside(() => sessions.open(connection, signal))),
    last: (uid) => sessions.last(uid)?.then(ofNamespace),
  };
}

/** The same shared calls for one reconcile, which holds no worker while it waits for a result. */
export function callsAside<T>(calls: SharedCalls<T>, aside: Aside): SharedCalls<T> {
  return {
    get: (...args) => aside(() => calls.get(...args)),
    of: (namespace) => callsAside(calls.of(namespace), aside),
  };
}

function sessionAside(session: Session, aside: Aside): Session {
  const { client, login } = session;
  return {
    ...session,
    client: {
      ...client,
      serverVersion: (signal) => aside(() => client.serverVersion(signal)),
      create: (...args) => aside(() => client.create(...args)),
      update: (...args) => aside(() => client.update(...args)),
      remove: (...args) => aside(() => client.remove(...args)),
      removeUnlisted: (...args) => aside(() => client.removeUnlisted(...args)),
    },
    login: { ...login, whyRefused: (...args) => aside(() => login.whyRefused(...args)) },
    account: (...args) => aside(() => session.account(...args)),
    findProject: (...args) => aside(() => session.findProject(...args)),
    createProject: (...args) => aside(() => session.createProject(...args)),
    rows: (...args) => aside(() => session.rows(...args)),
  };
}
