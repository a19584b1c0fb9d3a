import type { Scope } from './git-setting.ts';

/**
 * A name in CodeMie: what CodeMie's own check for a free alias compares, so that at most one GitIntegration can have
 * it. Names are compared exactly, upper and lower case included (codemie-ai/codemie, commit 2a481c2, observed on the
 * running backend).
 */
export interface Claim {
  /** {@link serverKey} of the CodeMie, whatever connection leads there. */
  server: string;
  scope: Scope;
  /** For personal integrations the user whose they are, as two users may use one alias; else empty. */
  login: string;
  project: string;
  alias: string;
}

/** A claim as text, for comparison. JSON, because names may hold any separator. */
export function claimKey({ server, scope, login, project, alias }: Claim): string {
  return JSON.stringify([server, scope, login, project, alias]);
}

/**
 * One text for all spellings of an http or https URL of one CodeMie: letter case and encoding of the host, its final
 * dot, the scheme and its default port, empty and escaped parts of the path.
 *
 * @throws TypeError when it is no URL
 */
export function serverKey(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  const parts = unescape(pathname)
    .split('/')
    .filter((part) => part !== '');
  return [`${hostname.replace(/\.$/, '')}:${port}`, ...parts].join('/');
}

function unescape(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * How a GitIntegration stands to a name. `held` - its row in CodeMie has it. `writing` - this process writes, or wrote,
 * its row under it, and the status does not say so yet. `wanted` - its spec names it and its connection allows it.
 */
export type ClaimStanding = 'held' | 'writing' | 'wanted';

/** One of the GitIntegrations that stand to a name. */
export interface Claimant {
  namespace: string;
  name: string;
  uid: string;
  /** RFC 3339. */
  creationTimestamp: string;
  standing: ClaimStanding;
}

/** What one GitIntegration claims; each text is a {@link claimKey}. */
export interface Claims {
  /** By an authentic registration. */
  held: string | undefined;
  writing: ReadonlySet<string>;
  /** Undefined where the connection does not allow it, or the object is being deleted. */
  wanted: string | undefined;
}

/** How who claims that stands to a name; undefined for not at all. */
export function standingTo(claim: string, { held, writing, wanted }: Claims): ClaimStanding | undefined {
  if (held === claim) return 'held';
  if (writing.has(claim)) return 'writing';
  return wanted === claim ? 'wanted' : undefined;
}

const ranks: Record<ClaimStanding, number> = { held: 0, writing: 1, wanted: 2 };

/**
 * The one that may use the name: the row's owner, else the one whose write is under way, else the oldest; of those
 * created within one second, Kubernetes' resolution, the one with the lower UID, so that every replica decides alike.
 */
export function holderOf<T extends Claimant>(claimants: readonly T[]): T | undefined {
  const order = ({ standing, creationTimestamp, uid }: Claimant) =>
    `${ranks[standing]} ${creationTimestamp} ${uid}`;
  return claimants.reduce<T | undefined>(
    (best, next) => (!best || order(next) < order(best) ? next : best),
    undefined,
  );
}
