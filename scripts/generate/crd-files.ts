import { kinds } from '../../src/api/kinds.ts';
import { apiReference } from './api-reference.ts';
import { definitionYaml } from './definition.ts';

/** A file that is made from the schemas and kept in the repository. */
export interface GeneratedFile {
  /** Relative to the root of the repository. */
  path: string;
  content: string;
}

/** Where the Helm chart is. */
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
    ...(options.chart ? definitions.map(chartTemplate) : []),
    { path: 'docs/api-reference.md', content: apiReference(kinds) },
  ];
}

/**
 * A definition as a template of the chart, so that an upgrade of a release upgrades it too; what is in a folder `crds/`
 * is never upgraded, see https://helm.sh/docs/chart_best_practices/custom_resource_definitions/. An uninstall keeps it,
 * and with it all objects of the kind.
 *
 * @throws TypeError when Helm would take a part of it for a template
 */
function chartTemplate({ name, content }: { name: string; content: string }): GeneratedFile {
  if (content.includes('{{')) throw new TypeError(`${name}: "{{" would be taken for a template`);
  const [note = '', ...lines] = content.trimEnd().split('\n');
  const body = lines.flatMap((line) =>
    line === '  annotations:' ? [...chartLabels, line, '    helm.sh/resource-policy: keep'] : [line],
  );
  return {
    path: `${CHART_FOLDER}/templates/crds/${name}`,
    content: `${[note, '{{- if .Values.crds.install }}', ...body, '{{- end }}'].join('\n')}\n`,
  };
}

const chartLabels = ['  labels:', '    {{- include "codemie-git-operator.labels" . | nindent 4 }}'];
