import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, makeOnce } from './cache.ts';
import { moduleFingerprint } from './go-module.ts';

const flags = ['-trimpath', '-mod=readonly', '-ldflags', '-s -w'];

/** Long enough for a slow network, if the dependencies are few. */
const usualTimeoutMs = 300_000;

/**
 * The path of the program whose Go module lies in `folder`, built when it is not in the cache. Its sources have to be
 * `main.go` and nothing else.
 *
 * @param timeoutMs of the build
 * @throws Error with what Go wrote, or when there is no Go
 */
export async function goProgram(folder: string, name: string, timeoutMs = usualTimeoutMs): Promise<string> {
  const fingerprint = await moduleFingerprint(folder, ['main.go'], flags);
  const made = await makeOnce(cacheFolder(name, fingerprint), async (draft) => {
    const env = { ...process.env, GOWORK: 'off', GOFLAGS: '', CGO_ENABLED: '0' };
    const args = ['build', ...flags, '-o', join(draft, name), '.'];
    await promisify(execFile)('go', args, { cwd: folder, env, timeout: timeoutMs });
  });
  return join(made, name);
}
