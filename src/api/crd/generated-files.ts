import { definitionYaml } from './definition.ts';
import { kinds } from './kinds.ts';
import { apiReference } from './reference.ts';

/** A file that is made from the schemas and kept in the repository. */
export interface GeneratedFile {
  /** Relative to the root of the repository. */
  path: string;
  content: string;
}

/** Where the Helm chart keeps its copy of the definitions. */
export const CHART_FOLDER = 'charts/codemie-git-operator';

/** All generated files. The same schemas give the same bytes. */
export function generatedFiles(options: { chart: boolean }): GeneratedFile[] {
  const definitions = kinds.map((kind) => ({
    name: `${kind.resource.plural}.yaml`,
    content: definitionYaml(kind),
  }));
  const into = (folder: string): GeneratedFile[] =>
    definitions.map(({ name, content }) => ({ path: `${folder}/${name}`, content }));
  return [
    ...into('crds'),
    ...(options.chart ? into(`${CHART_FOLDER}/files/crds`) : []),
    { path: 'docs/api-reference.md', content: apiReference(kinds) },
  ];
}
