import type { RememberedRegistration } from '../../domain/registration-plan.ts';
import type { DesiredSetting } from '../../domain/setting.ts';
import type { Session } from '../codemie-connection/session.ts';
import type { ResolvedConnection } from './connection.ts';
import type { Deps } from './deps.ts';
import type { Integration, Known } from './load.ts';
import type { Report } from './report.ts';

/**
 * One pass over one GitIntegration: what it is about, what it has found out, and what it works with. A step asks for no
 * more of {@link Deps} than it needs.
 */
export interface Pass<D = Deps, I extends Known = Integration> {
  integration: I;
  /** Filled step by step, and written once at the end. */
  report: Report;
  deps: D;
  /** Aborts when the pass has to end. */
  signal: AbortSignal;
}

/** A pass that has come as far as CodeMie: what a write there works with. */
export interface WritePass extends Pass {
  connection: ResolvedConnection;
  session: Session;
  desired: DesiredSetting;
  /** Of `desired`. */
  digest: string;
  /** What status remembers of the last write to this place. */
  remembered: RememberedRegistration | undefined;
  /** The mark that tells whose a row is. */
  owner: string;
}
