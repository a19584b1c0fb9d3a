import type { ConnectionReadyReason, GeneralReason } from '../../api/conditions.ts';
import type { ConnectionStatus } from '../../api/v1alpha1/connection-status.ts';
import { CodeMieError } from '../../codemie/codemie-error.ts';
import type { Finding } from '../../domain/readiness.ts';
import type { KubeObject } from '../../kube/object.ts';
import { NetError } from '../../net/net-error.ts';
import { ValueFault } from '../value-reader.ts';
import { InvalidConnection, type Sessions } from './sessions.ts';

/** What a look at CodeMie through one connection found. */
export interface Probe {
  ready: Finding;
  /** Who the login is; absent when it could not be told. */
  account?: ConnectionStatus['account'];
  serverVersion?: string;
  /** Not before this moment, epoch milliseconds. */
  retryAtMs?: number;
}

/**
 * Signs in and asks CodeMie who we are: two calls. Never throws for what a person or CodeMie did wrong. Somebody who
 * asks for a reconcile gets an answer of now.
 */
export async function probe(
  connection: KubeObject,
  sessions: Sessions,
  askAnew: boolean,
  signal: AbortSignal,
): Promise<Probe> {
  try {
    const session = await sessions.open(connection, signal);
    const account = await session.account(signal, askAnew ? 0 : undefined);
    const serverVersion = await session.client.serverVersion(signal);
    return {
      ready: { status: 'True', reason: 'Ready', message: `CodeMie accepts the login of ${account.name}.` },
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
    if (error instanceof CodeMieError) return explain(error);
    throw error;
  }
}

function explain(error: CodeMieError): Probe {
  const message = `${error.message} ${error.hint}`;
  const waiting = (reason: ConnectionReadyReason): Probe => ({
    ready: { status: 'Unknown', reason, message },
  });
  const network = error.cause instanceof NetError ? error.cause.kind : undefined;
  if (network === 'TlsUntrusted') return waiting('TLSUntrusted');
  if (network === 'HostNotAllowed' || network === 'AddressNotAllowed')
    return { ready: no('HostNotAllowed', message) };
  switch (error.kind) {
    case 'unauthorized':
    case 'accessDenied':
      return { ready: no('Unauthorized', message) };
    case 'protocol':
      return { ready: no('NotCodeMie', message) };
    case 'rateLimited':
      return {
        ...waiting('RateLimited'),
        ...(error.retryAtMs !== undefined && { retryAtMs: error.retryAtMs }),
      };
    case 'unreachable':
    case 'uncertain':
    case 'rejected':
      return waiting('CodeMieUnreachable');
  }
}

function no(reason: ConnectionReadyReason | GeneralReason | ValueFault['reason'], message: string): Finding {
  return { status: 'False', reason, message };
}
