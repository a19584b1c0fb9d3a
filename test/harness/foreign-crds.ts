import { globSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { run } from '../../scripts/image/command.ts';

/** A Go module that contains the CRDs of its kinds, at one version whose bytes are known. */
interface CrdModule {
  path: string;
  version: string;
  /** What `go.sum` would say of it. */
  sum: string;
  files: readonly string[];
}

const sources = ['buckets', 'externalartifacts', 'gitrepositories', 'helmcharts', 'ocirepositories'];

const modules: readonly CrdModule[] = [
  {
    path: 'github.com/fluxcd/kustomize-controller',
    version: 'v1.9.6',
    sum: 'h1:XB+G3A0mky0j5uVHZWv4oSlS2RvZBoNIUhstIvY0JKE=',
    files: ['config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml'],
  },
  {
    path: 'github.com/fluxcd/helm-controller',
    version: 'v1.6.3',
    sum: 'h1:MSiDP/s8xRSkO3g11vBiDStxfmJ5ZVdwDEpW7BSE/UA=',
    files: ['config/crd/bases/helm.toolkit.fluxcd.io_helmreleases.yaml'],
  },
  {
    path: 'github.com/fluxcd/source-controller',
    version: 'v1.9.0',
    sum: 'h1:5msg2yyjVYDULZos+2ve8MZzcSqTpusiXmrOeBhc9yY=',
    files: sources.map((plural) => `config/crd/bases/source.toolkit.fluxcd.io_${plural}.yaml`),
  },
  {
    path: 'github.com/bitnami-labs/sealed-secrets',
    version: 'v0.40.0',
    sum: 'h1:rvCP35JL8ZV5LNA2SrwNR6iLyoM3ulrSFWN0lBtYEYI=',
    files: ['helm/sealed-secrets/crds/bitnami.com_sealedsecrets.yaml'],
  },
  {
    path: 'github.com/hashicorp/vault-secrets-operator',
    version: 'v0.10.0',
    sum: 'h1:BjOTBJRqx1SLo7NeyqNJWRPDyfRscbqPtGU1U2LzArg=',
    files: ['config/crd/bases/secrets.hashicorp.com_vaultdynamicsecrets.yaml'],
  },
  {
    // Its kinds are of the cluster. The example uses those of namespaces, which came with 2.0.
    path: 'github.com/crossplane-contrib/provider-gitlab',
    version: 'v0.14.0',
    sum: 'h1:T//TeJuvFBHcVVcFimF7G2S4ENj5+Cw8TDi7Cpw/LYw=',
    files: ['package/crds/groups.gitlab.crossplane.io_accesstokens.yaml'],
  },
  {
    path: 'github.com/external-secrets/external-secrets',
    version: 'v1.3.2',
    sum: 'h1:u2J8RjlHIeF0oZCqtl92adI/uZWUwOesJIDkfql6LqQ=',
    files: [
      'config/crds/bases/external-secrets.io_externalsecrets.yaml',
      'config/crds/bases/generators.external-secrets.io_vaultdynamicsecrets.yaml',
    ],
  },
];

/** Large, and it needs a newer Go than the others, so that only the suite with Argo CD itself fetches it. */
const argoCd: CrdModule = {
  path: 'github.com/argoproj/argo-cd/v3',
  version: 'v3.6.1',
  sum: 'h1:OmhqeKiR3C//awbFrhQqFdtRI+Qiv17j8vqm3UkMj/g=',
  files: ['application', 'appproject'].map((kind) => `manifests/crds/${kind}-crd.yaml`),
};

const downloaded = z.object({ Dir: z.string(), Sum: z.string() });

/**
 * The files with the CRDs of the foreign kinds in the examples: real ones where a Go module contains them, and those
 * of `foreign-crds/`, which have the fields that the examples use. Needs Go, and the network once.
 *
 * @throws Error when a module is not the one that was pinned
 */
export async function foreignCrdFiles(): Promise<string[]> {
  const folder = join(import.meta.dirname, 'foreign-crds');
  const local = globSync('*.yaml', { cwd: folder }).map((file) => join(folder, file));
  const real = await Promise.all(modules.map(filesOf));
  return [...local, ...real.flat()];
}

/**
 * The files with the CRDs of Argo CD's Application and AppProject. Needs Go, and the network once.
 *
 * @throws Error when the module is not the one that was pinned
 */
export async function argoCdCrdFiles(): Promise<string[]> {
  return await filesOf(argoCd);
}

/**
 * The script of Argo CD's image that its repository server runs for each commit.
 *
 * @throws Error when the module is not the one that was pinned
 */
export async function argoCdVerifyScript(): Promise<string> {
  const [file = ''] = await filesOf({ ...argoCd, files: ['hack/git-verify-wrapper.sh'] });
  return file;
}

async function filesOf({ path, version, sum, files }: CrdModule): Promise<string[]> {
  const env = { GOWORK: 'off', GOFLAGS: '', GOTOOLCHAIN: 'auto' };
  const output = await run('go', ['mod', 'download', '-json', `${path}@${version}`], { env });
  const { Dir, Sum } = downloaded.parse(JSON.parse(output));
  if (Sum !== sum) throw new Error(`${path}@${version} is ${Sum}, not ${sum}.`);
  return files.map((file) => join(Dir, file));
}
