import {
  clusterCodeMieConnections,
  codeMieConnections,
  gitIntegrations,
  type ResourceDescription,
} from '../api/group.ts';
import { ownMember } from '../lib/names.ts';

/** How people name the kinds on the command line. */
const kindNames: Readonly<Record<string, ResourceDescription>> = Object.fromEntries(
  (
    [
      [gitIntegrations, 'gint', 'integration', 'integrations'],
      [codeMieConnections, 'cmconn'],
      [clusterCodeMieConnections, 'ccmconn', 'connection', 'connections'],
    ] as const
  ).flatMap(([resource, ...short]) =>
    [resource.plural, resource.kind.toLowerCase(), ...short].map((name) => [name, resource]),
  ),
);

/** The kind that a word stands for; undefined if it is no kind. */
export function kindOfWord(word: string): ResourceDescription | undefined {
  // As kubectl has it, the group may follow: gitintegrations.codemie.ai
  return ownMember(kindNames, word.toLowerCase().replace('.codemie.ai', ''));
}
