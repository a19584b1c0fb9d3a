import { type parseDefaultConnection } from './controllers/codemie-connection/default-connection.ts';
import type { Log } from './kube/log.ts';
import type { Exposition } from './observability/exposition.ts';
import { type Tracing } from './observability/tracing.ts';
import type { Settings } from './settings.ts';

/** What an operator is made with. */
export interface OperatorOptions {
  settings: Settings;
  /** PEM certificates that every outgoing connection trusts besides the system roots. */
  ca: readonly string[];
  /** The spec of the ClusterCodeMieConnection that this installation brings. */
  defaultConnection?: ReturnType<typeof parseDefaultConnection> | undefined;
  exposition: Exposition;
  tracing: Tracing;
  log: Log;
  /** Epoch milliseconds. */
  now: () => number;
  /** Ends the start, if it comes before that is done. */
  signal: AbortSignal;
}
