import type { RequestListener } from 'node:http';
import type { Certificate } from '../pki/certificate-authority.ts';
import type { RequestRecord } from './request-log.ts';

/**
 * A server of the outside world as the operator meets it: CodeMie, its identity provider, a Git host.
 *
 * A peer states on its own how the real server behaves and never imports `src/`: else a mistake of the
 * operator would be repeated by the server that is to catch it.
 */
export interface Peer {
  /** For people: `codemie`, `github`. */
  readonly name: string;
  /** Public names it answers for: `api.github.com` (port 443) or `git.example.com:8443`. */
  readonly hosts: readonly string[];
  /** Answers every request to one of `hosts`; TLS and the names are the matter of `startInternet`. */
  readonly handler: RequestListener;
  /** What it presents in place of a certificate that its clients trust. */
  readonly certificate?: Certificate;
  /** What the peer was asked, oldest first. Filled by `startInternet`. */
  readonly requests: RequestRecord[];
  /** Stops what the peer runs in the background (timers, waiting requests). */
  close(): Promise<void>;
}
