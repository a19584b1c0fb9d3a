import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const file = join(import.meta.dirname, '..', '..', '..', 'examples', 'argocd', 'argocd-cm.yaml');
const prefix = 'resource.customizations.health.codemie.ai_';

/** The health scripts of the example, by kind. */
export async function healthScripts(): Promise<Record<string, string>> {
  const { data } = z
    .object({ data: z.record(z.string(), z.string()) })
    .parse(parse(await readFile(file, 'utf8')));
  return Object.fromEntries(
    Object.entries(data).map(([key, script]) => [key.replace(prefix, ''), script] as const),
  );
}
