import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * The software bill of materials, SPDX 2.3 as JSON: the packages that the lock file has for production. It is read
 * from the lock file alone, so that neither what lies in `node_modules` nor the registry in use has a part in it.
 *
 * @throws Error when there is no npm, or it can't read the lock file
 */
export async function softwareBillOfMaterials(root: string): Promise<string> {
  const what = ['--package-lock-only', '--omit=dev', '--sbom-format=spdx', '--sbom-type=application'];
  const { stdout } = await promisify(execFile)('npm', ['sbom', ...what], {
    cwd: root,
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}
