import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../../test/harness/peers/git-hosts/faults.ts';
import type { GitHostControls } from '../../../test/harness/peers/git-hosts/git-host.ts';
import type { Peer } from '../../../test/harness/peers/peer.ts';
import type { Credential, InstallationSelector, Provider, ProviderError, Target } from '../provider.ts';
import { expectPresentable, failureOf, openWorld, type World } from './world.ts';

/** One row of a provider's catalogue of failures: an answer, and what the operator makes of it. */
export interface CatalogueRow {
  name: string;
  /** Where the texts of the server stand, `canary` should be among them. */
  answer: Fault;
  /** What the answer is to; the credential by default. */
  about?: 'credential' | 'repository' | 'installation';
  /** Instead of the catalogue's own. */
  credential?: Credential;
  change?: Partial<Target>;
  reason: ProviderError['reason'];
  /** Sentence and hint, as the condition shows them. */
  says: string;
  /**
   * `person`: a verdict at once. `recheck`: a verdict if it stays so for a minute and a half. `backoff`: soon, then ever
   * later. A number: after so many seconds.
   */
  again: 'person' | 'recheck' | 'backoff' | number;
  /** How many calls it costs to find out; 1 by default, 2 for a repository or an installation. */
  calls?: number;
}

/** A provider's catalogue of failures, each row as its server answers it. */
export interface Catalogue<P extends Peer & GitHostControls> {
  provider: Provider;
  /** A server that accepts the credential until a row says otherwise. */
  peer: P;
  webUrl: string;
  credential: Credential;
  repository?: string;
  /** Fits the request for that repository, and no other. */
  repositoryRequest?: RegExp;
  /** Of an App: which installation is looked for. */
  selector?: InstallationSelector;
  /** Fits the request for that installation, and no other. */
  installationRequest?: RegExp;
  rows: readonly CatalogueRow[];
}

const nowMs = 1_800_000_000_000;

/** The time of all catalogues, seconds since 1970. */
export const nowS = nowMs / 1000;

function againOf({ disposition, isExplained, retryAtMs = 0 }: ProviderError): CatalogueRow['again'] {
  switch (disposition) {
    case 'needsPerson':
      return isExplained ? 'person' : 'recheck';
    case 'waitUntil':
      return (retryAtMs - nowMs) / 1000;
    case 'retry':
      return 'backoff';
  }
}

/** Checks every row of a catalogue: the reason, the whole message, when it is retried, and what it costs. */
export function describeCatalogue<P extends Peer & GitHostControls>(catalogue: Catalogue<P>): void {
  const { provider, peer, webUrl, repository, selector } = catalogue;
  const requests = {
    credential: undefined,
    repository: catalogue.repositoryRequest,
    installation: catalogue.installationRequest,
  };
  let world: World;

  beforeAll(async () => {
    peer.setClock(() => nowMs);
    world = await openWorld([peer]);
  });
  afterEach(() => {
    peer.clearFaults();
    peer.requests.length = 0;
  });
  afterAll(() => world.close());

  async function prove(credential: Credential, target: Target, withInstallation: boolean): Promise<unknown> {
    const report = await provider.validate(credential, target);
    if (!withInstallation || selector === undefined) return report;
    return provider.resolveInstallation?.(credential, selector, target, report);
  }

  describe(`at ${webUrl}`, () => {
    it.each(catalogue.rows)('$reason: $name', async (row) => {
      const { about = 'credential', credential = catalogue.credential } = row;
      const match = requests[about];
      peer.failNext({ ...row.answer, times: Number.POSITIVE_INFINITY, ...(match && { match }) });
      const target = world.target(provider, webUrl, {
        now: () => nowMs,
        repositories: about === 'repository' && repository !== undefined ? [repository] : [],
        ...row.change,
      });
      const error = await failureOf(prove(credential, target, about === 'installation'));
      expect([error.reason, `${error.message} ${error.hint}`]).toEqual([row.reason, row.says]);
      expect(againOf(error)).toBe(row.again);
      expectPresentable(error, credential.kind === 'token' ? credential.token : credential.privateKey);
      expect(peer.requests).toHaveLength(row.calls ?? (about === 'credential' ? 1 : 2));
    });

    it('and nothing was asked of any other server', () => {
      const apiHost = provider.apiUrl(new URL(webUrl)).host;
      const hosts = new Set(world.internet.requests.map(({ host }) => host));
      expect([...hosts, ...world.internet.refusedHosts]).toEqual([apiHost]);
    });
  });
}
