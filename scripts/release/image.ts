import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { argumentsOfDockerfile, buildImage, origin } from '../image/build-image.ts';
import { run } from '../image/command.ts';
import { findImageBuilder } from '../image/find-image-builder.ts';
import { places } from './places.ts';
import { goTool } from './tools.ts';

/** What is built of which checkout. */
interface Release {
  root: string;
  version: string;
  /** A folder for files that are not kept. */
  work: string;
  log: (line: string) => void;
}

/** The signature of the base, https://github.com/GoogleContainerTools/distroless#how-do-i-verify-distroless-images. */
const signatureOfBase = [
  '--certificate-oidc-issuer=https://accounts.google.com',
  '--certificate-identity=keyless@distroless.iam.gserviceaccount.com',
];

/**
 * Builds the image for both platforms with BuildKit, with provenance and a bill of materials of the whole image, on bases
 * that are pinned by their present digests, and pushes it. The login is `REGISTRY_USER` and `REGISTRY_TOKEN`.
 *
 * @throws Error when a step fails, or the base is not signed by those who make it
 */
export async function publishImage(image: string, { root, version, work, log }: Release): Promise<string> {
  await login();
  const crane = await goTool('crane');
  const bases = await argumentsOfDockerfile();
  const pinned = await Promise.all(
    Object.entries(bases).map(async ([name, base]) => {
      const digest = (await run(crane, ['digest', base])).trim();
      return [name, `${base.replace(/:[^:/]+$/, '')}@${digest}`] as const;
    }),
  );
  const runtime = pinned.find(([name]) => name === 'RUNTIME_IMAGE')?.[1] ?? '';
  await run(await goTool('cosign'), ['verify', ...signatureOfBase, runtime]);
  const args = Object.entries({ ...Object.fromEntries(pinned), VERSION: version, ...(await origin()) });
  const metadata = join(work, 'image.json');
  await run('docker', ['buildx', 'create', '--use', '--driver', 'docker-container']);
  await run(
    'docker',
    [
      'buildx',
      'build',
      '--platform=linux/amd64,linux/arm64',
      '--provenance=mode=max',
      '--sbom=true',
      ...args.map(([name, value]) => `--build-arg=${name}=${value}`),
      `--metadata-file=${metadata}`,
      `--tag=${image}`,
      '--push',
      root,
    ],
    { onLine: log },
  );
  return z
    .object({ 'containerimage.digest': z.string() })
    .parse(JSON.parse(await readFile(metadata, 'utf8')))['containerimage.digest'];
}

async function login(): Promise<void> {
  const { REGISTRY_USER: user, REGISTRY_TOKEN: token } = process.env;
  if (!user || !token) throw new Error('REGISTRY_USER and REGISTRY_TOKEN have to be set.');
  const args = ['login', places.registry, '--username', user, '--password-stdin'];
  await run('docker', args, { input: token });
}

/** Builds the image for this machine, as `npm run image` does, and pushes it to a registry on this machine. */
export async function pushLocalImage(image: string, log: (line: string) => void): Promise<string> {
  const builder = await findImageBuilder();
  const { image: built } = await buildImage(builder, log);
  await builder.pushLocally(built, image);
  return (await run(await goTool('crane'), ['digest', '--insecure', image])).trim();
}
