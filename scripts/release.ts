import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { chartFolder } from '../test/harness/helm.ts';
import { runTool } from '../test/harness/kube-tools.ts';
import { run } from './image/command.ts';
import { publishImage, pushLocalImage } from './release/image.ts';
import { releaseNotes } from './release/notes.ts';
import { places } from './release/places.ts';
import { startRegistry } from './release/registry.ts';
import { keylessSigner, localSigner, type Signer } from './release/signing.ts';

/**
 * `npm run release`: publishes image and chart of the tag that is checked out, signs and verifies them, and makes the
 * release on GitHub. Meant for .github/workflows/release.yml. With `-- --dry-run` it does the same on this machine: to
 * a local registry, with a temporary key, for this machine's platform, and without GitHub.
 */
const root = join(import.meta.dirname, '..');

/** Where a release goes. */
interface Target {
  registry: string;
  signer: Signer;
  /** Pushes the image under a name. Gives its digest. */
  pushImage(name: string): Promise<string>;
  /** Further arguments of `helm push`. */
  helmPush: string[];
}

const print = (line: string): void => console.log(line);

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) return print('npm run release [-- --dry-run]\n\nSee docs/releasing.md.');
  const work = await mkdtemp(join(tmpdir(), 'release-'));
  try {
    await (values['dry-run'] ? dryRun(work) : release(work));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function release(work: string): Promise<void> {
  const { version, notes } = await prepare({ orUnreleased: false });
  const tag = (await run('git', ['-C', root, 'describe', '--exact-match', '--tags', 'HEAD'])).trim();
  if (tag !== `v${version}`) throw new Error(`The tag is ${tag}, but package.json has version ${version}.`);
  if ((await run('git', ['-C', root, 'status', '--porcelain'])) !== '')
    throw new Error('The checkout has changes that are not committed.');
  const artifacts = await publish(version, work, {
    registry: places.registry,
    signer: keylessSigner(),
    pushImage: (name) => publishImage(name, { root, version, work, log: print }),
    helmPush: [],
  });
  await writeFile(join(work, 'notes.md'), notes);
  print('Making the release on GitHub.');
  const files = [artifacts.chartFile, artifacts.sbom];
  await run('gh', [
    'release',
    'create',
    tag,
    '--verify-tag',
    '--title',
    tag,
    '--notes-file',
    join(work, 'notes.md'),
    ...files,
  ]);
  const outputs = process.env['GITHUB_OUTPUT'];
  if (outputs)
    await appendFile(
      outputs,
      `image=${artifacts.image}\nimage-digest=${artifacts.imageDigest}\nchart=${artifacts.chart}\nchart-digest=${artifacts.chartDigest}\n`,
    );
}

async function dryRun(work: string): Promise<void> {
  const { version, notes } = await prepare({ orUnreleased: true });
  print(`Dry run for ${version}: nothing leaves this machine.`);
  const registry = await startRegistry();
  try {
    const signer = await localSigner(join(work, 'keys'), 'release');
    const artifacts = await publish(version, work, {
      registry: registry.host,
      signer,
      pushImage: (name) => pushLocalImage(name, print),
      helmPush: ['--plain-http'],
    });
    const stranger = await localSigner(join(work, 'keys'), 'stranger');
    await stranger.verify(artifacts.signedImage).then(
      () => {
        throw new Error('A signature was accepted for the key of a stranger.');
      },
      () => print("Verifying with a stranger's key fails, as it should."),
    );
    print(`The notes of the release would be ${notes.split('\n').length} lines of the changelog.`);
    print('Not done in a dry run: the image for the other platform, provenance, the release on GitHub.');
  } finally {
    await registry.stop();
  }
}

/** What can be known before anything is built. */
async function prepare(options: { orUnreleased: boolean }): Promise<{ version: string; notes: string }> {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const changelog = await readFile(join(root, 'CHANGELOG.md'), 'utf8');
  return { version, notes: releaseNotes(changelog, version, options) };
}

/** Builds, pushes, signs and verifies image and chart. */
async function publish(version: string, work: string, target: Target) {
  const image = `${target.registry}/${places.imageRepository}`;
  print(`Image: ${image}:${version}`);
  const imageDigest = await target.pushImage(`${image}:${version}`);
  print(`  pushed as ${imageDigest}`);

  print('Bill of materials');
  await run(process.execPath, [join(root, 'scripts', 'build.ts')]);
  const sbom = join(root, 'dist', 'sbom.spdx.json');
  const { packages } = z
    .object({ packages: z.array(z.unknown()) })
    .parse(JSON.parse(await readFile(sbom, 'utf8')));
  print(`  ${packages.length} packages`);

  const charts = `${target.registry}/${places.chartFolder}`;
  const chart = `${charts}/codemie-git-operator`;
  print(`Chart: oci://${chart}:${version}`);
  await mkdir(join(work, 'chart'));
  await helm(['package', chartFolder, '--destination', join(work, 'chart')]);
  const chartFile = join(work, 'chart', `codemie-git-operator-${version}.tgz`);
  const pushed = await helm(['push', chartFile, `oci://${charts}`, ...target.helmPush]);
  const chartDigest = /sha256:[0-9a-f]{64}/.exec(pushed)?.[0];
  if (chartDigest === undefined) throw new Error(`helm push named no digest: ${pushed}`);
  print(`  pushed as ${chartDigest}`);

  const signedImage = `${image}@${imageDigest}`;
  print('Signatures');
  for (const artifact of [signedImage, `${chart}@${chartDigest}`]) {
    await target.signer.sign(artifact);
    await target.signer.verify(artifact);
    print(`  ${artifact}: signed and verified`);
  }
  await target.signer.attest(signedImage, 'spdxjson', sbom);
  await target.signer.verifyAttestation(signedImage, 'spdxjson');
  print('  the bill of materials is attested to the image, and verified');
  return { image, imageDigest, signedImage, chart, chartDigest, chartFile, sbom };
}

/** Runs helm with the login that docker has left in the home folder. It says on standard error what it has pushed. */
async function helm(args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runTool('helm', { args, env: { HOME: homedir() } });
  if (code !== 0) throw new Error(`helm ${args[0]}: ${stderr}`);
  return stdout + stderr;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
