import {
  type ClusterCodeMieConnectionSpec,
  type CodeMieConnectionSpec,
  parseConnection,
} from '../../api/v1alpha1/connection-spec.ts';
import type { SecretKeyRef } from '../../api/v1alpha1/shared.ts';
import type { CodeMieAuth } from '../../codemie/auth.ts';
import { createLimiter, type Limiter } from '../../codemie/limits.ts';
import { createListingCache, type SharedListingCache } from '../../codemie/listing-cache.ts';
import { createSignInBudgets, type SignInBudgets } from '../../codemie/sign-in-budget.ts';
import { mayReachPrivateNetworks } from '../../domain/tenancy.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import { bounds } from '../../lib/bounds.ts';
import { orAbort } from '../../lib/deadline.ts';
import { durations } from '../../lib/durations.ts';
import { hostOf } from '../../net/egress-policy.ts';
import type { HttpClientPool } from '../../net/http-client-pool.ts';
import { createValueReader, type NamesIn, type ValueReader } from '../value-reader.ts';
import { createSession, type Session, type SessionOptions } from './session.ts';

/** The sessions of all connections. */
export interface SessionPool {
  /**
   * The session of a connection as its spec is now. All callers share it, until it is forgotten.
   *
   * @throws ValueFault when a Secret of it is missing or not fit; InvalidConnection; what the KubeClient throws
   */
  open(connection: KubeObject, signal: AbortSignal): Promise<Session>;
  /** A Secret of the connection changed or went: the next `open` reads it again. */
  renew(uid: string): void;
  /**
   * The session from before a Secret was deleted, as long as no other could be opened: good for cleaning up where a
   * namespace deletes its Secrets first.
   */
  last(uid: string): Promise<Session> | undefined;
  /** Ends everything of a connection that is gone. */
  forget(uid: string): void;
}

/** The spec of a connection does not parse. */
export class InvalidConnection extends Error {
  override readonly name = 'InvalidConnection';
}

/** What sessions are made with. */
export interface SessionPoolOptions {
  kube: Pick<KubeClient, 'get'>;
  http: HttpClientPool;
  /** Where the Secrets of ClusterCodeMieConnections are. */
  operatorNamespace: string;
  /** What Secrets and ConfigMaps are called, for messages about a name that does not exist. */
  namesIn?: NamesIn;
  /** Whether namespaced connections may open private addresses. */
  tenantPrivateNetworks: boolean;
  now: () => number;
  /** Whether more integrations wait for their turn. */
  busy: () => boolean;
}

interface Entry {
  /** The spec that it was made from. A generation does not show that: a deletion moves it, too. */
  spec: string;
  session: Promise<Session>;
  end: AbortController;
}

/** Longest time that reading the Secrets of a connection may take. */
const readTimeoutMs = durations.connections.readTimeoutMs;

/** What connections share: any namespace may have many, with servers of any kind. */
interface Shares {
  /** Of sign-ins at CodeMie itself. */
  budgets: SignInBudgets;
  listingCache: SharedListingCache;
  /** One listing at a time for each namespace. */
  turns: Map<string, Limiter>;
}

/** Makes the registry of sessions. */
export function createSessionPool(options: SessionPoolOptions): SessionPool {
  const shares: Shares = {
    budgets: createSignInBudgets(options.now),
    listingCache: createListingCache(bounds.listing.keptRows),
    turns: new Map(),
  };
  const entries = new Map<string, Entry>();
  const former = new Map<string, Entry>();
  function end(from: Map<string, Entry>, uid: string): void {
    from.get(uid)?.end.abort();
    from.delete(uid);
  }

  function start(connection: KubeObject): Entry {
    const { uid } = connection.metadata;
    const ending = new AbortController();
    const session = make(connection, options, shares, ending.signal);
    const entry: Entry = { spec: specOf(connection), end: ending, session };
    entries.set(uid, entry);
    session.then(
      () => end(former, uid),
      // The next `open` tries again to make a session that failed.
      () => {
        if (entries.get(uid) === entry) entries.delete(uid);
      },
    );
    return entry;
  }

  return {
    async open(connection, signal) {
      const { uid } = connection.metadata;
      const entry = entries.get(uid);
      if (entry?.spec === specOf(connection)) return orAbort(entry.session, signal);
      end(entries, uid);
      return orAbort(start(connection).session, signal);
    },
    renew(uid) {
      const entry = entries.get(uid);
      entries.delete(uid);
      entry?.session.then(
        () => {
          end(former, uid);
          former.set(uid, entry);
        },
        () => {},
      );
    },
    last: (uid) => former.get(uid)?.session,
    forget(uid) {
      end(entries, uid);
      end(former, uid);
    },
  };
}

function specOf(connection: KubeObject): string {
  return JSON.stringify(connection['spec']);
}

async function make(
  connection: KubeObject,
  options: SessionPoolOptions,
  shares: Shares,
  ended: AbortSignal,
): Promise<Session> {
  const { kube, http, operatorNamespace, namesIn, now, busy } = options;
  const parsed = parseConnection(connection);
  if (!parsed.ok) throw new InvalidConnection(parsed.error);
  const spec = parsed.value;
  const { namespace } = connection.metadata;
  const reading = AbortSignal.any([ended, AbortSignal.timeout(readTimeoutMs)]);
  // Tenants read a connection of the cluster, and have no business with the names in the operator's namespace.
  const names = namespace === undefined ? undefined : namesIn;
  const reader = createValueReader(kube, namespace ?? operatorNamespace, reading, names);
  const ca = spec.tls ? [await reader.ca(spec.tls.caRef)] : [];
  const { auth, doubt } = await readAuth(spec.auth, reader);
  // The hosts are those that the connection itself names. Only an administrator makes one for the cluster, and
  // CodeMie is then often a Service with a private address.
  const policy = {
    allowedHosts: [spec.url, tokenUrl(spec)].flatMap((url) => (url ? [hostOf(new URL(url))] : [])),
    allowPrivateNetworks: mayReachPrivateNetworks(
      connection,
      namespace === undefined || spec.allowPrivateNetworks,
      options.tenantPrivateNetworks,
    ),
    allowHttp: true,
  };
  const owner = { namespace, connection: connection.metadata.uid };
  const client = http.get({ policy, ca, owner, chosenBy: namespace });
  const isShared = namespace === undefined;
  const budget = shares.budgets.of(spec.url, !isShared);
  const share = namespace === undefined ? {} : shareOf(namespace, shares);
  return createSession({
    spec,
    auth,
    doubt,
    http: client,
    budget,
    now,
    busy,
    isShared,
    signal: ended,
    ...share,
  });
}

/** What a namespace's own connection may cost. */
function shareOf(
  namespace: string,
  { listingCache, turns }: Shares,
): Pick<SessionOptions, 'limits' | 'listingCache' | 'inTurn'> {
  const turn = turns.get(namespace) ?? createLimiter({ concurrency: 1, requestsPerSecond: 1000 });
  turns.set(namespace, turn);
  const limits = { ...bounds.listing.namespaced, ...bounds.account.namespaced };
  return {
    limits,
    listingCache: listingCache.of(namespace),
    inTurn: (task, signal) => turn.run(task, signal),
  };
}

type Spec = CodeMieConnectionSpec | ClusterCodeMieConnectionSpec;

function tokenUrl({ auth }: Spec): string | undefined {
  return auth.clientCredentials?.tokenURL ?? auth.password?.tokenURL;
}

/** A login, and what may be wrong with it as it is stored. */
interface ReadAuth {
  auth: CodeMieAuth;
  /** See `doubtAbout`. */
  doubt?: string | undefined;
}

/** Reads the values of a login. @throws ValueFault, and what the KubeClient throws */
export async function readAuth(auth: Spec['auth'], reader: ValueReader): Promise<ReadAuth> {
  const { clientCredentials, password, localLogin, token } = auth;
  const wanted = (ref: SecretKeyRef, what: string, field: string) => ({
    ref,
    what,
    field: `spec.auth.${field}`,
  });
  if (clientCredentials) {
    const { tokenURL, clientID, clientSecretRef, scope } = clientCredentials;
    const { value: clientSecret, doubt } = await reader.programSecret(
      wanted(clientSecretRef, 'client secret', 'clientCredentials.clientSecretRef'),
    );
    return {
      auth: {
        kind: 'clientCredentials',
        tokenUrl: tokenURL,
        clientId: clientID,
        clientSecret,
        ...(scope !== undefined && { scope }),
      },
      doubt,
    };
  }
  if (password) {
    const { usernameSecretRef, passwordSecretRef } = password;
    const username = await reader.userName(
      wanted(usernameSecretRef, 'user name', 'password.usernameSecretRef'),
    );
    const { value, doubt } = await reader.password(
      wanted(passwordSecretRef, 'password', 'password.passwordSecretRef'),
    );
    const { tokenURL: tokenUrl, clientID: clientId, scope } = password;
    const grant = { kind: 'password', tokenUrl, clientId, username, password: value } as const;
    return { auth: { ...grant, ...(scope !== undefined && { scope }) }, doubt };
  }
  if (localLogin) {
    const { emailSecretRef, passwordSecretRef } = localLogin;
    const email = await reader.userName(
      wanted(emailSecretRef, 'e-mail address', 'localLogin.emailSecretRef'),
    );
    const { value, doubt } = await reader.password(
      wanted(passwordSecretRef, 'password', 'localLogin.passwordSecretRef'),
    );
    return { auth: { kind: 'localLogin', email, password: value }, doubt };
  }
  // The schema allows exactly one of the four.
  if (!token) throw new TypeError('A connection without login passed its schema.');
  const { value, doubt } = await reader.programSecret(wanted(token.secretRef, 'token', 'token.secretRef'));
  return { auth: { kind: 'token', token: value }, doubt };
}
