import { type Cluster, kinds } from './cluster.ts';
import type { OperatorProcess } from './operator-process.ts';
import { deadline } from './pace.ts';

/**
 * Searches everything that operators wrote for secret texts in the forms that they travel in: output, metrics, and the
 * events and objects of the cluster.
 *
 * @param searched further texts, by name
 * @returns the names of the places where one was found
 */
export async function findLeaks(
  cluster: Cluster,
  searched: ReadonlyMap<string, () => string>,
  operators: readonly OperatorProcess[],
  guarded: ReadonlySet<string>,
): Promise<string[]> {
  const places: [string, string][] = operators.map((operator) => ['output', operator.output()]);
  for (const operator of operators) places.push(['metrics', await metricsOf(operator)]);
  for (const [place, content] of searched) places.push([place, content()]);
  for (const kind of [kinds.event, kinds.integration, kinds.connection, kinds.clusterConnection]) {
    const { items } = await cluster.client.list(kind, { signal: deadline(30_000) });
    places.push([kind.plural, JSON.stringify(items)]);
  }
  const forms = [...guarded].flatMap((text) => [
    text,
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
    encodeURIComponent(text),
  ]);
  return places.filter(([, content]) => forms.some((form) => content.includes(form))).map(([place]) => place);
}

async function metricsOf(operator: OperatorProcess): Promise<string> {
  try {
    return await operator.metrics();
  } catch {
    // It has exited.
    return '';
  }
}
