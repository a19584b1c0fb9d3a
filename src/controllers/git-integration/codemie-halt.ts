import { CodeMieError } from '../../codemie/codemie-error.ts';
import { InvalidConnection } from '../codemie-connection/sessions.ts';
import { ValueFault } from '../value-reader.ts';
import { calledAs } from './connection.ts';
import { type Halt, needsCodeMieUser, needsPerson, waiting } from './halt.ts';
import type { Integration } from './load.ts';

/**
 * Turns a failure of CodeMie, or of opening the connection to it, into the end of the pass; any other error is
 * given back as it is. What is wrong with a connection stands in its own status, which not every tenant may read.
 */
export function codeMieHalt(error: unknown, { spec }: Pick<Integration, 'spec'>): unknown {
  if (error instanceof ValueFault || error instanceof InvalidConnection)
    return waiting(
      'Registered',
      'ConnectionNotReady',
      `${calledAs(spec.connectionRef)} is not Ready.`,
      { kind: 'retry' },
      error,
    );
  return error instanceof CodeMieError ? toHalt(error) : error;
}

function toHalt(error: CodeMieError): Halt {
  const message = `${error.message} ${error.hint}`;
  switch (error.kind) {
    case 'rateLimited':
      return waiting('Registered', 'RateLimited', message, { kind: 'at', atMs: error.retryAtMs ?? 0 }, error);
    case 'unauthorized':
      return waiting('Registered', 'ConnectionNotReady', message, { kind: 'retry' }, error);
    case 'accessDenied':
      return needsCodeMieUser('AccessDenied', error.message, error.hint);
    case 'rejected':
      return needsPerson('Registered', 'Rejected', error.message, error.hint);
    // The outcome of a write is settled by the listing of the next try.
    case 'uncertain':
    case 'unreachable':
    case 'protocol':
      return waiting('Registered', 'CodeMieUnreachable', message, { kind: 'retry' }, error);
  }
}
