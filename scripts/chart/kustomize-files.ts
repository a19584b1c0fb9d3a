import { chartFolder, helm } from '../../test/harness/helm.ts';
import type { GeneratedFile } from '../generate/crd-files.ts';

const note = '# Made by `npm run generate` from the chart. Do not edit.';

/** What says that Helm manages an object, one line each. */
const ofHelm = /^ +(helm\.sh\/(chart|resource-policy): .*|app\.kubernetes\.io\/managed-by: Helm)\n/gm;

/**
 * The Kustomize bases `config/crd` and `config/operator`: what the chart makes of its defaults, a file for each
 * template.
 *
 * @throws Error with what Helm says when it cannot render the chart
 */
export async function kustomizeFiles(): Promise<GeneratedFile[]> {
  const args = ['template', 'codemie-git-operator', chartFolder, '--namespace', 'codemie-system'];
  const { code, stdout, stderr } = await helm(args);
  if (code !== 0) throw new Error(`helm template: ${stderr}`);
  const texts = new Map<string, string[]>();
  for (const document of stdout.replace(ofHelm, '').split(/^---\n/m)) {
    const [, path = '', text = ''] = /^# Source: [^/]+\/templates\/(\S+)\n(.*)$/s.exec(document) ?? [];
    if (path !== '') texts.set(path, [...(texts.get(path) ?? []), text.replace(/^# Made by .*\n/m, '')]);
  }
  const all = [...texts].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const isDefinition = ([path]: [string, string[]]): boolean => path.startsWith('crds/');
  return [
    ...base('config/crd', all.filter(isDefinition)),
    ...base(
      'config/operator',
      all.filter((each) => !isDefinition(each)),
    ),
  ];
}

function base(folder: string, sources: [path: string, texts: string[]][]): GeneratedFile[] {
  const files = sources.map(([path, texts]) => ({
    name: path.replace(/^.*\//, ''),
    content: `${note}\n${texts.map((text) => text.trimEnd()).join('\n---\n')}\n`,
  }));
  const resources = files.map(({ name }) => `  - ${name}\n`).join('');
  const kustomization = `${note}\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n${resources}`;
  return [
    ...files.map(({ name, content }) => ({ path: `${folder}/${name}`, content })),
    { path: `${folder}/kustomization.yaml`, content: kustomization },
  ];
}
