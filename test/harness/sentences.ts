import { z } from 'zod';
import { type Cluster, kinds } from './cluster.ts';
import { deadline } from './pace.ts';

/** The sentences of a message for users. A full stop inside of a name, an address or an abbreviation ends none. */
export function sentencesOf(message: string): string[] {
  return message.trim().split(/(?<=(?<!\b(?:e\.g|i\.e|vs|etc))[.?!]["”)]?)\s+(?=\S)/);
}

const objectSchema = z.looseObject({
  status: z
    .looseObject({ conditions: z.array(z.looseObject({ message: z.string() })).optional() })
    .optional(),
  note: z.string().optional(),
});

/**
 * Messages of conditions and events in the cluster that have more than the two sentences of docs/contributing/style.md.
 *
 * @param reporter of the events that count: others write what they want
 */
export async function longMessages(cluster: Cluster, reporter: string): Promise<string[]> {
  const messages = new Set<string>();
  for (const kind of [kinds.event, kinds.integration, kinds.connection, kinds.clusterConnection]) {
    const { items } = await cluster.client.list(kind, { signal: deadline(30_000) });
    for (const item of items) {
      const { status, note } = objectSchema.parse(item);
      for (const { message } of status?.conditions ?? []) messages.add(message);
      if (note !== undefined && item['reportingController'] === reporter) messages.add(note);
    }
  }
  return [...messages].filter((message) => sentencesOf(message).length > 2);
}
