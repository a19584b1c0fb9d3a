import { join } from 'node:path';
import { cacheFolder, makeOnce } from '../../test/harness/cache.ts';
import { moduleFingerprint } from '../../test/harness/go-module.ts';
import { run } from '../image/command.ts';

const flags = ['-trimpath', '-mod=readonly', '-ldflags', '-s -w'];
const scripts = join(import.meta.dirname, '..');

/** The module that pins a tool, and its package there. */
const tools = {
  cosign: [join(scripts, 'release', 'go'), 'github.com/sigstore/cosign/v3/cmd/cosign'],
  crane: [join(scripts, 'release', 'go'), 'github.com/google/go-containerregistry/cmd/crane'],
  kubeconform: [join(scripts, 'schemas', 'go'), 'github.com/yannh/kubeconform/cmd/kubeconform'],
  'kustomize-controller': [
    join(scripts, '..', 'test', 'flux', 'go'),
    'github.com/fluxcd/kustomize-controller',
  ],
  argocd: [join(scripts, '..', 'test', 'argocd', 'go'), 'github.com/argoproj/argo-cd/v3/cmd'],
  actionlint: [join(scripts, 'actionlint'), 'github.com/rhysd/actionlint/cmd/actionlint'],
} as const;

/**
 * The path of a tool at the version that its `go.mod` pins, built with Go when it is not in the cache.
 *
 * @throws Error with what Go wrote, or when there is no Go
 */
export async function goTool(name: keyof typeof tools): Promise<string> {
  const [folder, path] = tools[name];
  const fingerprint = await moduleFingerprint(folder, [], [...flags, name]);
  const made = await makeOnce(cacheFolder(name, fingerprint), async (draft) => {
    const args = ['build', '-C', folder, ...flags, '-o', join(draft, name), path];
    // A module may ask for a newer Go than this machine's, which Go fetches like a module.
    const env = { GOWORK: 'off', GOFLAGS: '', GOTOOLCHAIN: 'auto', CGO_ENABLED: '0' };
    await run('go', args, { env });
  });
  return join(made, name);
}
