import { createHash } from 'node:crypto';
import { stringify } from 'yaml';

/** The archive of a release of the command line, as `npm pack` makes it, and where people download it. */
export interface PluginArchive {
  /** Without a `v` in front. */
  version: string;
  bytes: Uint8Array;
  /** https URL of the archive. */
  uri: string;
  homepage: string;
}

/**
 * The manifest by which krew installs the command line as `kubectl codemie`:
 * https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/
 *
 * The archive is the npm package. Windows is left out: krew makes a link to the program there, and Windows starts no
 * script by its first line.
 */
export function krewManifest({ version, bytes, uri, homepage }: PluginArchive): string {
  const manifest = {
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: 'codemie' },
    spec: {
      version: `v${version}`,
      homepage,
      shortDescription: 'Check and explain Git integrations of CodeMie',
      description:
        'Checks manifests of Git integrations before the merge, says why one is not Ready, validates credentials\nagainst their provider, and declares integrations that were made by hand in CodeMie.\n',
      caveats:
        'Node.js 24 has to be in the PATH. For completion of names, link kubectl_complete-codemie to the plugin:\n  ln -s "$(command -v kubectl-codemie)" ~/.krew/bin/kubectl_complete-codemie\n',
      platforms: [
        {
          selector: { matchExpressions: [{ key: 'os', operator: 'In', values: ['linux', 'darwin'] }] },
          uri,
          sha256: createHash('sha256').update(bytes).digest('hex'),
          files: [{ from: 'package/*', to: '.' }],
          bin: 'codemie-git.mjs',
        },
      ],
    },
  };
  return stringify(manifest, { lineWidth: 0 });
}
