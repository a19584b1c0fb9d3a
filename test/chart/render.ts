import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { chartFolder, helm } from '../harness/helm.ts';

const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});

/** An object that the chart makes. */
export type Manifest = z.output<typeof manifest>;

/** The name that the documentation gives a release. */
export const release = 'codemie-git-operator';

/** What `helm template` says about values: the text of the objects, or why not. */
export async function template(
  values: object,
  { namespace = 'codemie-system', release: name = release }: { namespace?: string; release?: string } = {},
) {
  return await helm(['template', name, chartFolder, '--namespace', namespace, '--values', '-'], {
    // JSON is YAML in which a text stays a text.
    input: JSON.stringify(values),
  });
}

/** The objects that the chart makes of values. Throws what helm says when it refuses them. */
export async function render(values: object = {}): Promise<Manifest[]> {
  const { code, stdout, stderr } = await template(values);
  if (code !== 0) throw new Error(stderr);
  return manifestsOf(stdout);
}

/** The objects in a text of YAML documents. */
export function manifestsOf(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as unknown)
    .filter((value) => value !== null)
    .map((value) => manifest.parse(value));
}

const deployment = z.object({
  spec: z.object({
    template: z.object({
      spec: z.looseObject({
        containers: z
          .array(
            z.looseObject({
              image: z.string(),
              args: z.array(z.string()),
              env: z.array(z.looseObject({ name: z.string() })),
            }),
          )
          .length(1),
      }),
    }),
  }),
});

/** The Deployments among objects by name: the spec of their Pods and the operator's container. */
export function deploymentsOf(objects: readonly Manifest[]) {
  const found = objects.filter(({ kind }) => kind === 'Deployment');
  return new Map(
    found.map((object) => {
      const pod = deployment.parse(object).spec.template.spec;
      const [container] = pod.containers;
      if (!container) throw new Error(`${object.metadata.name} has no container.`);
      return [object.metadata.name, { pod, container }] as const;
    }),
  );
}
