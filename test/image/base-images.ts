import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Buildah } from '../../scripts/image/buildah.ts';
import { run } from '../../scripts/image/command.ts';
import { unpackDebian } from '../harness/debian-tool.ts';

/** Values for the Dockerfile's ARGs of the same names. */
export type BaseImages = Record<'BUILD_IMAGE' | 'RUNTIME_IMAGE', string>;

/** Under a name that no registry has, so that it can't be mistaken for the real one. */
const standIns: BaseImages = {
  BUILD_IMAGE: 'localhost/stand-in/node-slim:24',
  RUNTIME_IMAGE: 'localhost/stand-in/distroless-nodejs24:nonroot',
};

/** What Node.js needs of a system, as in the distroless image for programs in C++. */
const runtimePackages = [
  'base-files',
  'libc6',
  'libgcc-s1',
  'libstdc++6',
  'ca-certificates',
  'netbase',
  'tzdata',
];
/** A shell for the steps of the Dockerfile, and `env` for npm. */
const shellPackages = ['dash', 'coreutils', 'libacl1', 'libattr1', 'libgmp10', 'libpcre2-8-0', 'libselinux1'];

const bundleInImage = '/etc/ssl/certs/ca-certificates.crt';
const searchPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const accounts = {
  '/etc/passwd':
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
  '/etc/group': 'root:x:0:\nnonroot:x:65532:\n',
};

/**
 * Makes stand-ins for the two base images where no registry of images can be reached: Debian's packages, and the
 * Node.js that runs this. The one to run on is laid out as distroless' is: no shell, no package manager, Node.js in
 * `/nodejs`, and 65532 as its user. They are for trying an image out, not for a release.
 *
 * @throws Error when the packages can't be fetched
 */
export async function createBaseImages(buildah: Buildah): Promise<BaseImages> {
  const folder = await mkdtemp(join(tmpdir(), 'base-images-'));
  try {
    const system = await unpackDebian(runtimePackages);
    const authorities = await authoritiesOf(system);
    const common = ['/', system] as const;
    const runtime = await write(join(folder, 'runtime'), { ...accounts, [bundleInImage]: authorities });
    await buildah.createFrom({
      image: standIns.RUNTIME_IMAGE,
      files: [common, ['/', runtime], ['/nodejs/bin/node', process.execPath]],
      config: [
        '--user=65532',
        '--workingdir=/home/nonroot',
        '--entrypoint=["/nodejs/bin/node"]',
        `--env=${searchPath}`,
        `--env=SSL_CERT_FILE=${bundleInImage}`,
      ],
    });
    // A network with a proxy that opens TLS has its own authority.
    const trusted = await readFile(process.env['NODE_EXTRA_CA_CERTS'] ?? '/dev/null', 'utf8');
    const build = await write(join(folder, 'build'), { ...accounts, [bundleInImage]: authorities + trusted });
    await mkdir(join(build, 'bin'));
    await symlink('dash', join(build, 'bin', 'sh'));
    await mkdir(join(build, 'usr', 'local', 'bin'), { recursive: true });
    await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(build, 'usr', 'local', 'bin', 'npm'));
    await buildah.createFrom({
      image: standIns.BUILD_IMAGE,
      files: [
        common,
        ['/', await unpackDebian(shellPackages)],
        ['/', build],
        ['/usr/local/bin/node', process.execPath],
        ['/usr/local/lib/node_modules/npm', await npmFolder()],
      ],
      config: [`--env=${searchPath}`, `--env=NODE_EXTRA_CA_CERTS=${bundleInImage}`],
    });
    return standIns;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Writes files below a folder, by their absolute paths in the image, and gives the folder. */
async function write(folder: string, files: Record<string, string>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

/** The folder of the npm that this machine has. */
async function npmFolder(): Promise<string> {
  const program = await run('/bin/sh', ['-c', 'readlink -f "$(command -v npm)"']);
  return dirname(dirname(program.trim()));
}

/** The file that Debian's ca-certificates makes of its certificates when it is installed. */
async function authoritiesOf(system: string): Promise<string> {
  const folder = join(system, 'usr', 'share', 'ca-certificates', 'mozilla');
  const files = (await readdir(folder)).toSorted();
  const certificates = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return certificates.join('');
}
