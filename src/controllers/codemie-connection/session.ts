import type { CodeMieConnectionSpec } from '../../api/v1alpha1/connection-spec.ts';
import type { Account } from '../../codemie/account.ts';
import type { CodeMieAuth } from '../../codemie/auth.ts';
import {
  type ClientBounds,
  type CodeMieClient,
  createCodeMieClient,
  type ProjectLookup,
} from '../../codemie/client.ts';
import { createLimiter, type Limiter } from '../../codemie/limits.ts';
import type { ListingCache } from '../../codemie/listing-cache.ts';
import { createLoginCheck, type LoginCheck } from '../../codemie/login-check.ts';
import { createSharedListing } from '../../codemie/shared-listing.ts';
import { createTokenSource } from '../../codemie/sign-in.ts';
import type { SignInBudget } from '../../codemie/sign-in-budget.ts';
import { indexSettings, type Scope, type SettingIndex } from '../../domain/git-setting.ts';
import { bounds } from '../../lib/bounds.ts';
import { durations } from '../../lib/durations.ts';
import { trimEnd } from '../../lib/linear-text.ts';
import type { HttpClient } from '../../net/http-client.ts';
import { createSharedCalls } from '../shared-calls.ts';

/** A connection at work: one login at one CodeMie, with what all its integrations share. */
export interface Session {
  client: CodeMieClient;
  /** The same for one namespace, whose own calls take turns with those of others in the limits of the connection. */
  of(namespace: string): Session;
  login: LoginCheck;
  /** What may be wrong with a value of the login as it is stored: see `doubtAbout`. A clause, with its full stop. */
  doubt?: string;
  /** Who the login is and what it may write; by default up to half a minute old, as CodeMie itself keeps rights per token. */
  account(signal: AbortSignal, maxAgeMs?: number): Promise<Account>;
  /**
   * What CodeMie says of a project of exactly this name; by default up to half a minute old. The account
   * lists the login's own projects, so that they cost no call each.
   */
  findProject(name: string, signal: AbortSignal, maxAgeMs?: number): Promise<ProjectLookup>;
  /** Creates a project. What was remembered of it and of the login's rights is forgotten. */
  createProject: CodeMieClient['createProject'];
  /**
   * All Git integrations of a scope that the login can see, from a listing that many share.
   *
   * @param startedAfterMs from a listing that began after that moment
   */
  rows(scope: Scope, signal: AbortSignal, startedAfterMs?: number): Promise<SettingIndex>;
  /** Resolves when there is a listing that began after now, once those who write at the same time are through. */
  listedLater(scope: Scope): Promise<void>;
}

/** What a session is made of. All of its functions throw CodeMieError. */
export interface SessionOptions {
  spec: CodeMieConnectionSpec;
  auth: CodeMieAuth;
  /** See {@link Session.doubt}. */
  doubt?: string | undefined;
  http: HttpClient;
  /** For sign-ins at CodeMie itself. */
  budget: SignInBudget;
  now: () => number;
  /** Whether more integrations wait for their turn, so that it pays to list once for all of them. */
  busy: () => boolean;
  /** Whether namespaces share it, and so take turns. */
  isShared: boolean;
  /** Aborts when the session has finished: what it shares stops too. */
  signal: AbortSignal;
  /** How much is read of the server; by default what a ClusterCodeMieConnection may. */
  limits?: ClientBounds;
  /** Bounds the listings in memory; by default the latest ones stay. */
  listingCache?: ListingCache;
  /** Lets one listing after the other be read; by default none waits. */
  inTurn?: Limiter['run'];
}

const usualAgeMs = durations.connections.accountAgeMs;

/** Makes a session. It signs in when it is first used. */
export function createSession(options: SessionOptions): Session {
  const { spec, auth, doubt, http, budget, now, busy, isShared, signal, limits, listingCache } = options;
  const { inTurn = (task) => task() } = options;
  const baseUrl = trimEnd(spec.url, '/');
  const tokens = createTokenSource({ auth, baseUrl, headerName: spec.authHeader, http, budget, now });
  const limiter = createLimiter(spec.limits);
  const common = { url: baseUrl, http, tokens, now, ...(limits && { limits }) };
  const clientFor = (namespace?: string): CodeMieClient =>
    createCodeMieClient({ ...common, limiter: namespace === undefined ? limiter : limiter.of(namespace) });
  /** For what all share: listings, and who the login is. */
  const client = clientFor();
  const listing = createSharedListing({
    list: async (scope, callSignal) => {
      return indexSettings(await inTurn(() => client.listGitSettings(scope, callSignal), callSignal));
    },
    rowsIn: (index) => index.size,
    ...(listingCache && { cache: listingCache }),
    calmMs: () => (busy() ? 0 : limiter.calmMs()),
    now,
    signal,
  });
  const shared = {
    now,
    timeoutMs: durations.connections.lookUpTimeoutMs,
    failureAgeMs: () => 0,
    kept: bounds.keptLookUps,
  };
  const accounts = createSharedCalls<Account>(shared);
  const projects = createSharedCalls<ProjectLookup>(shared);
  const account = (signal: AbortSignal, maxAgeMs = usualAgeMs) =>
    accounts.get('', maxAgeMs, (callSignal) => client.whoAmI(callSignal), signal);

  const login = createLoginCheck({ auth, http, tokens });

  /** Where namespaces share the connection, each has its own client, which takes turns with the others. */
  const sessionWith = (ownClient: CodeMieClient, namespace?: string): Session => {
    const session: Session = {
      client: ownClient,
      of: (each) => (isShared ? sessionWith(clientFor(each), each) : session),
      login,
      ...(doubt !== undefined && { doubt }),
      account,
      async findProject(name, signal, maxAgeMs = usualAgeMs) {
        const { projects: ofLogin, isAdmin, isMaintainer } = await account(signal, maxAgeMs);
        if (ofLogin.has(name)) return 'found';
        const lookUp = async (until: AbortSignal): Promise<ProjectLookup> => {
          const found = await ownClient.findProject(name, until);
          if (found !== 'notTold' || !(isAdmin || isMaintainer)) return found;
          return (await ownClient.administersProject(name, until)) ? 'found' : 'notFound';
        };
        return projects.of(namespace ?? '').get(name, maxAgeMs, lookUp, signal);
      },
      async createProject(name, description, signal) {
        const outcome = await ownClient.createProject(name, description, signal);
        await account(signal, 0);
        return outcome;
      },
      async rows(scope, signal, startedAfterMs) {
        const { content } = await listing.get(scope, {
          signal,
          ...(startedAfterMs !== undefined && { startedAfterMs }),
        });
        return content;
      },
      listedLater: (scope) => listing.later(scope, namespace),
    };
    return session;
  };
  return sessionWith(client);
}
