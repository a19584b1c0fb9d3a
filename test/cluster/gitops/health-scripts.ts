import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const file = join(import.meta.dirname, '..', '..', '..', 'examples', 'argocd', 'argocd-cm.yaml');

/** The health scripts of the example, by kind. */
export const healthScripts = (): Promise<Record<string, string>> => customizations('health');

/** The actions of the example, by kind. */
export async function actionScripts(): Promise<Record<string, Actions>> {
  const texts = await customizations('actions');
  return Object.fromEntries(
    Object.entries(texts).map(([kind, text]) => {
      const { 'discovery.lua': discovery, definitions } = actionsSchema.parse(parse(text));
      const scripts = Object.fromEntries(definitions.map((each) => [each.name, each['action.lua']]));
      return [kind, { discovery, scripts }] as const;
    }),
  );
}

/** The actions that users may run on an object. */
export interface Actions {
  discovery: string;
  /** By name. */
  scripts: Record<string, string>;
}

const actionsSchema = z.strictObject({
  'discovery.lua': z.string(),
  definitions: z.array(z.strictObject({ name: z.string(), 'action.lua': z.string() })),
});

async function customizations(what: string): Promise<Record<string, string>> {
  const prefix = `resource.customizations.${what}.codemie.ai_`;
  const { data } = z
    .object({ data: z.record(z.string(), z.string()) })
    .parse(parse(await readFile(file, 'utf8')));
  return Object.fromEntries(
    Object.entries(data).flatMap(([key, script]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), script] as const] : [],
    ),
  );
}
