import type { ConnectionReadyReason, GeneralReason } from '../../api/conditions.ts';
import { parseConnection } from '../../api/v1alpha1/connection-spec.ts';
import { type ConnectionStatus, parseConnectionStatus } from '../../api/v1alpha1/connection-status.ts';
import type { Account } from '../../codemie/account.ts';
import { CodeMieError } from '../../codemie/codemie-error.ts';
import { type Finding, keptConnection } from '../../domain/readiness.ts';
import type { KubeObject } from '../../kube/object.ts';
import { durations } from '../../lib/durations.ts';
import { NetError } from '../../net/net-error.ts';
import { ValueFault } from '../value-reader.ts';
import type { Session } from './session.ts';
import { InvalidConnection, type SessionPool } from './session-pool.ts';

/** What a check of CodeMie through one connection found. */
export interface Probe {
  ready: Finding;
  /** Who the login is; absent when it could not be determined. */
  account?: ConnectionStatus['account'];
  serverVersion?: string;
  /** Not before this moment, epoch milliseconds. */
  retryAtMs?: number;
}

/** What {@link probe} works with. */
export interface ProbeDeps {
  sessions: SessionPool;
  /** A reconcile was requested: what is known from earlier does not count. */
  refresh: boolean;
  /** Epoch milliseconds. */
  now: () => number;
}

/**
 * For how long a refusal that may pass is no verdict about a login that was accepted before. CodeMie answers 401 to
 * every token while its database restarts, and an ingress 404 while what is behind it is replaced.
 */
const doubtMs = durations.connections.doubtMs;

/**
 * Signs in and asks CodeMie who we are: two calls. Never throws for a mistake of a user or of CodeMie.
 */
export async function probe(
  connection: KubeObject,
  { sessions, refresh, now }: ProbeDeps,
  signal: AbortSignal,
): Promise<Probe> {
  const { conditions: previous = [] } = parseConnectionStatus(connection['status']);
  const { generation = 0 } = connection.metadata;
  const stays = (graceMs: number) =>
    keptConnection({ previous, generation, graceMs, now: now() }) !== undefined;
  const doubtful = () => stays(doubtMs);
  const wasReady = () => stays(Number.POSITIVE_INFINITY);
  let session: Session | undefined;
  try {
    session = await sessions.open(connection, signal);
    const account = await session.account(signal, refresh ? 0 : undefined);
    const serverVersion = await session.client.serverVersion(signal);
    return {
      ready: mayDoAnything(connection, account) ? accepted(account) : powerless(account, session),
      account: { id: account.userId, name: account.name, admin: account.isAdmin },
      ...(serverVersion !== undefined && { serverVersion }),
    };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ValueFault)
      return {
        ready: { ...no(error.reason, error.message), ...(error.mayBeFilled && { mayComeByItself: true }) },
      };
    if (error instanceof InvalidConnection) return { ready: no('InvalidSpec', error.message) };
    if (!(error instanceof CodeMieError)) throw error;
    if (error.tokenRefusal && session !== undefined)
      return explain(await session.login.whyRefused(error.tokenRefusal, signal), doubtful());
    if (isOfTrust(error)) return explain(error, wasReady());
    return explain(aboutTheLogin(error, session), error.kind === 'protocol' && doubtful());
  }
}

/** Whether it is about a certificate that is not accepted, or one that is missing. */
function isOfTrust({ cause }: CodeMieError): boolean {
  return cause instanceof NetError && (cause.kind === 'TlsUntrusted' || cause.kind === 'ClientCertificate');
}

/** Names what may be wrong with the value that was stored, where it could not be refused before it was sent. */
function aboutTheLogin(error: CodeMieError, session: Session | undefined): CodeMieError {
  if (error.kind !== 'unauthorized' || session?.doubt === undefined) return error;
  const { message, hint } = error;
  return new CodeMieError({
    kind: error.kind,
    message,
    hint: `${hint.replace(/\.$/, '')}; ${session.doubt}`,
  });
}

/**
 * Whether the login can serve any integration at all. Only a namespaced connection serves personal ones, for which it
 * has to be a member of a project; the creator of a project becomes its administrator.
 */
function mayDoAnything(connection: KubeObject, account: Account): boolean {
  const { isAdmin, isMaintainer, adminProjects, projects } = account;
  if (isAdmin || isMaintainer || adminProjects.size > 0) return true;
  if (connection.metadata.namespace !== undefined && projects.size > 0) return true;
  const parsed = parseConnection(connection);
  return parsed.ok && parsed.value.projects.createMissing;
}

function accepted({ name }: Account): Finding {
  return { status: 'True', reason: 'Ready', message: `CodeMie accepts the login of ${name}.` };
}

function powerless({ name }: Account, session: Session): Finding {
  const what = `CodeMie accepts the login of ${name}, which is an administrator of no project.`;
  return no('AccessDenied', `${what} ${session.login.howToGetRights()}`);
}

/** @param mayPass no verdict is to be made of it yet */
function explain(error: CodeMieError, mayPass: boolean): Probe {
  const message = `${error.message} ${error.hint}`;
  const retryAt = error.retryAtMs === undefined ? {} : { retryAtMs: error.retryAtMs };
  const waiting = (reason: ConnectionReadyReason): Probe => ({
    ready: { status: 'Unknown', reason, message },
    ...retryAt,
  });
  const network = error.cause instanceof NetError ? error.cause.kind : undefined;
  if (error.cause instanceof NetError && isOfTrust(error)) {
    const reason = network === 'ClientCertificate' ? 'ClientCertificateRequired' : 'TLSUntrusted';
    // What never worked needs a user's action; what did work may be in repair already.
    return error.cause.needsPerson && !mayPass ? { ready: no(reason, message) } : waiting(reason);
  }
  if (network === 'HostNotAllowed' || network === 'AddressNotAllowed')
    return { ready: no('HostNotAllowed', message) };
  if (mayPass) return waiting('CodeMieUnreachable');
  switch (error.kind) {
    case 'unauthorized':
    case 'accessDenied':
      return { ready: no('Unauthorized', message) };
    case 'protocol':
      return { ready: no('NotCodeMie', message) };
    case 'rateLimited':
      return waiting('RateLimited');
    case 'unreachable':
    case 'uncertain':
    case 'rejected':
      return waiting('CodeMieUnreachable');
  }
}

function no(reason: ConnectionReadyReason | GeneralReason | ValueFault['reason'], message: string): Finding {
  return { status: 'False', reason, message };
}
