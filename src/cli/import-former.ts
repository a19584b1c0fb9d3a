import { z } from 'zod';
import type { ObservedSetting } from '../domain/git-setting.ts';
import {
  type Declared,
  declareRow,
  type Imported,
  type ImportOptions,
  isManaged,
  managed,
  severalRows,
} from './import-rows.ts';
import { readInput, shownPath } from './input.ts';
import { CliError, type Io, printable } from './io.ts';
import { parseManifests, recordOf } from './lint/manifests.ts';

/** https://github.com/epam/edp-headlamp, `CodemieProjectSettings`: the kind that an earlier platform had for this. */
const formerSettings = z.object({
  apiVersion: z.string().startsWith('edp.epam.com/'),
  kind: z.literal('CodemieProjectSettings'),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
  spec: z.object({
    alias: z.string(),
    projectName: z.string(),
    type: z.string(),
    gitCredential: z
      .object({
        url: z.string(),
        tokenName: z.string().optional(),
        secretRef: z.object({ name: z.string(), secretKey: z.string() }),
      })
      .optional(),
  }),
});

/**
 * Declares what files say in the former kind of KubeRocketCI. The Secrets stay where they are.
 *
 * @throws CliError when a file can't be read
 */
export async function declareFormer(
  files: readonly string[],
  options: ImportOptions,
  io: Io,
): Promise<Imported> {
  const names = new Set<string>();
  const result: Imported = { declared: [], skipped: [] };
  for (const file of files) {
    const content = await readInput(file, io);
    const parsed = parseManifests(file, content);
    const [fault] = parsed.faults;
    if (fault) throw new CliError(`${shownPath(file)}:${fault.position.line}: ${fault.message}`, fault.hint);
    for (const { object } of parsed.manifests) {
      const former = formerSettings.safeParse(object);
      if (!former.success) {
        if (recordOf(object)['kind'] !== 'CodemieProjectSettings') continue;
        result.skipped.push({
          project: '',
          alias: '',
          why: 'A CodemieProjectSettings has an unknown shape.',
        });
        continue;
      }
      const { spec, metadata } = former.data;
      const { alias, projectName: project, gitCredential } = spec;
      if (options.projects.length > 0 && !options.projects.includes(project)) continue;
      if (!gitCredential) {
        const why = `It is of type ${printable(spec.type)}, not Git.`;
        // One of type Git without a credential is broken.
        result.skipped.push({ project, alias, why, ...(spec.type !== 'Git' && { needsNothing: true }) });
        continue;
      }
      const declared = declareFormerGit(alias, project, gitCredential, options, names);
      if (typeof declared === 'string') result.skipped.push({ project, alias, why: declared });
      else result.declared.push({ ...declared, namespace: metadata.namespace ?? options.namespace });
    }
  }
  return result;
}

function declareFormerGit(
  alias: string,
  project: string,
  { url, tokenName: given, secretRef }: NonNullable<z.output<typeof formerSettings>['spec']['gitCredential']>,
  options: ImportOptions,
  names: Set<string>,
): Declared | string {
  const { name: secret, secretKey: key } = secretRef;
  const values = { url, name: given ?? '' };
  const declared = declareRow(
    { id: '', scope: 'Project', project, alias, isGlobal: false, values, createdAt: '', updatedAt: '' },
    options,
    names,
  );
  if (typeof declared === 'string') return declared;
  const token = recordOf(recordOf(declared.spec['auth'])['token']);
  const auth = { token: { ...token, secretRef: { name: secret, ...(key !== 'token' && { key }) } } };
  return { ...declared, spec: { ...declared.spec, auth }, needs: [] };
}

/**
 * Finds the rows that declared integrations would adopt, by project and alias, as the operator does. What an operator
 * manages already is taken out.
 */
export function matchRows({ declared, skipped }: Imported, rows: readonly ObservedSetting[]): Imported {
  const result: Imported = { declared: [], skipped: [...skipped] };
  for (const each of declared) {
    const { project, alias } = each.from;
    const found = rows.filter((row) => row.project === project && row.alias === alias);
    if (found.some(isManaged)) result.skipped.push(managed(each.from));
    else if (found.length > 1) result.skipped.push({ project, alias, why: severalRows });
    else result.declared.push({ ...each, from: { ...each.from, ...(found[0] && { id: found[0].id }) } });
  }
  return result;
}
